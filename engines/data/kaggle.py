"""The CSV of the Kaggle set "Severstal: Steel Defect Detection": a row for each frame and class, run lengths in a cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engines.data.file_errors import as_data_errors
from engines.errors import DataError
from engines.files.tables import read_table


class KaggleRow(NamedTuple):
    """A row of either form of the CSV."""

    row: int
    """Line number in the file, for messages."""
    image: str
    """The frame, as written; see :mod:`engines.data.matching`."""
    class_number: int
    """From 1."""
    encoded: str
    """Run lengths; empty where the frame holds nothing of the class."""


def read_kaggle_rows(path: Path) -> Iterator[KaggleRow]:
    """The rows of ``ImageId,ClassId,EncodedPixels`` or ``ImageId_ClassId,EncodedPixels``. Raises DataError naming the row."""
    with as_data_errors():
        table = read_table(path)
        columns = set(table.columns)
        joined = "ImageId_ClassId" in columns
        if "EncodedPixels" not in columns or not (joined or {"ImageId", "ClassId"} <= columns):
            raise DataError(
                f"{path}: columns {table.named()}; expected ImageId,ClassId,EncodedPixels or ImageId_ClassId,EncodedPixels"
            )
        for line, record in table:
            image, number = record["ImageId_ClassId"] if joined else record["ImageId"], record.get("ClassId", "")
            if joined:
                image, _, number = image.rpartition("_")
            number = number.strip()
            if not image.strip() or not (number.isascii() and number.isdecimal() and len(number) < 10):
                raise DataError(f"{path}: row {line}: no image and class number in it")
            yield KaggleRow(line, image.strip(), int(number), record["EncodedPixels"])
