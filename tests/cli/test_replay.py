"""``inspector replay`` on recorded frames whose answers can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from engines.bundle import Bundle
from tests.cli.command import inspector as process
from tests.cli.command import interrupted, one_line_of
from tests.cli.in_process import inspector
from tests.tiny_bundle import frame_with


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Three frames: clean, a bright square, a bright square the truth does not know."""
    folder = tmp_path / "frames"
    folder.mkdir()
    (tmp_path / "masks").mkdir()
    for number, squares in enumerate([[], [(192, 4)], [(192, 2)]]):
        frame = frame_with(squares)
        cv2.imwrite(str(folder / f"f{number}.png"), frame)
        cv2.imwrite(str(tmp_path / "masks" / f"f{number}.png"), (frame == 192) * (2 if number == 1 else 0))
    return folder


def test_report_against_masks(frames: Path, tiny_bundle: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "out"
    finished = inspector(
        "replay", frames, "--bundle", tiny_bundle.path, "--masks", tmp_path / "masks", "--report", out, "--json"
    )
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert found["frames"] == 3
    assert found["unresolved"] == 0
    assert found["verdicts"] == {"PASS": 1, "REJECT": 2, "SCRAP": 0, "UNINSPECTED": 0}
    assert found["truth"]["gate"]["tp"] == 1
    assert found["truth"]["gate"]["fp"] == 1
    bright = next(one for one in found["truth"]["classes"] if one["class"] == "bright")
    assert bright["dice"] == 1.0
    # (frame, class) pairs: only the third frame's bright pixels are wrong.
    assert found["truth"]["kaggle_mean_dice"] == pytest.approx(5 / 6)
    assert {path.name for path in out.iterdir()} >= {"report.json", "index.html", "contact_sheet.png", "strip_map.png"}


def test_paced_replay_prints_tables(frames: Path, tiny_bundle: Bundle, tmp_path: Path) -> None:
    paced = ("--rate", "20", "--deadline-ms", "5000", "--report", "out [top] a[/b]")
    finished = process("replay", frames, "--bundle", tiny_bundle.path, *paced, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == "report: out [top] a[/b]/index.html"
    assert "3 frames, each with exactly one verdict" in finished.stdout


def test_an_interrupted_replay_reports_what_it_did_and_fails(frames: Path, tiny_bundle: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--bundle", tiny_bundle.path, "--rate", "0.01", "--report", out)
    finished = interrupted("replay", frames, *options, when=(out / "journal.sqlite-wal").exists)
    assert finished.returncode == 1, finished.stderr
    assert finished.stderr.strip().splitlines()[-1].endswith("of 3 frames")
    assert "inspector: interrupted after " in finished.stderr
    assert "Traceback" not in finished.stderr
    assert (out / "index.html").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--rate", "fast"], "--rate: found 'fast', expected frames per second"),
        (["--masks", "nowhere"], "nowhere"),
        (["--csv", "nowhere.csv"], "nowhere.csv"),
        (["--masks", "m", "--csv", "c"], "two sources of truth"),
        (["--precision", "f8"], "--precision: 'f8'"),
    ],
)
def test_mistakes_are_told_in_one_line(frames: Path, tiny_bundle: Bundle, options: list[str], expected: str) -> None:
    assert expected in one_line_of(inspector("replay", frames, "--bundle", tiny_bundle.path, *options))


def test_labels_of_other_frames_are_no_truth(frames: Path, tiny_bundle: Bundle, tmp_path: Path) -> None:
    """Frames without a row count as clean, so that every verdict was called false."""
    labels = tmp_path / "train.csv"
    labels.write_text("ImageId,ClassId,EncodedPixels\nx.png,1,1 5\ny.png,1,1 5\n")
    told = one_line_of(inspector("replay", frames, "--bundle", tiny_bundle.path, "--csv", labels))
    assert f"{labels}: none of its 2 frames is among the 3 frames replayed, the first: x.png" in told


def test_nothing_to_replay(tiny_bundle: Bundle, tmp_path: Path) -> None:
    assert str(tmp_path / "empty") in one_line_of(inspector("replay", tmp_path / "empty", "--bundle", tiny_bundle.path))
