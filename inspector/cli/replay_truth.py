"""The truth that ``inspector replay`` compares results with, where it is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inspector.cli.output import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspector.capture.preparation import Preparation
    from inspector.report.truth import KaggleTruth, MaskFolder, Truth


class TruthOptions:
    """Where the truth of the frames is, where there is any."""

    def __init__(self, masks: Path | None, mask_style: str | None, csv: Path | None) -> None:
        """Raises UserError where both are given."""
        from inspector.errors import UserError

        if masks is not None and csv is not None:
            raise UserError("--masks and --csv are two sources of truth; give only one of them")
        self._masks, self._style, self._csv = masks, mask_style, csv

    def read(self, classes: Sequence[str], preparation: Preparation, frames: Sequence[str]) -> Truth | None:
        """The truth of a run with these ``frames``; labels of other frames are noted on stderr.

        Raises UserError for what cannot be read, for labels of which none is of one of the frames, and where frames are judged in another
        geometry than they are labelled in.
        """
        from inspector.errors import UserError

        if (self._masks or self._csv) and preparation.fit.mode not in ("refuse", "tile"):
            option = "--masks" if self._masks else "--csv"
            raise UserError(
                f"{option}: labels are of whole frames and cannot be compared where the fit is {preparation.fit.mode}; use --fit tile, or "
                "leave the labels out"
            )
        truth = self._read(classes, *preparation.judged)
        note = truth.require_frames(frames) if truth is not None else ""
        if note:
            tell(f"inspector: note: {note}", err=True)
        return truth

    def _read(self, classes: Sequence[str], height: int, width: int) -> KaggleTruth | MaskFolder | None:
        from inspector.errors import UserError
        from inspector.report.truth import KaggleTruth, MaskFolder, MaskStyle

        if self._csv is not None:
            return KaggleTruth(self._csv, classes, height, width)
        if self._masks is None:
            return None
        if self._style is not None and self._style not in {style.value for style in MaskStyle}:
            known = ", ".join(style.value for style in MaskStyle)
            raise UserError(f"--mask-style: {self._style!r} is not known; use one of {known}")
        style = None if self._style is None else MaskStyle(self._style)
        return MaskFolder(self._masks, classes, height, width, style)
