"""``inspector calibrate thresholds``: from a bundle and labelled frames to an operating point that says which miss rate holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from engines.bundle import Bundle, read_bundle
from engines.data.dataset import open_dataset
from engines.data.split import Split, write_split
from tests.cli.command import one_line_of
from tests.cli.folded import say_trained_on, write_folds
from tests.cli.in_process import inspector
from tests.tiny_bundle import CLASSES, frame_with

DEFECTIVE, CLEAN = 60, 30


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames for the tiny bundle: defects are bright squares of grey 185 and more, half of the clean frames have a bright speck."""
    folder = tmp_path_factory.mktemp("calibrate") / "data"
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    for i in range(DEFECTIVE + CLEAN):
        defective = i < DEFECTIVE
        squares = [(185 + i % 10, 4 + i % 5)] if defective else [(181, 1)] if i % 2 == 0 else []
        frame = frame_with(squares)
        mask = np.where(frame > 150, 2, 0).astype(np.uint8) if defective else np.zeros_like(frame)
        cv2.imwrite(str(folder / "images" / f"{i:03d}.png"), frame)
        cv2.imwrite(str(folder / "masks" / f"{i:03d}.png"), mask)
    described = f"name: squares\nclasses: [{', '.join(CLASSES)}]\nkind: masks\nmask_style: bitmask\ngroups: none\n"
    (folder / "dataset.yaml").write_text(described, encoding="utf-8")
    return folder


@pytest.fixture
def own(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    """A copy of the tiny bundle to write to."""
    shutil.copytree(tiny_bundle.path, tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture
def split(data: Path, tmp_path: Path) -> Path:
    """Two thirds of the frames to calibrate on, the rest to learn from."""
    dataset = open_dataset(data)
    names = [frame.name for frame in dataset.frames]
    parts = {"calibration": tuple(n for i, n in enumerate(names) if i % 3), "training": tuple(names[::3])}
    write_split(Split(parts, ""), dataset, tmp_path / "split.csv")
    return tmp_path / "split.csv"


def test_a_target_that_is_met_goes_into_the_bundle(own: Path, data: Path, split: Path) -> None:
    before = read_bundle(own)
    told = json.loads(
        inspector(
            "calibrate", "thresholds", own, data, "--split", split, "--miss-rate", "0.08", "--cost-miss", "50", "--cost-false-scrap", "1",
            "--write", "--json",
        ).stdout
    )  # fmt: skip
    after = read_bundle(own)
    point, chosen = after.operating_point, after.operating_point.chosen
    assert after.id == before.id  # nothing was rebuilt
    assert point.id == told["operating_point"]["id"] != before.operating_point.id
    assert point.version == before.operating_point.version + 1
    # Between the brightest speck of a clean frame and the faintest defect.
    assert 181 / 255 < point.gate_threshold <= 185 / 255
    assert told["met"]
    assert chosen["gate"]["missed_units"] == 0
    assert chosen["gate"]["units"] == 40
    assert chosen["gate"]["bound"] == pytest.approx(1 - 0.05 ** (1 / 40), abs=1e-5)
    assert chosen["data"]["id"] == open_dataset(data).id
    assert (chosen["part"], chosen["frames"]["clean"]) == ("calibration", 20)
    assert chosen["date"].startswith("20")
    assert told["figures"]["clean_frames_marked"] == {"pipeline": 0, "segmenter_alone": 0, "of": 20}
    assert told["figures"]["pixel_dice_defective_frames"] == 1.0
    assert [row["missed"] for row in told["curve"]] == sorted(row["missed"] for row in told["curve"])
    assert told["cheapest"]["cost_per_1000"] == 0.0
    assert told["figures"]["dice_where_present"]["dark"] == {"dice": None, "frames": 0}  # JSON knows no NaN
    assert json.loads(inspector("bundle", "show", own, "--json").stdout)["operating_point"] == point.id
    assert inspector("bundle", "verify", own, "--precision", "f32").returncode == 0


def test_a_target_that_is_not_met_says_what_it_takes(own: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "point.yaml"
    finished = inspector("calibrate", "thresholds", own, data, "--keep-masks", "--out", out)
    assert finished.returncode == 1
    (line,) = finished.stderr.strip().splitlines()
    assert "not met: at most 1 % of defective frames lost, with 95 % confidence" in line
    assert "0 of 60 defective frames missed allows no more than 4.87 %" in line
    assert "299 defective frames would be needed with none missed" in line
    assert "--miss-rate 0.049, or add --allow-weaker" in line
    assert not out.exists()
    assert (
        inspector("calibrate", "thresholds", own, data, "--keep-masks", "--out", out, "--allow-weaker").returncode == 0
    )
    point = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert point["chosen"]["gate"]["met"] is False
    assert point["mask_thresholds"] == read_bundle(own).operating_point.mask_thresholds
    assert (
        inspector("calibrate", "thresholds", own, data, "--keep-masks", "--out", out, "--miss-rate", "0.049").returncode
        == 0
    )


def test_other_targets_and_metrics(own: Path, data: Path, tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    finished = inspector(
        "calibrate", "thresholds", own, data, "--method", "conformal", "--miss-rate", "0.05", "--by-size", "--size-cap-px", "80", "--metric", "recall",
        "--false-defects", "0.2", "--thresholds", "0.3,0.6", "--areas", "1,9", "--curve", curve, "--json",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    assert told["met"]
    assert "area (at most 80 px a frame) lost, on average (conformal)" in told["summary"]
    assert told["operating_point"]["chosen"]["masks"]["thresholds_tried"] == [0.3, 0.6]
    assert told["operating_point"]["mask_thresholds"]["bright"] == 0.3  # 185 has the probability 0.56
    assert curve.read_text(encoding="utf-8").splitlines()[0].startswith("threshold,missed,miss_rate,bound")


def test_fold_models_are_run_on_their_folds(own: Path, tiny_bundle: Bundle, data: Path, tmp_path: Path) -> None:
    split, folds = write_folds(tiny_bundle, data, tmp_path)
    ids = {name: read_bundle(folds / name).id for name in ("fold-0", "fold-1")}
    arguments = ("calibrate", "thresholds", own, data, "--split", split, "--folds", folds)
    finished = inspector(*arguments, "--miss-rate", "0.05", "--write", "--json")
    assert finished.returncode == 0, finished.stderr
    told, chosen = json.loads(finished.stdout), read_bundle(own).operating_point.chosen
    assert (chosen["part"], chosen["folds"]) == (None, ids)
    assert (chosen["gate"]["units"], chosen["frames"]["clean"]) == (DEFECTIVE, CLEAN)
    alone = json.loads(inspector("calibrate", "thresholds", own, data, "--miss-rate", "0.05", "--json").stdout)
    assert told["figures"] == alone["figures"]  # the fold models answer as the bundle does
    dataset = open_dataset(data)
    say_trained_on(folds / "fold-1", dataset.id, chosen["split"], ["fold-0", "fold-1"])
    assert "learnt from part 'fold-1'; train a model for each fold, without it" in one_line_of(inspector(*arguments))
    shutil.rmtree(folds / "fold-1")
    assert "no such bundle; every fold needs one: `inspector train --fold 1`" in one_line_of(inspector(*arguments))
    assert (
        "give the split file" in one_line_of(inspector("calibrate", "thresholds", own, data, "--folds", folds)).lower()
    )


def test_mistakes_are_told_in_one_line(own: Path, data: Path, split: Path, tmp_path: Path) -> None:
    def refused(*arguments: str | Path) -> str:
        return one_line_of(inspector("calibrate", "thresholds", *arguments))

    assert "the networks are trained on these frames" in refused(own, data, "--split", split, "--part", "training")
    assert "no part 'validation'; it has" in refused(own, data, "--split", split, "--part", "validation")
    assert "--split: has the parts calibration, training, but no folds" in refused(
        own, data, "--split", split, "--folds", own
    )
    assert "--metric: 'iou' is not known" in refused(own, data, "--metric", "iou")
    assert "between 0 and 1" in refused(own, data, "--miss-rate", "0")
    assert "give both" in refused(own, data, "--cost-miss", "3")
    assert "frames are 32x48; those of the bundle demo" in refused("demo", data)
    assert "expected whole numbers of pixels" in refused(own, data, "--areas", "1;2")
    manifest = yaml.safe_load((own / "bundle.yaml").read_text(encoding="utf-8"))
    manifest["training"] = {"networks": {"gate": {"data_id": open_dataset(data).id, "split_id": "another"}}}
    (own / "bundle.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    assert "was trained with split another, this is" in refused(own, data, "--split", split)
    assert "give the split file" in refused(own, data)


def test_an_engine_that_answers_nan_cannot_be_calibrated(data: Path, tmp_path: Path) -> None:
    from tests.tiny_bundle import make_tiny_bundle

    odd = make_tiny_bundle(tmp_path / "odd", gate_nan_at=188)
    assert "png: the gate gave nan, which is not a probability" in one_line_of(
        inspector("calibrate", "thresholds", odd.path, data, "--keep-masks")
    )


def test_the_reference_for_the_drift_watch_is_weighted_by_the_defect_rate(own: Path, data: Path) -> None:
    """30 clean frames and 60 defective ones: at a rate of one half each clean one counts for two."""
    done = inspector(
        "calibrate", "thresholds", own, data, "--write", "--allow-weaker", "--keep-masks", "--defect-rate", "0.5"
    )
    assert done.returncode == 0, done.stderr
    point = read_bundle(own).operating_point
    reference = point.reference_of("any")
    assert reference is not None
    assert reference.frames == DEFECTIVE + CLEAN
    assert reference.equal_frames == pytest.approx(80, abs=0.1)
    few = inspector("calibrate", "thresholds", own, data, "--write", "--allow-weaker", "--keep-masks")
    assert few.returncode == 0
    assert "too few clean frames for a reference" in few.stderr
    again = read_bundle(own).operating_point
    assert again.reference is None, "30 frames have 95 % of the weight"
    assert again.id == point.id


def test_a_camera_has_a_reference_of_its_own_recorded_frames(own: Path, data: Path, tmp_path: Path) -> None:
    before = read_bundle(own).operating_point
    done = inspector("reference", own, data / "images", "--camera", "left", "--write")
    assert done.returncode == 0, done.stderr
    point = read_bundle(own).operating_point
    assert point.id == before.id
    assert point.reference_of("left").frames == DEFECTIVE + CLEAN
    assert point.reference_of("right") is None
    kept = inspector("calibrate", "thresholds", own, data, "--write", "--allow-weaker", "--keep-masks")
    assert kept.returncode == 0
    assert set(read_bundle(own).operating_point.camera_references) == {"left"}, "calibrating leaves it"
    shown = inspector("reference", own, data / "images", "--json")
    assert json.loads(shown.stdout)["reference"]["frames"] == DEFECTIVE + CLEAN
    assert read_bundle(own).operating_point.reference is None, "nothing is written unasked"
    (tmp_path / "few").mkdir()
    shutil.copy(data / "images" / "000.png", tmp_path / "few")
    few = inspector("reference", own, tmp_path / "few", "--write")
    assert few.returncode == 2
    assert "1 frames can be used and 0 cannot; a reference needs 40" in few.stderr
    assert "is no name of a camera" in inspector("reference", own, data / "images", "--camera", "a b").stderr
    over = inspector("reference", own, data / "images", "--out", data / "images" / "000.png")
    assert "is the frame 000.png" in over.stderr
