"""Labelled frames in memory, and the readers that fetch them: at the half resolution the networks work at, or whole.

A mask is a class bitmask: bit k set where class k is. All readers give the same `Sample`.
"""

from __future__ import annotations

import csv
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.data.run_lengths import decode_run_lengths
from engines.training.frames import halve_frame, halve_mask

Grey = NDArray[np.uint8]
Domain = Literal["real", "simulated"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled frame: `frame` and `mask` are uint8 `[H/2, W/2]`, or `[H, W]` if read whole.

    `located` is false where the frame is known to be defective but nobody drew where: good for the gate only.
    """

    name: str
    domain: Domain
    path: Path
    frame: Grey
    mask: Grey
    defective: bool
    located: bool = True
    label: str = ""
    """Classes present, as `""`, `"3"`, `"3 4"`: what a split is stratified by."""

    @property
    def pair(self) -> tuple[Grey, Grey]:
        """Frame and mask."""
        return self.frame, self.mask

    def classes(self, count: int) -> list[int]:
        """Indices of the classes present in the mask."""
        return [k for k in range(count) if (self.mask & (1 << k)).any()]


def read_grey(path: Path) -> Grey:
    """Decode an image file as grey uint8 `[H, W]`. Raises ValueError if it is missing or no image."""
    data = np.fromfile(path, np.uint8) if path.is_file() else np.empty(0, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if image is None:
        raise ValueError(f"{path}: not a readable image")
    return np.ascontiguousarray(image, dtype=np.uint8)


def read_mask_folder(
    folder: Path, classes: int, domain: Domain, only: Container[str] | None = None, halved: bool = True
) -> list[Sample]:
    """Samples of a folder with `images/NAME.*` and `masks/NAME.png`; a mask is a uint8 class bitmask.

    `only` selects by file name. Raises ValueError if there is no image, or a mask is missing, unreadable or of another size.
    """
    samples = []
    for path in sorted((folder / "images").iterdir()):
        if only is not None and path.name not in only:
            continue
        frame = read_grey(path)
        mask = read_grey(folder / "masks" / f"{path.stem}.png")
        samples.append(_sample(path, domain, frame, mask, classes, bool(mask.any()), True, halved))
    if not samples:
        raise ValueError(f"{folder}/images: holds no image")
    return samples


def read_severstal(
    folder: Path, classes: int, splits: Container[str], only: Container[str] | None = None, halved: bool = True
) -> list[Sample]:
    """Samples of the Severstal subset whose `split` in `frames.csv` is one of `splits`; masks from `train.csv`.

    `only` selects by file name.
    """
    runs: dict[str, list[tuple[int, str]]] = {}
    with (folder / "train.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            runs.setdefault(row["ImageId"], []).append((int(row["ClassId"]) - 1, row["EncodedPixels"]))
    samples = []
    with (folder / "frames.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in splits]
        rows = [row for row in rows if only is None or Path(row["file"]).name in only]
    for row in rows:
        path = folder / row["file"]
        frame = read_grey(path)
        mask = np.zeros_like(frame)
        for k, encoded in runs.get(row["image_id"], []):
            mask |= decode_run_lengths(encoded, *frame.shape).astype(np.uint8) << k
        located = row["status"] != "defective_mask_missing"
        samples.append(_sample(path, "real", frame, mask, classes, row["status"] != "clean", located, halved))
    return samples


def _sample(
    path: Path, domain: Domain, frame: Grey, mask: Grey, classes: int, defective: bool, located: bool, halved: bool
) -> Sample:
    if mask.shape != frame.shape:
        raise ValueError(f"{path}: the frame is {frame.shape}, its mask {mask.shape}; expected the same size")
    label = " ".join(str(k + 1) for k in range(classes) if (mask & (1 << k)).any()) if located else "unlocated"
    if halved:
        frame, mask = halve_frame(frame), halve_mask(mask, classes)
    return Sample(path.name, domain, path, frame, mask, defective, located, label)
