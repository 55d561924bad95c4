"""Truth from a Kaggle CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engines.data.description import Source
from engines.data.kaggle import KaggleRow, read_kaggle_rows
from engines.data.known import class_names
from engines.data.labels import (
    Candidate,
    GroundTruth,
    Label,
    Labelling,
    NothingDrawn,
    OnProblem,
    RunLengthLabel,
    combined_truth,
)
from engines.data.matching import Labels, require_match
from engines.data.run_lengths import Runs, parse_runs
from engines.errors import DataError
from engines.files.text import brief

MOST_CLASSES = 8
"""A class is a bit of a byte."""


class RunLengthLabels:
    """The labels in a Kaggle CSV: the one reader of such a file, of data sets and of a replay's truth.

    A row belongs to a frame by its name; see :mod:`engines.data.matching`.

    The CSV names defects, and some variants name clean frames too (by empty encodings). A frame without a row is

    1. as the list of frames says, where there is one (labelled frames without a row are clean);
    2. else not labelled, where the CSV has empty encodings: it evidently lists the clean ones too;
    3. else clean: Kaggle's own convention for ``train.csv``.
    """

    def __init__(self, path: Path) -> None:
        """Read the whole file. Raises DataError naming file and row; runs are checked with their frame."""
        self.path = path
        rows = list(read_kaggle_rows(path))
        beyond = next((row for row in rows if row.class_number > MOST_CLASSES), None)
        if beyond is not None:
            raise DataError(
                f"{path}: row {beyond.row}: class {beyond.class_number}; a data set has at most {MOST_CLASSES}"
            )
        self.highest_class = max((row.class_number for row in rows), default=0)
        """From 1; 0 where the file has no row."""
        self.lists_clean = any(not row.encoded.strip() for row in rows)
        """Whether any encoding is empty."""
        self._rows = rows
        self.labels = Labels((row.image, row) for row in rows)
        """The rows of each frame."""

    def check_classes(self, class_count: int, on_problem: OnProblem) -> None:
        """Tell each row whose class is beyond ``class_count``."""
        for row in self._rows:
            if not 1 <= row.class_number <= class_count:
                on_problem(f"{self.path}: row {row.row}: class {row.class_number}; expected 1..{class_count}")

    def has_label(self, candidate: Candidate) -> bool:
        """Whether the candidate is labelled at all, by its row or by the rule for frames without one. Raises DataError for one whose
        row cannot be told from those of others."""
        return candidate.listed is not None or not self.lists_clean or bool(self._of(candidate))

    def truth(self, candidate: Candidate, classes: Sequence[str], on_problem: OnProblem) -> GroundTruth | None:
        """What is known of a labelled candidate; None, after telling why, where a row is bad or contradicts the list of frames."""
        runs = self._runs(candidate, len(classes), on_problem)
        if runs is None:
            return None
        label: Label = RunLengthLabel(runs) if runs else NothingDrawn()
        return combined_truth(candidate, label, tuple(k for k, _ in runs), classes, on_problem)

    def _runs(
        self, candidate: Candidate, class_count: int, on_problem: OnProblem
    ) -> tuple[tuple[int, Runs], ...] | None:
        """Runs by class index, those of empty cells left out; None, after telling why, where a row is bad."""
        found: dict[int, Runs] = {}
        sound = True
        try:
            rows = self._of(candidate)
        except DataError as error:
            on_problem(f"{self.path}: {error}")
            return None
        for row in rows:
            index = row.class_number - 1
            if not 0 <= index < class_count:
                sound = False
                continue
            if index in found:
                on_problem(
                    f"{self.path}: row {row.row}: {brief(row.image)} has a second row for class {row.class_number}; join them"
                )
                sound = False
            try:
                found[index] = parse_runs(row.encoded, candidate.size[0] * candidate.size[1])
            except ValueError as error:
                on_problem(f"{self.path}: row {row.row} ({brief(row.image)}, class {row.class_number}): {error}")
                sound = False
        return tuple((k, found[k]) for k in sorted(found) if len(found[k])) if sound else None

    def _of(self, candidate: Candidate) -> tuple[KaggleRow, ...]:
        return self.labels.find(candidate.name, candidate.relative)


def label_by_run_lengths(
    source: Source, candidates: Sequence[Candidate], considered: Sequence[Candidate], on_problem: OnProblem
) -> Labelling:
    """Label the candidates by the CSV of ``source``. Raises DataError where it has rows, and none is of the frames ``considered``."""
    labels = RunLengthLabels(source.place(source.description.csv))
    match = labels.labels.compare([(one.name, one.relative) for one in considered])
    require_match(match, str(labels.path), "frames", f"of {source.place(source.description.images)}", len(considered))
    sizes = {one.size for one in candidates}
    classes = source.description.classes or class_names("kaggle", sizes, labels.highest_class)
    if not classes:
        raise DataError(f"{labels.path}: no defect in it; name the classes in a dataset.yaml if all frames are clean")
    labels.check_classes(len(classes), on_problem)
    labelling = Labelling(tuple(classes))
    for candidate in candidates:
        try:
            labelled = labels.has_label(candidate)
        except DataError as error:
            on_problem(f"{labels.path}: {error}")
            continue
        truth = labels.truth(candidate, classes, on_problem) if labelled else None
        if not labelled:
            labelling.unlabelled.add(candidate.name)
        elif truth is not None:
            labelling.truths[candidate.name] = truth
    return labelling
