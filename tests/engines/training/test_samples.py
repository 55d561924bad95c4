"""Readers: what is on disk becomes the same samples whatever the layout."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.training.samples import halve_mask, read_mask_folder, read_severstal


def test_a_mask_folder_is_read_at_half_resolution(tmp_path: Path) -> None:
    _folder(tmp_path)
    clean, holed = read_mask_folder(tmp_path, 4, "simulated")
    assert (clean.defective, clean.label) == (False, "")
    assert (holed.defective, holed.label, holed.frame.shape) == (True, "2 4", (4, 8))
    assert holed.classes(4) == [1, 3]


def test_a_mask_folder_can_be_read_whole_and_in_part(tmp_path: Path) -> None:
    _folder(tmp_path)
    (only,) = read_mask_folder(tmp_path, 4, "simulated", only={"b.png"}, halved=False)
    assert only.frame.shape == only.mask.shape == (8, 16)


def test_a_mask_of_another_size_is_refused_by_name(tmp_path: Path) -> None:
    _folder(tmp_path)
    cv2.imwrite(str(tmp_path / "masks" / "b.png"), np.zeros((8, 8), np.uint8))
    with pytest.raises(ValueError, match=r"b\.png: the frame is \(8, 16\), its mask \(8, 8\)"):
        read_mask_folder(tmp_path, 4, "simulated")


def test_a_missing_mask_is_refused_by_name(tmp_path: Path) -> None:
    _folder(tmp_path)
    (tmp_path / "masks" / "a.png").unlink()
    with pytest.raises(ValueError, match=r"a\.png: not a readable image"):
        read_mask_folder(tmp_path, 4, "simulated")


def test_severstal_knows_frames_that_are_defective_but_not_located(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in ("a", "b", "c"):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), np.full((4, 4), 90, np.uint8))
    (tmp_path / "train.csv").write_text("ImageId,ClassId,EncodedPixels\na.png,3,1 8\na.png,4,9 4\n")
    (tmp_path / "frames.csv").write_text(
        "image_id,file,status,split\na.png,images/a.png,defective_masked,train\n"
        "b.png,images/b.png,defective_mask_missing,train\nc.png,images/c.png,clean,other\n"
    )
    masked, missing = read_severstal(tmp_path, 4, ("train",))
    assert (masked.label, masked.defective, masked.located) == ("3 4", True, True)
    np.testing.assert_array_equal(masked.mask, [[4, 8], [4, 8]])
    assert (missing.defective, missing.located) == (True, False)


def test_half_of_the_pixels_make_a_half_resolution_pixel() -> None:
    mask = np.array([[1, 0, 1, 3], [0, 1, 0, 0]], np.uint8)
    np.testing.assert_array_equal(halve_mask(mask, 2), [[1, 1]])
    mask[1, 3] = 2
    np.testing.assert_array_equal(halve_mask(mask, 2), [[1, 3]])


def _folder(path: Path) -> None:
    for folder in ("images", "masks"):
        (path / folder).mkdir()
    mask = np.zeros((8, 16), np.uint8)
    for name in ("a", "b"):
        cv2.imwrite(str(path / "images" / f"{name}.png"), np.full((8, 16), 100, np.uint8))
        cv2.imwrite(str(path / "masks" / f"{name}.png"), mask)
        mask[2:6, 4:12] = 0b1010
