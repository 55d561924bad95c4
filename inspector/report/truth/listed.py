"""The list of frames in the same folder as the labels, for a replay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engines.data.frame_list import FILE, ListedFrame, read_frame_list
from engines.data.matching import Labels, require_match
from engines.errors import DataError
from engines.files.looking import is_file
from engines.files.text import brief


class ListedTruth:
    """What a ``frames.csv`` says about the frames of a replay, which are known by name."""

    def __init__(self, path: Path) -> None:
        """Raises DataError for a list that cannot be read: guessing would score wrongly."""
        frames = read_frame_list(path)
        self.path = path
        self.is_simulated = frames.is_simulated
        self.rows = frames.rows
        self.labels = Labels((row.image, row) for row in frames.rows)

    def row(self, name: str, relative: str = "") -> ListedFrame | None:
        """The row of a frame, named as in `Labels.find`; None where there is none. Raises DataError where several may be meant."""
        found = self.labels.find(name, relative)
        other = next((one for one in found if _label(one) != _label(found[0])), None)
        if other is not None:
            raise DataError(
                f"{self.path}: row {other.row}: {brief(name)} is labelled otherwise than in row {found[0].row}"
            )
        return found[0] if found else None

    def require_frames(self, names: Sequence[str]) -> None:
        """Raises DataError where the list has none of the frames of a run."""
        match = self.labels.compare([(name, "") for name in names])
        require_match(match, str(self.path), "frames", "frames replayed", len(names))

    @property
    def with_label(self) -> int:
        """How many frames are labelled."""
        return sum(map(has_label, self.rows))


def list_in(folder: Path) -> ListedTruth | None:
    """The list in ``folder``; None where there is none. Raises DataError, and FileError where that cannot be known."""
    path = folder / FILE
    return ListedTruth(path) if is_file(path) else None


def has_label(row: ListedFrame) -> bool:
    """Whether the list says that the frame is labelled, and does not say that the mask of a defect is missing."""
    return row.labelled and row.located


def _label(row: ListedFrame) -> tuple[object, ...]:
    return row.classes, row.defective, row.located, row.labelled


def refuse(problem: str) -> None:
    """For readers that stop at the first problem."""
    raise DataError(problem)
