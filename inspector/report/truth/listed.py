"""The list of frames in the same folder as the labels, for a replay: by file name without suffix."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from engines.data.frame_list import FILE, FrameList, ListedFrame, read_frame_list
from engines.errors import DataError


def list_in(folder: Path) -> FrameList | None:
    """The list in ``folder``; None where there is none. Raises DataError for one that cannot be read: guessing would score wrongly."""
    path = folder / FILE
    return read_frame_list(path) if path.is_file() else None


def rows_by_stem(frames: FrameList) -> dict[str, ListedFrame]:
    """The row of each frame. Raises DataError where two frames of one name are labelled differently: a replay knows names only."""
    rows: dict[str, ListedFrame] = {}
    for row in frames.rows:
        stem = PurePosixPath(row.image).stem
        other = rows.setdefault(stem, row)
        if (other.classes, other.defective, other.located, other.labelled) != (
            row.classes,
            row.defective,
            row.located,
            row.labelled,
        ):
            raise DataError(
                f"{frames.path}: row {row.row}: another frame called {stem}, in row {other.row}, is labelled differently"
            )
    return rows


def has_mask(row: ListedFrame) -> bool:
    """Whether the list says that the frame is labelled, and does not say that the mask of a defect is missing."""
    return row.labelled and row.located
