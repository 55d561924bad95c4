"""``frames.csv``: the list of a data set's frames with their labels.

The columns are found by name, all but the image are optional:

| column                        | meaning                                                                                       |
|-------------------------------|-----------------------------------------------------------------------------------------------|
| ``file``, ``image``           | the frame, relative to the data set's folder                                                  |
| ``mask``                      | its mask, relative to the same folder; or ``yes``/``no``: whether the frame is labelled         |
| ``classes``, ``defect``       | classes present, by name or number from 1, separated by blanks or ``|``; empty: clean         |
| ``status``                    | ``clean``, ``defective...`` (``..._mask_missing``: no mask says where) or ``...unlabelled``    |
| ``group``, ``tile``, ``coil`` | frames with the same value show the same thing                                                |
| ``split``                     | ``train_aug_only``: to learn from, never to measure on; ``unlabelled``; others mean nothing   |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engines.data.file_errors import as_data_errors
from engines.errors import DataError
from engines.files.tables import read_table
from engines.files.text import brief

FILE = "frames.csv"
TRAINING_ONLY = "train_aug_only"
UNLABELLED = "unlabelled"
_IMAGE_COLUMNS = ("file", "image", "image_id")
_CLASS_COLUMNS = ("classes", "defect")
_GROUP_COLUMNS = ("group", "tile", "coil")


@dataclass(frozen=True, slots=True)
class ListedFrame:
    """A row of the list."""

    row: int
    image: str
    mask: str | None
    classes: tuple[str, ...] | None
    """As written; None where the list has no classes."""
    group: str | None
    split: str
    defective: bool | None
    """None where the list has no label."""
    located: bool
    """False where the list says that no mask shows where the defect is."""
    labelled: bool
    reviewer: str = ""
    """Who has reviewed the label; empty where nobody has, or the list does not say."""
    partly_drawn: bool = False
    """Whether its mask shows some of its defects and not all, so that no pixel of it may be taken for clean; ``classes`` names all."""


@dataclass(frozen=True, slots=True)
class FrameList:
    """The whole list."""

    path: Path
    columns: tuple[str, ...]
    group_column: str | None
    rows: tuple[ListedFrame, ...]
    classes: tuple[str, ...] | None = None
    """Class of each bit of the masks; None where the list does not say."""

    @property
    def is_simulated(self) -> bool:
        """Whether ``inspector simulate`` wrote it."""
        return {"file", "mask", "classes", "look_alikes"} <= set(self.columns)


@as_data_errors()
def read_frame_list(path: Path, group_column: str | None = None) -> FrameList:
    """Read the list; ``group_column`` names another column for the groups. Raises DataError naming file and row."""
    table = read_table(path)
    columns = tuple(name for name in table.columns if name)
    image = next((name for name in _IMAGE_COLUMNS if name in columns), None)
    if image is None:
        raise DataError(
            f"{path}: names no frames; expected a column {' or '.join(_IMAGE_COLUMNS)}; its columns are {table.named()}"
        )
    if group_column is not None and group_column not in columns:
        raise DataError(f"{path}: has no column {group_column!r} for the groups; it has {table.named()}")
    group = group_column or next((name for name in _GROUP_COLUMNS if name in columns), None)
    label = next((name for name in _CLASS_COLUMNS if name in columns), None)
    rows = []
    seen: dict[str, int] = {}
    for row, record in table:
        name = record[image]
        if not name:
            raise DataError(f"{path}: row {row}: no {image} in it")
        if name in seen:
            raise DataError(f"{path}: row {row}: {brief(name)} is already in row {seen[name]}")
        seen[name] = row
        rows.append(_listed(row, name, record, record[group] if group else None, record[label] if label else None))
    if not rows:
        raise DataError(f"{path}: no frame in it; expected rows with a column {image}")
    return FrameList(path, columns, group, tuple(rows))


def _listed(row: int, image: str, record: dict[str, str], group: str | None, label: str | None) -> ListedFrame:
    status, split, mask = record.get("status", ""), record.get("split", ""), record.get("mask", "")
    flag = mask.lower() if mask.lower() in {"yes", "no"} else None
    classes = None if label is None else tuple(re.split(r"\s*\|\s*|\s+", label)) if label else ()
    located = not status.endswith("mask_missing")
    defective: bool | None = None
    if status:
        defective = status.startswith("defective")
    elif classes is not None:
        defective = bool(classes)
    return ListedFrame(
        row=row,
        image=image,
        mask=None if flag or not mask else mask,
        classes=classes,
        group=group or None,
        split=split,
        defective=defective,
        located=located,
        labelled=not (split == UNLABELLED or status.endswith("unlabelled") or (flag == "no" and located)),
    )
