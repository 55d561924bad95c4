"""Truth from a folder of mask images, one PNG a frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from engines.data.frame_list import FrameList
from engines.data.labels import Candidate
from engines.data.mask_labels import Values, highest_value, style_of, truth_by_mask, values_in, values_of_all
from engines.data.masks import MaskStyle
from engines.data.threads import in_threads
from engines.errors import DataError
from inspector.errors import UserError
from inspector.report.truth.listed import has_mask, list_in, rows_by_stem
from inspector.report.truth.source import Bitmask, TruthError


class MaskFolder:
    """Truth of the frames that have a file ``<stem>.png`` in a folder; the others are not labelled.

    Read by the reader of data sets, and by its rules: where a ``frames.csv`` lies beside the folder, it says which frames are labelled,
    and must agree with what is drawn.
    """

    def __init__(
        self, folder: Path, classes: Sequence[str], height: int, width: int, style: MaskStyle | None = None
    ) -> None:
        """Without ``style`` it is told by the values that all masks hold. Raises UserError where the folder has no masks or the style
        cannot hold the classes."""
        if not folder.is_dir():
            raise UserError(f"{folder}: is no folder; expected masks called <frame>.png in it")
        paths = sorted(folder.glob("*.png"))
        if not paths:
            raise UserError(f"{folder}: holds no .png file; expected masks called <frame>.png")
        self._folder, self._classes, self._size = folder, tuple(classes), (height, width)
        try:
            frames = list_in(folder.absolute().parent)
            self._listed = None if frames is None else rows_by_stem(frames)
        except DataError as error:
            raise UserError(str(error)) from None
        self._style = style or _told_style(folder, paths, classes, frames)
        if self._style is MaskStyle.BINARY and len(classes) != 1 and frames is None:
            raise UserError(
                f"{folder}: binary masks know one class, the model {len(classes)}; choose another mask style"
            )
        self.rule = f"{len(paths)} masks in {folder.name} ({self._style.value}); labelled are the frames that have one"

    def mask(self, camera: str, number: int, name: str) -> Bitmask | None:
        """Truth of the frame whose file is called ``name``; None where it has no mask or is not labelled. Raises TruthError."""
        stem = PurePath(name).stem
        path = self._folder / f"{stem}.png"
        row = None if self._listed is None else self._listed.get(stem)
        if not stem or not path.is_file() or (self._listed is not None and (row is None or not has_mask(row))):
            return None
        try:
            candidate = Candidate(stem, path, stem, row, self._size)
            values = values_in(path, self._size)
            truth = truth_by_mask(candidate, path, values, self._style, self._classes, _refuse)
            return None if truth is None else truth.label.bitmask(self._size)
        except DataError as error:
            raise TruthError(str(error)) from None


def _told_style(folder: Path, paths: Sequence[Path], classes: Sequence[str], frames: FrameList | None) -> MaskStyle:
    """The style that the values of all masks tell. Raises UserError where they fit none."""
    present = values_of_all(in_threads(_values, paths))
    style = style_of(present, classes, frames)
    if style is None:
        raise UserError(
            f"{folder}: masks with values up to {highest_value(present)} for {len(classes)} classes; say with --mask-style what they mean"
        )
    return style


def _values(path: Path) -> Values:
    """None of a mask that cannot be read: that is told when its frame comes."""
    try:
        return values_in(path, None)
    except DataError:
        return values_of_all([])


def _refuse(problem: str) -> None:
    raise DataError(problem)
