"""Writes an export: a whole new folder, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Protocol

import msgspec

from engines.files.writing import folder_beside, refuse_folders, take_place, write_text
from inspector.archive.export.coco import CocoWriter
from inspector.archive.export.frames import PREDICTED, ExportedFrame, Selection
from inspector.archive.export.severstal import SeverstalWriter
from inspector.archive.export.yolo import YoloWriter
from inspector.archive.reader import Archive, Filter
from inspector.errors import UserError


class Form(str, Enum):
    """What an export is for."""

    COCO = "coco"
    SEVERSTAL = "severstal"
    YOLO = "yolo"


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    folder: str
    form: Form
    classes: tuple[str, ...]
    frames: int
    labels: int
    """Regions; of severstal, rows, one for each frame and class."""
    predicted: bool
    """Always true: see `PREDICTED`."""
    left_out: dict[str, int]
    """Entries that meet the conditions, by why they are not exported."""


class _Writer(Protocol):
    def add(self, frame: ExportedFrame) -> None: ...

    def close(self) -> int: ...


_WRITERS: dict[Form, Callable[[Path, tuple[str, ...]], _Writer]] = {
    Form.COCO: CocoWriter,
    Form.SEVERSTAL: SeverstalWriter,
    Form.YOLO: YoloWriter,
}


def export(archive: Archive, wanted: Filter, form: Form, folder: Path, option: str = "") -> Exported:
    """Write the entries that meet the conditions to a folder that is not there, or is empty. ``option`` is named in errors.

    Raises FileError and UserError."""
    refuse_folders(folder, {"the archive that is read": archive.path}, option, below=True)
    selection = Selection(archive, wanted)
    classes = selection.classes()
    frames = 0
    with folder_beside(folder, option) as scratch:
        made = scratch / "export"
        made.mkdir()
        writer = _WRITERS[form](made, classes)
        for frame in selection.frames(classes):
            writer.add(frame)
            frames += 1
        if not frames:
            why = ", ".join(f"{count} {reason}" for reason, count in selection.left_out.items())
            raise UserError(f"archive {archive.path}: no entry that can be exported ({why})")
        labels = writer.close()
        write_text(made / "README.txt", f"{PREDICTED}\n")
        take_place(made, folder, option)
    return Exported(
        folder=str(folder), form=form, classes=classes, frames=frames, labels=labels, predicted=True,
        left_out=dict(selection.left_out),
    )  # fmt: skip
