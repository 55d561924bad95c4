"""``inspector bundle build``: two files of weights become a bundle that loads, or one line says why not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="needs the training extra")
pytest.importorskip("onnxscript", reason="needs the training extra")

from engines.bundle import read_bundle  # noqa: E402
from engines.data.dataset import open_dataset  # noqa: E402
from engines.data.split import make_split, read_split, write_split  # noqa: E402
from engines.errors import DataError, EngineError  # noqa: E402
from engines.networks.spec import NetworkSpec  # noqa: E402
from engines.training.weights import load_weights  # noqa: E402
from inspector.bundles.build import Built, build_bundle  # noqa: E402
from inspector.bundles.request import BuildRequest  # noqa: E402
from inspector.cli.app import app  # noqa: E402
from inspector.errors import UserError  # noqa: E402
from tests.cli.command import inspector, one_line_of  # noqa: E402
from tests.cli.folded import say_trained_on  # noqa: E402
from tests.engines.export.weights import calm, trained, write  # noqa: E402
from tests.engines.training.labelled import CLASSES, HEIGHT, WIDTH, write_frames  # noqa: E402

GATE = NetworkSpec(architecture="lite0-gate", stages=3)
SEGMENTER = NetworkSpec(architecture="lite0-unet", stages=3, decoder_widths=(16, 8))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Frames, a split, and weights that claim to be trained on them."""
    folder = tmp_path_factory.mktemp("build")
    data = write_frames(folder / "data", each=6)
    dataset = open_dataset(data)
    split = make_split(dataset, {"training": 0.4, "calibration": 0.3, "validation": 0.3}, 1)
    write_split(split, dataset, folder / "split.csv")
    split_id = read_split(folder / "split.csv", dataset).id
    ids = {"data_id": dataset.id, "split_id": split_id}
    gate = write(trained("gate", GATE, CLASSES, (HEIGHT, WIDTH), **ids), folder / "gate.pt")
    segmenter = write(calm(trained("segmenter", SEGMENTER, CLASSES, (HEIGHT, WIDTH), **ids)), folder / "segmenter.pt")
    return {"data": data, "split": folder / "split.csv", "gate": gate, "segmenter": segmenter, "id": dataset.id}


@pytest.mark.timeout(180)
def test_a_bundle_is_built_and_loads(made: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "bars"
    arguments = [made["gate"], made["segmenter"], "--data", made["data"], "--split", made["split"], "--out", out]
    # In this process: another one would only load torch again.
    finished = CliRunner().invoke(app, ["bundle", "build", *map(str, arguments), "--golden", "3", "--json"])
    assert finished.exit_code == 0, finished.output
    told = json.loads(finished.stdout)
    bundle = read_bundle(out)
    assert told["id"] == bundle.id
    assert (bundle.classes, bundle.height, bundle.width) == (CLASSES, HEIGHT, WIDTH)
    assert bundle.manifest.training["networks"]["gate"]["data_id"] == made["id"]
    chosen = bundle.operating_point.chosen
    assert (chosen["part"], chosen["data"]["id"], chosen["gate"]["met"]) == ("calibration", made["id"], False)
    assert list(told["figures"]) == ["calibration", "validation"]
    card = (out / "card.md").read_text(encoding="utf-8")
    assert "lite0-gate" in card
    assert "not met: at most 1 % of defective frames lost" in card
    assert "torch in float32 against the graphs" in card
    assert [path.name for path in tmp_path.iterdir()] == ["bars"]
    assert inspector("bundle", "verify", out, "--precision", "f32").returncode == 0
    again = inspector("bundle", "build", *arguments)
    assert "is there already; give a new directory" in one_line_of(again)
    # The split that training used, and no other, may calibrate it anew.
    assert "give the split file" in one_line_of(inspector("calibrate", "thresholds", out, made["data"], "--keep-masks"))
    calibrated = inspector(
        "calibrate",
        "thresholds",
        out,
        made["data"],
        "--split",
        made["split"],
        "--keep-masks",
        "--write",
        "--miss-rate",
        "0.5",
    )
    assert calibrated.returncode == 0, calibrated.stderr
    assert read_bundle(out).operating_point.version == 2


@pytest.mark.timeout(180)
def test_fold_models_calibrate_a_bundle_that_knows_all_frames(made: dict[str, Any], tmp_path: Path) -> None:
    dataset = open_dataset(made["data"])
    split = tmp_path / "folds.csv"
    write_split(make_split(dataset, {"fold-0": 0.5, "fold-1": 0.5}, 1), dataset, split)
    ids = {"data_id": dataset.id, "split_id": read_split(split, dataset).id}

    def wanted(name: str, *parts: str, **more: Any) -> BuildRequest:
        gate = replace(trained("gate", GATE, CLASSES, (HEIGHT, WIDTH), **ids), trained_on=parts)
        segmenter = replace(calm(trained("segmenter", SEGMENTER, CLASSES, (HEIGHT, WIDTH), **ids)), trained_on=parts)
        paths = write(gate, tmp_path / "gate.pt"), write(segmenter, tmp_path / "segmenter.pt")
        return BuildRequest(
            *paths, made["data"], split, tmp_path / name, "bars", golden_frames=2, precision="f32", **more
        )

    def build(one: BuildRequest) -> Built:
        return build_bundle(one, lambda what, total: lambda done: None)

    with pytest.raises(DataError, match=r"learnt from part 'fold-0'$"):
        build(wanted("folds/fold-0", "fold-0", part="fold-0"))
    (tmp_path / "folds").mkdir()
    fold_model = build(wanted("folds/fold-0", "fold-1", part="fold-0")).bundle
    shutil.copytree(tmp_path / "folds" / "fold-0", tmp_path / "folds" / "fold-1")
    say_trained_on(tmp_path / "folds" / "fold-1", dataset.id, ids["split_id"], ["fold-0"])
    golden = write_frames(tmp_path / "golden", each=1)
    folds = tmp_path / "folds"
    built = build(
        wanted("all", "fold-0", "fold-1", folds=folds, golden_data=golden, notes="## Ablation\nNothing helps.\n")
    )
    chosen = built.calibration.point.chosen
    assert (list(chosen["folds"]), chosen["folds"]["fold-0"]) == (["fold-0", "fold-1"], fold_model.id)
    assert sum(chosen["frames"][label] for label in ("clean", "defective")) == len(dataset.frames)
    card = (built.bundle.path / "card.md").read_text(encoding="utf-8")
    assert card.endswith("## Ablation\nNothing helps.\n")
    assert f"fold-0 {fold_model.id}" in card
    assert "The gate learnt from fold-0, fold-1" in card
    small = write_frames(tmp_path / "small", each=1)
    small.write_text(small.read_text(encoding="utf-8").replace(CLASSES[0], "other"), encoding="utf-8")
    with pytest.raises(DataError, match=r"bars: classes are other, .*; those of the networks are"):
        build(wanted("else", "fold-0", folds=folds, golden_data=small))


def test_mistakes_are_told_in_one_line(made: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "out"

    def refused(gate: Path, segmenter: Path, split: Path | None = None, name: str = "bars") -> str:
        with pytest.raises((UserError, DataError)) as caught:
            build_bundle(
                BuildRequest(gate, segmenter, made["data"], split, out, name), lambda what, total: lambda done: None
            )
        assert not out.exists()
        return str(caught.value)

    gate, segmenter = made["gate"], made["segmenter"]
    assert "holds a segmenter, expected a gate" in refused(segmenter, gate)
    assert "without a split nothing says on which" in refused(gate, segmenter)
    other = write(trained("gate", GATE, CLASSES, (HEIGHT, WIDTH), data_id=made["id"], split_id="x"), tmp_path / "o.pt")
    assert "was trained with split x" in refused(other, segmenter, made["split"])
    small = write(trained("gate", GATE, CLASSES, (32, 32)), tmp_path / "s.pt")
    assert f"those of {tmp_path / 's.pt'} are 32x32" in refused(small, segmenter)
    foreign = write(trained("gate", GATE, ("a", "b"), (HEIGHT, WIDTH)), tmp_path / "f.pt")
    assert f"those of {tmp_path / 'f.pt'} are a, b" in refused(foreign, segmenter)
    assert refused(gate, segmenter, name="a b").startswith("--name: found 'a b'; expected letters")
    assert "cannot be read" in refused(tmp_path / "none.pt", segmenter)


@pytest.mark.timeout(180)
def test_weights_that_half_precision_breaks_make_no_bundle(made: dict[str, Any], tmp_path: Path) -> None:
    """Parity is a gate: logits just below the threshold's, which half precision takes for equal to it."""
    weights = load_weights(made["segmenter"])
    weights.state["head.weight"] *= 0.0
    weights.state["head.bias"] = torch.full_like(weights.state["head.bias"], -2e-8)
    broken = write(weights, tmp_path / "broken.pt")
    wanted = BuildRequest(made["gate"], broken, made["data"], made["split"], tmp_path / "out", "bars", golden_frames=2)
    with pytest.raises(EngineError, match=r"do not answer as torch does: .*masks agree on 0\.000%"):
        build_bundle(wanted, lambda what, total: lambda done: None)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.pt"]
