"""The CSV of the Kaggle set "Severstal: Steel Defect Detection": a row for each frame and class, run lengths in a cell."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

from engines.errors import DataError


class KaggleRow(NamedTuple):
    """A row of either form of the CSV."""

    row: int
    """Line number in the file, for messages."""
    stem: str
    """File name of the frame without its suffix, so that a lossless copy keeps its label."""
    class_number: int
    """From 1."""
    encoded: str
    """Run lengths; empty where the frame holds nothing of the class."""


def read_kaggle_rows(path: Path) -> Iterator[KaggleRow]:
    """The rows of ``ImageId,ClassId,EncodedPixels`` or ``ImageId_ClassId,EncodedPixels``. Raises DataError naming the row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = set(reader.fieldnames or ())
            joined = "ImageId_ClassId" in columns
            if "EncodedPixels" not in columns or not (joined or {"ImageId", "ClassId"} <= columns):
                raise DataError(
                    f"{path}: columns {', '.join(map(str, reader.fieldnames or ())) or 'none'}; expected "
                    "ImageId,ClassId,EncodedPixels or ImageId_ClassId,EncodedPixels"
                )
            for record in reader:
                image = record["ImageId_ClassId"] if joined else record["ImageId"]
                image, _, number = (image or "").rpartition("_") if joined else (image, "", record["ClassId"])
                number = (number or "").strip()
                if not image or not (number.isascii() and number.isdecimal() and len(number) < 10):
                    raise DataError(f"{path}: row {reader.line_num}: no image and class number in it")
                stem = PurePath(image.strip()).stem
                yield KaggleRow(reader.line_num, stem, int(number), record["EncodedPixels"] or "")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV ({error})") from None
