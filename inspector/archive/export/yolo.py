"""YOLO segmentation: ``images/``, ``labels/`` and ``data.yaml``. A line of a label file is a class and the outline of one region, in shares of
width and height; holes are filled, because the format has none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.files.writing import output_folder, write_bytes, write_text
from engines.files.yaml_text import yaml_text
from inspector.archive.export.frames import PREDICTED, REVIEWED, ExportedFrame


class YoloWriter:
    """Writes one data set. An empty label file is a clean frame."""

    def __init__(self, folder: Path, classes: tuple[str, ...], *, predicted: bool) -> None:
        self._folder, self._classes, self._predicted = folder, classes, predicted
        self._regions = 0
        for name in ("images", "labels"):
            output_folder(folder / name)

    def add(self, frame: ExportedFrame) -> bool:
        """Write a frame; False where a defect has no outline: its box, as an outline, would teach rectangles."""
        if not frame.located:
            return False
        write_bytes(self._folder / "images" / frame.name, frame.image)
        lines = []
        for k, region, box in frame.regions(len(self._classes)):
            points = " ".join(f"{share:.6f}" for share in outline(region, box).ravel())
            lines.append(f"{k} {points}\n")
        self._regions += len(lines)
        write_text((self._folder / "labels" / frame.name).with_suffix(".txt"), "".join(lines))
        return True

    def close(self) -> int:
        """Write the description; return how many regions there are."""
        described = {"path": ".", "train": "images", "val": "images", "names": dict(enumerate(self._classes))}
        notes = [
            PREDICTED if self._predicted else REVIEWED,
            "train and val are the same frames: split them by run before training.",
        ]
        text = "".join(f"# {note}\n" for note in notes) + yaml_text(described)
        write_text(self._folder / "data.yaml", text)
        return self._regions


def outline(region: NDArray[np.bool_], box: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """The outer outline of one connected region through the centres of its pixels, float64 [points, 2]: x, y in shares of width and height.
    A region that is too thin for three points is its box."""
    height, width = region.shape
    outlines, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = outlines[0][:, 0, :].astype(np.float64) + 0.5
    if len(points) < 3:
        x, y, w, h = box
        points = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], np.float64)
    return points / (width, height)
