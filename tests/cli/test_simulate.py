"""``inspector simulate``: what it writes, and how it ends when it is interrupted."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.command import inspector, interrupted


def test_writes_frames_masks_and_a_list(tmp_path: Path) -> None:
    finished = inspector("simulate", tmp_path, "--frames", "3", "--height", "32", "--width", "64", "--workers", "1")
    assert finished.returncode == 0, finished.stderr
    assert [path.name for path in sorted((tmp_path / "images").iterdir())] == ["000000.jpg", "000001.jpg", "000002.jpg"]
    with (tmp_path / "frames.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [row["file"] for row in rows] == [f"images/{number:06d}.jpg" for number in range(3)]
    assert all((tmp_path / row["mask"]).exists() for row in rows)


@pytest.mark.parametrize("begun", ["frames.csv", "masks/000000.png"], ids=["workers start", "workers render"])
def test_ctrl_c_ends_it_without_rendering_the_rest_and_without_a_word(tmp_path: Path, begun: str) -> None:
    finished = interrupted("simulate", tmp_path, "--frames", "100000", "--workers", "2", when=(tmp_path / begun).exists)
    assert finished.returncode == 130
    assert finished.stderr.strip() == ""
