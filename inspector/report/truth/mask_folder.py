"""Truth from a folder of mask images, one for a frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engines.data.labels import Candidate
from engines.data.mask_files import MaskFiles
from engines.data.mask_labels import truth_by_mask
from engines.data.mask_values import MaskValues, binary_problem, doubt, style_of, values_in, values_of_all
from engines.data.masks import MaskStyle
from engines.data.matching import require_match
from engines.data.threads import in_threads
from engines.errors import DataError, FileError
from engines.files.looking import is_folder
from inspector.errors import UserError
from inspector.report.truth.listed import ListedTruth, has_label, list_in, refuse
from inspector.report.truth.source import Bitmask, TruthError


class MaskFolder:
    """Truth of the frames that have a mask in a folder, ``<frame>.png`` or another image of that name; the others are not labelled.

    Read by the reader of data sets, and by its rules: where a ``frames.csv`` lies beside the folder, it says which frames are labelled,
    and must agree with what is drawn.
    """

    def __init__(
        self, folder: Path, classes: Sequence[str], height: int, width: int, style: MaskStyle | None = None
    ) -> None:
        """Without ``style`` it is told by the values that all masks hold. Raises UserError where the folder has no masks, where it is
        not clear what their values mean, or where the style cannot hold them or the classes."""
        self._classes, self._size = tuple(classes), (height, width)
        try:
            if not is_folder(folder):
                raise UserError(f"{folder}: is no folder; expected masks called <frame>.png in it")
            self._masks = MaskFiles(folder)
            self._listed = list_in(folder.absolute().parent)
        except (DataError, FileError) as error:
            raise UserError(str(error)) from None
        if not self._masks.paths:
            raise UserError(f"{folder}: holds no image file; expected masks called <frame>.png")
        values = values_of_all(in_threads(_values, self._masks.paths))
        self._style = style or _told_style(folder, values, classes, self._listed)
        if self._style is MaskStyle.BINARY and len(classes) != 1 and self._listed is None:
            raise UserError(
                f"{folder}: binary masks know one class, the model {len(classes)}; choose another mask style"
            )
        if self._style is MaskStyle.BINARY and (problem := binary_problem(values)):
            raise UserError(f"{folder}: masks {problem}; say with --mask-style what they mean")
        count = len(self._masks.paths)
        self.rule = f"{count} masks in {folder.name} ({self._style.value}); labelled are the frames that have one"

    def require_frames(self, names: Sequence[str]) -> str:
        """A note about masks of frames that are not among ``names``, all frames of the run; empty where there are none.

        Raises UserError where no mask is of one of them, and where names differ from those of the files only in zeros or capitals.
        """
        match = self._masks.compare([(name, "") for name in names])
        try:
            if self._listed is not None:
                self._listed.require_frames(names)
            return require_match(match, str(self._masks.folder), "masks", "frames replayed", len(names))
        except DataError as error:
            raise UserError(str(error)) from None

    def mask(self, camera: str, number: int, name: str) -> Bitmask | None:
        """Truth of the frame called ``name``; None where it has no mask or is not labelled. Raises TruthError."""
        try:
            path = self._masks.find(name) if name else None
            row = None if self._listed is None or path is None else self._listed.row(name)
            if path is None or (self._listed is not None and (row is None or not has_label(row))):
                return None
            candidate = Candidate(name, path, name, row, self._size)
            values = values_in(path, self._size)
            truth = truth_by_mask(candidate, path, values, self._style, self._classes, refuse)
            return None if truth is None else truth.label.bitmask(self._size)
        except DataError as error:
            raise TruthError(str(error)) from None


def _told_style(folder: Path, values: MaskValues, classes: Sequence[str], listed: ListedTruth | None) -> MaskStyle:
    """The style that the values of all masks tell. Raises UserError where they leave doubt."""
    simulated = listed is not None and listed.is_simulated
    style = style_of(values, classes, simulated=simulated, lists_classes=listed is not None)
    if style is None:
        raise UserError(f"{folder}: {doubt(values, classes)}; say with --mask-style what they mean")
    return style


def _values(path: Path) -> MaskValues:
    """None of a mask that cannot be read: that is told when its frame comes."""
    try:
        return values_in(path, None)
    except DataError:
        return values_of_all([])
