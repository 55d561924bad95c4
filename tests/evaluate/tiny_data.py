"""A data set for the tiny bundle on which every figure can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from engines.data.dataset import Dataset, open_dataset
from tests.tiny_bundle import CLASSES, frame_with

Squares = Sequence[tuple[int, int]]
DARK, BRIGHT, GLARE = 64, 192, 150
"""Levels: the tiny segmenter marks the first two; the third passes the gate and is marked as nothing."""

SIX: tuple[tuple[Squares, Squares], ...] = (
    ((), ()),
    (((BRIGHT, 4),), ((BRIGHT, 4),)),
    (((DARK, 3),), ((DARK, 3),)),
    (((BRIGHT, 2),), ()),
    (((GLARE, 3),), ((BRIGHT, 3),)),
    (((BRIGHT, 4),), ((DARK, 4),)),
)
"""What each frame shows and what its truth says: clean; found; stopped at the gate (too dark); false; missed; wrong class."""


def write_data(
    folder: Path,
    frames: Sequence[tuple[Squares, Squares]] = SIX,
    classes: Sequence[str] = CLASSES,
    groups: Sequence[str] | None = None,
) -> Path:
    """Frames ``f00.png`` on with their masks and a ``dataset.yaml``; the folder."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number, (shown, true) in enumerate(frames):
        drawn = frame_with(true, background=0)
        mask = np.select([drawn == DARK, drawn == BRIGHT], [1, 2], 0).astype(np.uint8)
        cv2.imwrite(str(folder / "images" / f"f{number:02}.png"), frame_with(shown))
        cv2.imwrite(str(folder / "masks" / f"f{number:02}.png"), mask)
    if groups is not None:
        rows = [f"f{number:02}.png,{group}" for number, group in enumerate(groups)]
        (folder / "groups.csv").write_text("\n".join(["name,group", *rows]) + "\n")
    (folder / "dataset.yaml").write_text(
        f"name: tiny\nkind: masks\nmask_style: class_number\nclasses: [{', '.join(classes)}]\n"
        f"groups: {'none' if groups is None else 'groups.csv'}\n"
    )
    return folder


def open_data(folder: Path, *arguments: object, **options: object) -> Dataset:
    """``write_data``, opened."""
    return open_dataset(write_data(folder, *arguments, **options))  # type: ignore[arg-type]
