"""Truth from a CSV of run lengths, as the Kaggle set "Severstal: Steel Defect Detection" has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np

from engines.data.frame_list import FILE, ListedFrame
from engines.data.labels import Candidate, GroundTruth
from engines.data.run_length_labels import RunLengthLabels
from engines.errors import DataError
from inspector.errors import UserError
from inspector.report.truth.listed import has_mask, list_in, rows_by_stem
from inspector.report.truth.source import Bitmask


class KaggleTruth:
    """Truth of the frames that a CSV lists, by file name without suffix, so that a lossless copy keeps its label.

    Read by the reader of data sets, and by its rules: where a ``frames.csv`` lies beside the CSV, it says which frames are labelled, and
    must agree with what is drawn; see ``RunLengthLabels`` for frames without a row. ``rule`` states what was found.
    """

    def __init__(self, path: Path, classes: Sequence[str], height: int, width: int) -> None:
        """Read and check the whole file for frames of this size, px. Raises UserError naming the file and the row."""
        self._size = (height, width)
        try:
            self._labels = RunLengthLabels(path)
            frames = list_in(path.parent)
            self._listed = None if frames is None else rows_by_stem(frames)
            self._labels.check_classes(len(classes), _refuse)
            # Also rows of frames that no one asks for: a file with a bad row is not to be trusted.
            self._truths = {stem: self._truth(stem, classes) for stem in {*self._labels.stems, *(self._listed or ())}}
        except DataError as error:
            raise UserError(str(error)) from None
        self.rule = self._rule()

    def mask(self, camera: str, number: int, name: str) -> Bitmask | None:
        """Truth of the frame whose file is called ``name``; None where it is not labelled, or is defective but not outlined."""
        stem = PurePath(name).stem
        if not stem or not self._is_labelled(stem):
            return None
        truth = self._truths.get(stem)
        return np.zeros(self._size, np.uint8) if truth is None else truth.label.bitmask(self._size)

    def _is_labelled(self, stem: str) -> bool:
        if self._listed is not None:
            row = self._listed.get(stem)
            return row is not None and has_mask(row)
        return self._labels.has_label(self._candidate(stem, None))

    def _truth(self, stem: str, classes: Sequence[str]) -> GroundTruth | None:
        row = None if self._listed is None else self._listed.get(stem)
        return self._labels.truth(self._candidate(stem, row), classes, _refuse)

    def _candidate(self, stem: str, row: ListedFrame | None) -> Candidate:
        path = self._labels.path.parent / (stem if row is None else row.image)
        return Candidate(stem, path, stem, row, self._size)

    def _rule(self) -> str:
        told = f"run lengths of {self._labels.path.name}"
        if self._listed is not None:
            count = sum(map(has_mask, self._listed.values()))
            return f"{told}; labelled are the {count} frames with a label in {FILE} beside it"
        if self._labels.lists_clean:
            count = len(self._labels.stems)
            return f"{told}; it lists clean frames too, so that labelled are the {count} frames with a row"
        return f"{told}; it lists defects only, so that a frame without a row counts as clean (Kaggle's convention)"


def _refuse(problem: str) -> None:
    raise DataError(problem)
