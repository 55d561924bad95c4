"""The form of the Kaggle set "Severstal: Steel Defect Detection": ``train.csv`` with run lengths and ``train_images/``."""

from __future__ import annotations

import csv
from pathlib import Path

from engines.data.run_lengths import encode_run_lengths
from engines.files.writing import output_folder, text_output, write_bytes, write_text
from engines.files.yaml_text import yaml_text
from inspector.archive.export.frames import ExportedFrame


class SeverstalWriter:
    """Writes one data set. A frame without a row is clean."""

    def __init__(self, folder: Path, classes: tuple[str, ...]) -> None:
        self._folder, self._classes = folder, classes
        self._rows: list[tuple[str, int, str]] = []
        output_folder(folder / "train_images")

    def add(self, frame: ExportedFrame) -> None:
        """Write a frame."""
        write_bytes(self._folder / "train_images" / frame.name, frame.image)
        for k in range(len(self._classes)):
            encoded = encode_run_lengths((frame.mask >> k & 1).astype(bool))
            if encoded:
                self._rows.append((frame.name, k + 1, encoded))

    def close(self) -> int:
        """Write the rows and a description; return how many rows there are."""
        with text_output(self._folder / "train.csv") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(("ImageId", "ClassId", "EncodedPixels"))
            lines.writerows(self._rows)
        described = {
            "kind": "kaggle",
            "images": "train_images",
            "classes": list(self._classes),
            "labels": "predicted",
        }
        write_text(self._folder / "dataset.yaml", yaml_text(described))
        return len(self._rows)
