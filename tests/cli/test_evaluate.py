"""``inspector evaluate`` as a user runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engines.bundle import Bundle
from tests.cli.command import one_line_of
from tests.cli.folded import write_folds
from tests.cli.in_process import inspector
from tests.evaluate.tiny_data import BRIGHT, SIX, write_data


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


def split_file(data: Path, parts: dict[str, str]) -> Path:
    """A split that puts each of the six frames into a part."""
    classes = ("", "bright", "dark", "", "bright", "dark")
    rows = [f"{name},{name},{part},{classes[int(name[1:3])]}" for name, part in parts.items()]
    path = data.parent / "split.csv"
    path.write_text("\n".join(["name,group,part,classes", *rows]) + "\n")
    return path


def test_tables_and_report(tiny_bundle: Bundle, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    finished = inspector("evaluate", tiny_bundle.path, data, "--report", out)
    assert finished.returncode == 0, finished.stderr
    for words in ("Gate at 0.5", "75.0%", "Kaggle mean Dice", "0.583", "of marking nothing", "0.667", "false scrap"):
        assert words in finished.stdout
    assert {path.name for path in out.iterdir()} == {"index.html", "evaluation.json", "frames.csv"}


def test_json_of_a_part(tiny_bundle: Bundle, data: Path) -> None:
    parts = {f"f{number:02}.png": "validation" if number in (0, 1, 3) else "training" for number in range(6)}
    split = split_file(data, parts)
    finished = inspector("evaluate", tiny_bundle.path, data, "--split", split, "--json")
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert (found["data"]["frames"], found["data"]["part"]) == (3, "validation")
    assert (found["gate"]["decisions"]["tp"], found["gate"]["decisions"]["fp"]) == (1, 1)
    other = inspector("evaluate", tiny_bundle.path, data, "--split", split, "--part", "training", "--json")
    assert json.loads(other.stdout)["data"]["frames"] == 3
    line = one_line_of(inspector("evaluate", tiny_bundle.path, data, "--split", split, "--part", "fold-7"))
    assert "no part 'fold-7'; it has" in line


def test_fold_models_are_run_at_the_bundles_own_point(tiny_bundle: Bundle, data: Path, tmp_path: Path) -> None:
    split, folds = write_folds(tiny_bundle, data, tmp_path)
    for name in ("fold-0", "fold-1"):  # not used: the operating point is that of the bundle
        point = folds / name / "operating_point.yaml"
        point.write_text(point.read_text().replace("gate_threshold: 0.5", "gate_threshold: 0.99"))
    arguments = ("evaluate", tiny_bundle.path, data, "--split", split, "--folds", folds)
    finished = inspector(*arguments, "--json")
    assert finished.returncode == 0, finished.stderr
    found, alone = (
        json.loads(finished.stdout),
        json.loads(inspector("evaluate", tiny_bundle.path, data, "--json").stdout),
    )
    assert (found["data"]["frames"], found["data"]["part"]) == (6, "fold-0 to fold-1")
    assert "each on the fold that it was trained without" in found["data"]["warnings"][0]
    assert (found["gate"], found["pipeline"]) == (alone["gate"], alone["pipeline"])
    assert "measures one bundle on all folds" in one_line_of(inspector(*arguments, "--part", "fold-0"))


def test_comparison(tiny_bundle: Bundle, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", [*SIX, *[(((BRIGHT, 4),), ((BRIGHT, 4),)), ((), ())] * 8])
    other = tmp_path / "strict"
    shutil.copytree(tiny_bundle.path, other)
    point = other / "operating_point.yaml"
    point.write_text(point.read_text().replace("gate_threshold: 0.5", "gate_threshold: 0.8"))
    finished = inspector("evaluate", "--compare", tiny_bundle.path, other, data, "--report", tmp_path / "out")
    assert finished.returncode == 0, finished.stderr
    assert "Second minus first" in finished.stdout
    # With 0.8 the gate stops everything: all 9 defects of 12 are lost, and the false one too.
    told = " ".join(finished.stdout.split())
    assert "defects found: the second is lower by 0.750" in told
    assert "real, the first is better" in told
    assert (tmp_path / "out" / "index.html").is_file()


def test_other_geometry_and_classes_are_refused_in_one_line(tiny_bundle: Bundle, data: Path, tmp_path: Path) -> None:
    assert "frames are 32x48; those of the bundle demo-" in one_line_of(inspector("evaluate", "demo", data))
    renamed = write_data(tmp_path / "renamed", classes=["dark", "light"])
    assert "classes are dark, light" in one_line_of(inspector("evaluate", tiny_bundle.path, renamed))
    line = one_line_of(inspector("evaluate", "--compare", tiny_bundle.path, "demo", data))
    assert "--compare: frames of tiny-1-" in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["demo"], "expected BUNDLE DATA"),
        (["--compare", "demo", "data"], "expected --compare A B DATA"),
        (["demo", "data", "--part", "validation"], "Give the split file with --split"),
        (["demo", "nowhere"], "nowhere: no such folder"),
        (["nowhere", "data"], "nowhere: no model bundle there"),
        (["demo", "data", "--precision", "int4"], "--precision: 'int4' is not known"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], expected: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.parent)
    assert expected in one_line_of(inspector("evaluate", *arguments))


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(tiny_bundle: Bundle, data: Path) -> None:
    line = one_line_of(inspector("evaluate", tiny_bundle.path, data, "--report", data / "dataset.yaml" / "out"))
    assert "--report" in line
    assert "cannot be written (Not a directory)" in line
