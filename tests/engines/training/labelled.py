"""A small labelled data set as files: what the trainings of the suite learn from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

CLASSES = ("pitting", "inclusion", "scratches", "corrosion")
HEIGHT, WIDTH = 64, 160
DARK = 48
"""Columns at the left that are dark on every other frame."""


def write_frames(folder: Path, each: int = 4, kinds: tuple[int | None, ...] = (None, 0, 1, 2, 3)) -> Path:
    """Write `each` frames without a defect (kind None) and of each class; gives the path of `dataset.yaml`.

    A defect is a bright or dark bar whose height tells the class.
    """
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    rng = np.random.default_rng(5)
    number = 0
    for _ in range(each):
        for kind in kinds:
            frame = rng.integers(70, 130, (HEIGHT, WIDTH), dtype=np.uint8)
            mask = np.zeros_like(frame)
            if number % 2:
                frame[:, :DARK] = 3
            if kind is not None:
                row, column = int(rng.integers(4, 30)), int(rng.integers(DARK + 4, 130))
                bar = (slice(row, row + 6 + 6 * kind), slice(column, column + 24))
                frame[bar] = (250, 10)[kind % 2]
                mask[bar] = 1 << kind
            cv2.imwrite(str(folder / "images" / f"{number:03d}.png"), frame)
            cv2.imwrite(str(folder / "masks" / f"{number:03d}.png"), mask)
            number += 1
    description = folder / "dataset.yaml"
    description.write_text(
        f"name: bars\nclasses: [{', '.join(CLASSES)}]\nkind: masks\nmask_style: bitmask\ngroups: none\n",
        encoding="utf-8",
    )
    return description
