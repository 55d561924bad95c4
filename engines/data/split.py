"""Splits by group, stratified by class: which frames are for training, calibration and validation; stored in a file."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.data.dataset import Dataset, LabelledFrame
from engines.data.file_errors import as_data_errors
from engines.data.stratify import Counts, deal_groups
from engines.errors import DataError, FileError
from engines.files.looking import is_file
from engines.files.reading import first_line
from engines.files.tables import read_table
from engines.files.writing import text_output

TRAINING = "training"
"""The part that also has frames that cannot be used for measuring; a split into folds has it only where there are such frames."""

FOLD = "fold-"
"""Prefix of the names of folds, followed by a number."""

_COLUMNS = ("name", "group", "part", "classes")


@dataclass(frozen=True, slots=True)
class Split:
    """Names of the frames of each part; no frame, and no group, is in two."""

    parts: dict[str, tuple[str, ...]]
    id: str
    """Digest of which frame is in which part."""

    @property
    def folds(self) -> tuple[str, ...]:
        """Names of the parts that are folds; empty for a split of another kind."""
        return tuple(name for name in self.parts if name.startswith(FOLD))

    def frames(self, dataset: Dataset, *parts: str) -> tuple[LabelledFrame, ...]:
        """The frames of the named parts, in the order of the data set. Raises DataError for a part there is not."""
        for part in parts:
            if part not in self.parts:
                raise DataError(f"split: has no part {part!r}; it has {', '.join(self.parts)}")
        wanted = {name for part in parts for name in self.parts[part]}
        return tuple(frame for frame in dataset.frames if frame.name in wanted)


def make_split(dataset: Dataset, fractions: Mapping[str, float], seed: int) -> Split:
    """Assign the groups of ``dataset`` to named parts by their ``fractions``, which add up to 1; the same for the same seed.

    Every part gets its share of the clean frames and of each class as far as the groups allow. A group with a frame
    that cannot be used for measuring (defective but not outlined, or for training only) goes to ``training`` as a whole.
    Raises DataError for impossible fractions, a class without a frame, or a part that would stay empty.
    """
    _check_fractions(fractions)
    refuse_empty_classes(dataset)
    groups: dict[str, list[LabelledFrame]] = defaultdict(list)
    for frame in sorted(dataset.frames, key=lambda one: one.name):
        groups[frame.group].append(frame)
    fixed = {group for group, frames in groups.items() if any(one.training_only or not one.located for one in frames)}
    free = [group for group in groups if group not in fixed]
    part_of = dict.fromkeys(fixed, TRAINING)
    labels = {group: _labels(frames, len(dataset.classes)) for group, frames in groups.items()}
    held = {TRAINING: sum((labels[group] for group in fixed), np.zeros(len(dataset.classes) + 2, np.int64))}
    part_of.update(deal_groups({group: labels[group] for group in free}, fractions, held, seed))
    names: dict[str, list[str]] = {part: [] for part in (*fractions, *([TRAINING] if fixed else []))}
    for group, frames in groups.items():
        names[part_of[group]] += [one.name for one in frames]
    empty = next((part for part, members in names.items() if not members), None)
    if empty is not None:
        raise DataError(
            f"{dataset.name}: part {empty!r} would be empty: {len(free)} groups for {len(fractions)} parts; a group stays together (of an archive: "
            "the frames of a run); label more groups, or ask for fewer parts (inspector data split --parts) or a larger share"
        )
    return _split({part: tuple(sorted(members)) for part, members in names.items()})


def fold_fractions(count: int) -> dict[str, float]:
    """Fractions of ``count`` equal folds, called ``fold-0``... Raises DataError for fewer than 2."""
    if count < 2:
        raise DataError(f"folds: found {count}, expected 2 or more")
    return {f"{FOLD}{number}": 1 / count for number in range(count)}


def require_split_place(path: Path) -> None:
    """Raise FileError where a file is there that is no split: it may be one of the data set's."""
    if is_file(path) and first_line(path) != ",".join(_COLUMNS):
        raise FileError(f"{path}: is there already and is no split; name another file")


def write_split(split: Split, dataset: Dataset, path: Path) -> None:
    """Write ``name,group,part,classes`` as CSV, classes by name, separated by ``|``. Raises FileError.

    Names are written as they are, also those that a spreadsheet would take for formulas: `read_split` looks for the same names.
    """
    part_of = {name: part for part, names in split.parts.items() for name in names}
    with text_output(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for part in split.parts:
            for frame in (one for one in dataset.frames if part_of.get(one.name) == part):
                label = "|".join(dataset.classes[k] for k in frame.classes)
                writer.writerow((frame.name, frame.group, part, label))


@as_data_errors()
def read_split(path: Path, dataset: Dataset) -> Split:
    """The split in ``path``. Raises DataError where it does not fit ``dataset``: a frame that is missing from it or
    that the data set does not have, other classes than now, a group in two parts, or a frame for training only in another part."""
    frames = {one.name: one for one in dataset.frames}
    rows = list(read_table(path, _COLUMNS))
    parts: dict[str, list[str]] = {}
    part_of_group: dict[str, tuple[str, int]] = {}
    seen: dict[str, int] = {}
    for row, record in rows:
        name, part = record["name"], record["part"]
        frame = frames.get(name)
        if frame is None:
            raise DataError(f"{path}: row {row}: {name} is not in the data set {dataset.name}; make a new split")
        if not part or name in seen:
            why = f"{name} is already in row {seen[name]}" if part else f"no part of {name}"
            raise DataError(f"{path}: row {row}: {why}")
        seen[name] = row
        label = "|".join(dataset.classes[k] for k in frame.classes)
        if label != record["classes"]:
            raise DataError(
                f"{path}: row {row}: {name} is {record['classes'] or 'clean'} in the split, but {label or 'clean'} in the "
                f"data set {dataset.name}; make a new split"
            )
        for group in {frame.group, record["group"]} - {""}:
            other, first = part_of_group.setdefault(group, (part, row))
            if other != part:
                raise DataError(
                    f"{path}: row {row}: {name} is in {part}, but row {first} of the same group {group} is in {other}"
                )
        if part != TRAINING and frame.training_only:
            raise DataError(f"{path}: row {row}: {name} is for training only; move it and its group to {TRAINING}")
        parts.setdefault(part, []).append(name)
    missing = next((name for name in frames if name not in seen), None)
    if missing is not None:
        raise DataError(
            f"{path}: names {len(seen)} frames, but not {missing} of the data set {dataset.name}; make a new split"
        )
    return _split({part: tuple(sorted(names)) for part, names in parts.items()})


def refuse_empty_classes(dataset: Dataset) -> None:
    """Raise DataError where a class has no frame, because it cannot be trained."""
    present = {k for frame in dataset.frames for k in frame.classes}
    absent = [name for k, name in enumerate(dataset.classes) if k not in present]
    if absent:
        raise DataError(
            f"{dataset.name}: no frame of class {', '.join(absent)}; add frames of it or take it out of classes in the dataset.yaml"
        )


def _check_fractions(fractions: Mapping[str, float]) -> None:
    wrong = next((f"{part}: {share}" for part, share in fractions.items() if not 0 < share <= 1), None)
    if not fractions or wrong is not None or abs(sum(fractions.values()) - 1) > 1e-6:
        found = wrong or ", ".join(f"{part} {share:g}" for part, share in fractions.items()) or "none"
        raise DataError(f"fractions of the parts: found {found}; expected shares above 0 that add up to 1")


def _split(parts: dict[str, tuple[str, ...]]) -> Split:
    told = repr(sorted((part, sorted(names)) for part, names in parts.items()))
    return Split(parts, hashlib.sha256(told.encode()).hexdigest()[:16])


def _labels(frames: Sequence[LabelledFrame], classes: int) -> Counts:
    """How many frames of a group are clean, of each class, and of several: ``int64 [1 + K + 1]``."""
    counts = np.zeros(classes + 2, np.int64)
    for frame in frames:
        counts[0] += not frame.defective
        for k in frame.classes:
            counts[k + 1] += 1
        counts[-1] += len(frame.classes) > 1
    return counts
