"""The form of the Kaggle set "Severstal: Steel Defect Detection": ``train.csv`` with run lengths and ``train_images/``. What has
no outline is told by ``frames.csv`` (``status``), which is written where any frame needs it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.data.run_lengths import encode_run_lengths
from engines.files.writing import output_folder, text_output, write_bytes, write_text
from engines.files.yaml_text import yaml_text
from inspector.archive.export.frames import ExportedFrame

MASK_MISSING = "defective_mask_missing"
"""The status of a frame that has a defect without an outline."""


class SeverstalWriter:
    """Writes one data set. A frame without a row is clean."""

    def __init__(self, folder: Path, classes: tuple[str, ...], *, predicted: bool) -> None:
        self._folder, self._classes, self._predicted = folder, classes, predicted
        self._frames: list[tuple[str, str, str]] = []
        """Name, numbers of its classes, status."""
        self._rows: list[tuple[str, int, str]] = []
        output_folder(folder / "train_images")

    def add(self, frame: ExportedFrame) -> bool:
        """Write a frame. One with a defect that has no outline has no row, because a row's pixels would be all of it."""
        write_bytes(self._folder / "train_images" / frame.name, frame.image)
        if not frame.located and frame.truth is not None:
            numbers = " ".join(str(self._classes.index(name) + 1) for name in frame.truth.classes)
            self._frames.append((frame.name, numbers, MASK_MISSING))
            return True
        drawn = int(np.bitwise_or.reduce(frame.mask, axis=None))
        numbers = " ".join(str(k + 1) for k in range(len(self._classes)) if drawn >> k & 1)
        self._frames.append((frame.name, numbers, "defective" if drawn else "clean"))
        for k in range(len(self._classes)):
            encoded = encode_run_lengths((frame.mask >> k & 1).astype(bool))
            if encoded:
                self._rows.append((frame.name, k + 1, encoded))
        return True

    def close(self) -> int:
        """Write the rows and a description; return how many rows there are."""
        self._table("train.csv", ("ImageId", "ClassId", "EncodedPixels"), self._rows)
        if any(status == MASK_MISSING for _, _, status in self._frames):
            self._table("frames.csv", ("image", "classes", "status"), self._frames)
        described = {
            "kind": "kaggle",
            "images": "train_images",
            "classes": list(self._classes),
            "labels": "predicted" if self._predicted else "given",
        }
        write_text(self._folder / "dataset.yaml", yaml_text(described))
        return len(self._rows)

    def _table(self, name: str, columns: tuple[str, ...], rows: Sequence[tuple[str | int, ...]]) -> None:
        with text_output(self._folder / name) as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(columns)
            lines.writerows(rows)
