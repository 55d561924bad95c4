"""Truth from a Kaggle CSV."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from engines.data.description import Source
from engines.data.kaggle import KaggleRow, read_kaggle_rows
from engines.data.known import class_names
from engines.data.labels import Candidate, Complain, Label, Labelling, NothingDrawn, RunLengthLabel, combined_truth
from engines.data.run_lengths import Runs, parse_runs
from engines.errors import DataError

MOST_CLASSES = 8
"""A class is a bit of a byte."""


def label_by_run_lengths(source: Source, candidates: Sequence[Candidate], complain: Complain) -> Labelling:
    """Label the candidates by the CSV of ``source``.

    The CSV names defects, and some variants name clean frames too (by empty encodings). A frame without a row is

    1. as the list of frames says, where there is one (labelled frames without a row are clean);
    2. else not labelled, where the CSV has empty encodings: it evidently lists the clean ones too;
    3. else clean: Kaggle's own convention for ``train.csv``.
    """
    path = source.place(source.description.csv)
    rows = list(read_kaggle_rows(path))
    highest = max((row.class_number for row in rows), default=0)
    beyond = next((row for row in rows if row.class_number > MOST_CLASSES), None)
    if beyond is not None:
        raise DataError(f"{path}: row {beyond.row}: class {beyond.class_number}; a data set has at most {MOST_CLASSES}")
    classes = source.description.classes or class_names("kaggle", {one.size for one in candidates}, highest)
    if not classes:
        raise DataError(f"{path}: no defect in it; name the classes in a dataset.yaml if all frames are clean")
    by_stem: dict[str, list[KaggleRow]] = defaultdict(list)
    for row in rows:
        if not 1 <= row.class_number <= len(classes):
            complain(f"{path}: row {row.row}: class {row.class_number}; expected 1..{len(classes)}")
        by_stem[row.stem].append(row)
    lists_clean = any(not row.encoded.strip() for row in rows)
    labelling = Labelling(tuple(classes))
    for candidate in candidates:
        mine = by_stem.get(candidate.path.stem, [])
        if candidate.listed is None and lists_clean and not mine:
            labelling.unlabelled.add(candidate.name)
            continue
        runs = _parsed(source, candidate, mine, len(classes), complain)
        if runs is None:
            continue
        label: Label = RunLengthLabel(runs) if runs else NothingDrawn()
        truth = combined_truth(candidate, label, tuple(k for k, _ in runs), classes, complain)
        if truth is not None:
            labelling.truths[candidate.name] = truth
    return labelling


def _parsed(
    source: Source, candidate: Candidate, rows: Sequence[KaggleRow], class_count: int, complain: Complain
) -> tuple[tuple[int, Runs], ...] | None:
    """Runs by class index, those of empty cells left out; None, after complaining, where a row is bad."""
    path = source.place(source.description.csv)
    found: dict[int, Runs] = {}
    sound = True
    for row in rows:
        index = row.class_number - 1
        if not 0 <= index < class_count:
            sound = False
            continue
        if index in found:
            complain(f"{path}: row {row.row}: {row.stem} has a second row for class {row.class_number}; join them")
            sound = False
        try:
            found[index] = parse_runs(row.encoded, candidate.size[0] * candidate.size[1])
        except ValueError as error:
            complain(f"{path}: row {row.row} ({row.stem}, class {row.class_number}): {error}")
            sound = False
    return tuple((k, found[k]) for k in sorted(found) if len(found[k])) if sound else None
