"""``inspector calibrate scale``: from a picture of a target, or distances on it, to a file that a line reads; one line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.scale import read_scale
from tests.calibration.scale.rendered import Lens
from tests.calibration.scale.test_estimate import BOARD, SMALL
from tests.cli.in_process import inspector, refused


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame of a checkerboard behind a lens that bends."""
    path = tmp_path_factory.mktemp("scale") / "target.png"
    assert cv2.imwrite(str(path), Lens(**SMALL, bend=-0.05).render(BOARD))
    return path


def test_a_file_and_a_picture(target: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "top-scale.yaml", tmp_path / "report"
    done = inspector(
        "calibrate", "scale", target, "--grid", "14x8", "--pitch-mm", "10", "--out", out, "--report", report, "--serial", "17"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    card = read_scale(out, "17")
    assert card.mm_per_px_x == pytest.approx(0.4, rel=0.001)
    assert card.distortion is not None
    assert f"wrote {out}: {card.id}" in done.stderr
    assert "checkerboard of 14x8, 10 mm apart" in done.stdout
    assert "lens              radial, moves points by up to" in done.stdout
    assert (report / "target-0.png").is_file()


def test_distances_and_json(target: Path, tmp_path: Path) -> None:
    out = tmp_path / "left.yaml"
    done = inspector(
        "calibrate", "scale", target, "--distance", "10,120 390,120 152", "--distance", "200 5 200 235 92", "--out", out, "--json"
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["mm_per_px_x"], told["mm_per_px_y"]) == pytest.approx((0.4, 0.4))
    assert told["id"] == read_scale(out).id
    assert told["distortion"] is None


def test_what_is_wrong_is_one_line(target: Path, tmp_path: Path) -> None:
    out = tmp_path / "top-scale.yaml"

    def told(*more: str | Path, frames: Path = target, to: Path = out) -> str:
        return refused("calibrate", "scale", frames, "--out", to, *more)

    grid = ("--grid", "14x8", "--pitch-mm", "10")
    assert "--grid: is needed to know the target" in told()
    assert "--pitch-mm: is needed" in told("--grid", "14x8")
    assert "--grid: found '14', expected columns x rows" in told("--grid", "14", "--pitch-mm", "10")
    assert "--pitch-mm: found '0', expected a number above 0" in told("--grid", "14x8", "--pitch-mm", "0")
    assert "the 13x8 inner corners of a checkerboard were not found" in told("--grid", "13x8", "--pitch-mm", "10")
    assert "asymmetric dots can be told from their mirror" in told(*grid, "--target", "asymmetric-dots")
    assert "--distance: found '1,2 3,4', expected X1,Y1 X2,Y2 MM" in told("--distance", "1,2 3,4")
    assert "give a second one" in told("--distance", "10,120 390,120 152")
    assert "--grid: is for a target" in told("--distance", "10,120 390,120 152", "--grid", "14x8")
    assert "does not exist" in told(*grid, frames=tmp_path / "none.png")
    assert "is the frame target.png" in told(*grid, to=target)
    assert "--name: 'a b' is no name" in told(*grid, "--name", "a b")
    np.zeros(5, np.uint8).tofile(tmp_path / "torn.png")
    assert "torn.png: is not a JPEG" in told(*grid, frames=tmp_path / "torn.png")
    assert not out.exists()
