"""Small real data sets on disk, one writer a layout; and where the large real ones are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

HEIGHT, WIDTH = 24, 96
Boxes = Sequence[tuple[int, int, int, int, int]]
"""Class index, top, left, height, width."""


def sheet(seed: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """A grey sheet with coarse shadows and grain, ``uint8 [height, width]``; no two seeds look alike."""
    generator = np.random.default_rng(seed)
    shadows = cv2.resize(generator.normal(0, 30, (6, 20)).astype(np.float32), (width, height))
    return np.clip(110 + shadows + generator.normal(0, 4, (height, width)), 0, 255).astype(np.uint8)


def bitmask(boxes: Boxes, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Rectangles as a class bitmask."""
    mask = np.zeros((height, width), np.uint8)
    for k, top, left, tall, wide in boxes:
        mask[top : top + tall, left : left + wide] |= np.uint8(1 << k)
    return mask


def write_image(path: Path, pixels: NDArray[np.generic], *options: int) -> Path:
    """Write in the format of the suffix; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, data = cv2.imencode(path.suffix, np.asarray(pixels), options)
    assert done
    path.write_bytes(data.tobytes())
    return path


def write_kaggle(
    folder: Path, frames: Sequence[str], rows: Sequence[str], joined: bool = False, images: str = "images"
) -> Path:
    """Sheets under the given names and a ``train.csv`` of the given rows."""
    for seed, name in enumerate(frames):
        write_image(folder / images / name, sheet(seed))
    heading = "ImageId_ClassId,EncodedPixels" if joined else "ImageId,ClassId,EncodedPixels"
    (folder / "train.csv").write_text("\n".join([heading, *rows]) + "\n")
    return folder


def write_masks(folder: Path, frames: Mapping[str, Boxes], style: str = "bitmask", listing: str = "") -> Path:
    """Sheets with mask images in a style; ``listing`` becomes ``frames.csv``."""
    for seed, (stem, boxes) in enumerate(frames.items()):
        mask = bitmask(boxes)
        if style == "class_number":
            mask = np.where(mask > 0, np.log2(np.maximum(mask, 1)).astype(np.uint8) + 1, 0).astype(np.uint8)
        if style == "binary":
            mask = np.where(mask > 0, 255, 0).astype(np.uint8)
        write_image(folder / "images" / f"{stem}.png", sheet(seed))
        write_image(folder / "masks" / f"{stem}.png", mask)
    if listing:
        (folder / "frames.csv").write_text(listing)
    return folder


def describe(folder: Path, text: str) -> Path:
    """Write ``dataset.yaml``; returns the folder."""
    (folder / "dataset.yaml").write_text(text)
    return folder


def real(name: str) -> Path:
    """A folder of real data; skips the test where it is absent."""
    beside = Path(__file__).parents[4] / "shared" / "data"
    place = Path(os.environ.get("INSPECTOR_DATA", beside)) / name
    if not (place / "images").is_dir():
        pytest.skip(f"no real frames in {place} (set INSPECTOR_DATA)")
    return place
