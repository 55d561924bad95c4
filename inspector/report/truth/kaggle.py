"""Truth from a CSV of run lengths, as the Kaggle set "Severstal: Steel Defect Detection" has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.data.frame_list import FILE, ListedFrame
from engines.data.labels import Candidate
from engines.data.matching import last_part, require_match
from engines.data.run_length_labels import RunLengthLabels
from engines.errors import DataError, FileError
from inspector.errors import UserError
from inspector.report.truth.listed import has_label, list_in, refuse
from inspector.report.truth.source import Bitmask, TruthError


class KaggleTruth:
    """Truth of the frames that a CSV lists, by file name without suffix, so that a lossless copy keeps its label.

    Read by the reader of data sets, and by its rules: where a ``frames.csv`` lies beside the CSV, it says which frames are labelled, and
    must agree with what is drawn; see ``RunLengthLabels`` for frames without a row. ``rule`` states what was found.
    """

    def __init__(self, path: Path, classes: Sequence[str], height: int, width: int) -> None:
        """Read and check the whole file for frames of this size, px. Raises UserError naming the file and the row."""
        self._classes, self._size = tuple(classes), (height, width)
        try:
            self._labels = RunLengthLabels(path)
            self._listed = list_in(path.parent)
            self._labels.check_classes(len(classes), refuse)
            # Also rows of frames that no one asks for: a file with a bad row is not to be trusted.
            for told in (*self._labels.labels.names, *(self._listed.labels.names if self._listed else ())):
                self._labels.truth(self._candidate(last_part(told), told), classes, refuse)
        except (DataError, FileError) as error:
            raise UserError(str(error)) from None
        self.rule = self._rule()

    def require_frames(self, names: Sequence[str]) -> str:
        """A note about labels of frames that are not among ``names``, all frames of the run; empty where there are none.

        Raises UserError where no label is of one of them, and where names differ from those of the files only in zeros or capitals.
        """
        match = self._labels.labels.compare([(name, "") for name in names])
        try:
            if self._listed is not None:
                self._listed.require_frames(names)
                if match.none:  # none of these frames is defective: the list says so
                    return ""
            return require_match(match, str(self._labels.path), "frames", "frames replayed", len(names))
        except DataError as error:
            raise UserError(str(error)) from None

    def mask(self, camera: str, number: int, name: str) -> Bitmask | None:
        """Truth of the frame called ``name``; None where it is not labelled, or is defective but not outlined. Raises TruthError."""
        try:
            candidate = self._candidate(name)
            if not name or not self._is_labelled(candidate):
                return None
            truth = self._labels.truth(candidate, self._classes, refuse)
        except DataError as error:
            raise TruthError(str(error)) from None
        return np.zeros(self._size, np.uint8) if truth is None else truth.label.bitmask(self._size)

    def _is_labelled(self, candidate: Candidate) -> bool:
        if self._listed is not None:
            return candidate.listed is not None and has_label(candidate.listed)
        return self._labels.has_label(candidate)

    def _candidate(self, name: str, relative: str = "") -> Candidate:
        row: ListedFrame | None = None if self._listed is None else self._listed.row(name, relative)
        path = self._labels.path.parent / (name if row is None else row.image)
        return Candidate(name, path, relative, row, self._size)

    def _rule(self) -> str:
        told = f"run lengths of {self._labels.path.name}"
        if self._listed is not None:
            return f"{told}; labelled are the {self._listed.with_label} frames with a label in {FILE} beside it"
        if self._labels.lists_clean:
            count = len(self._labels.labels.names)
            return f"{told}; it lists clean frames too, so that labelled are the {count} frames with a row"
        return f"{told}; it lists defects only, so that a frame without a row counts as clean (Kaggle's convention)"
