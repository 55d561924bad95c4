"""Writes an export: a whole new folder, or nothing."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Protocol

import msgspec

from engines.files.writing import folder_beside, refuse_folders, take_place, write_text
from inspector.archive.export.coco import CocoWriter
from inspector.archive.export.frames import NOT_OUTLINED, PREDICTED, REVIEWED, ExportedFrame, Selection
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
    """False where only reviewed entries were asked for; see `PREDICTED`."""
    reviewed: int
    """Frames that a person has reviewed."""
    left_out: dict[str, int]
    """Entries that meet the conditions, by why they are not exported."""


class _Writer(Protocol):
    def add(self, frame: ExportedFrame) -> bool: ...

    def close(self) -> int: ...


class _Make(Protocol):
    def __call__(self, folder: Path, classes: tuple[str, ...], *, predicted: bool) -> _Writer: ...


_WRITERS: dict[Form, _Make] = {
    Form.COCO: CocoWriter,
    Form.SEVERSTAL: SeverstalWriter,
    Form.YOLO: YoloWriter,
}


def export(archive: Archive, wanted: Filter, form: Form, folder: Path, option: str = "") -> Exported:
    """Write the entries that meet the conditions to a folder that is not there, or is empty: reviewed ones as they were reviewed, others as
    the segmenter found them. ``option`` is named in errors.

    Raises FileError and UserError."""
    refuse_folders(folder, {"the archive that is read": archive.path}, option, below=True)
    selection = Selection(archive, wanted)
    classes = selection.classes()
    frames = reviewed = 0
    predicted = wanted.reviewed is not True
    with folder_beside(folder, option) as scratch:
        made = scratch / "export"
        made.mkdir()
        writer = _WRITERS[form](made, classes, predicted=predicted)
        for frame in selection.frames(classes):
            if not writer.add(frame):
                selection.left_out[NOT_OUTLINED] += 1
                continue
            frames += 1
            reviewed += frame.truth is not None
        if not frames:
            why = ", ".join(f"{count} {reason}" for reason, count in selection.left_out.items())
            raise UserError(f"archive {archive.path}: no entry that can be exported ({why})")
        labels = writer.close()
        write_text(made / "README.txt", f"{whose_labels(predicted, reviewed, frames)}\n")
        take_place(made, folder, option)
    return Exported(
        folder=str(folder), form=form, classes=classes, frames=frames, labels=labels, predicted=predicted,
        reviewed=reviewed, left_out=dict(selection.left_out),
    )  # fmt: skip


def whose_labels(predicted: bool, reviewed: int, frames: int) -> str:
    """What is said of the labels of an export."""
    if not predicted:
        return REVIEWED
    return f"{PREDICTED} A person has reviewed {reviewed} of the {frames} frames." if reviewed else PREDICTED
