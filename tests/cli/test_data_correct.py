"""``inspector data correct``: frames as a line with the flat field sees them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.flat_field import read_flat_field, write_flat_field
from inspector.capture.flat_field import FlatField
from tests.capture.flat_fields import some_flat_field
from tests.cli.in_process import inspector, refused


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A folder with ``frames/`` and ``top.zip``."""
    dice = np.random.default_rng(1)
    write_flat_field(some_flat_field(dice, 20, 30, per_column=False), tmp_path / "top.zip")
    (tmp_path / "frames").mkdir()
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / "frames" / f"{name}.png"), dice.integers(0, 256, (20, 30)).astype(np.uint8))
    return tmp_path


def test_every_frame_is_corrected(recorded: Path) -> None:
    done = inspector(
        "data", "correct", recorded / "frames", "--flat-field", recorded / "top.zip", "--out", recorded / "out"
    )
    assert done.returncode == 0, done.stderr
    correction = FlatField(read_flat_field(recorded / "top.zip"))
    assert f"wrote 2 frames to {recorded / 'out'}, corrected by {correction.id}" in done.stderr
    for name in ("a.png", "b.png"):
        raw, found = (cv2.imread(str(recorded / folder / name), cv2.IMREAD_UNCHANGED) for folder in ("frames", "out"))
        assert raw is not None
        expected = np.empty((20, 30), np.uint8)
        correction.apply_by_numpy(np.asarray(raw, np.uint8), expected)
        np.testing.assert_array_equal(found, expected)


def test_what_is_wrong_is_one_line(recorded: Path) -> None:
    def told(frames: str | Path = recorded / "frames", flat: str = "top.zip", out: str = "out") -> str:
        return refused("data", "correct", frames, "--flat-field", recorded / flat, "--out", recorded / out)

    assert "is not empty; name a new folder" in told(out="frames")
    assert "cannot be read" in told(flat="none.zip")
    assert "does not exist" in told(frames=recorded / "none")
    cv2.imwrite(str(recorded / "frames" / "a.bmp"), np.zeros((20, 30), np.uint8))
    assert "would be written as" in told()
    (recorded / "frames" / "a.bmp").unlink()
    cv2.imwrite(str(recorded / "frames" / "c.png"), np.zeros((20, 31), np.uint8))
    assert "is for frames of 20 rows and 30 columns, these have 20 rows and 31 columns" in told()
