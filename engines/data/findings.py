"""Errors and remarks found by a check, each with the lines that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engines.data.dataset import Dataset, LabelledFrame, Survey
from engines.data.kaggle import read_kaggle_rows
from engines.data.split import TRAINING, Split
from engines.images.suffixes import SUFFIXES

FEW = 10
"""Fewer frames of a class than this are worth a remark."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two near-duplicates, by name."""

    first: str
    second: str
    distance: float
    """Share of the signs of their hashes that differ."""
    identical: bool
    """Pixel for pixel."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of error or remark."""

    is_error: bool
    """Whether it harms a training or makes figures wrong; otherwise it is a remark."""
    what: str
    advice: str = ""
    where: tuple[str, ...] = ()
    """A line for each case."""


def data_findings(survey: Survey, unreadable: Sequence[str], duplicates: Sequence[Duplicate]) -> list[Finding]:
    """Findings about the frames and their labels."""
    dataset = survey.dataset
    found = [Finding(True, problem) for problem in survey.problems]
    found += [Finding(True, problem) for problem in unreadable]
    found += _class_findings(dataset)
    found += _contradictions(dataset, duplicates)
    found += _across_groups(survey, duplicates)
    found += _across_listed_splits(dataset, duplicates)
    found += _unused(survey)
    return found


def split_findings(split: Split, dataset: Dataset, duplicates: Sequence[Duplicate]) -> list[Finding]:
    """Findings about a split that fits the data set."""
    part_of = {name: part for part, names in split.parts.items() for name in names}
    leaks = [one for one in duplicates if part_of[one.first] != part_of[one.second]]
    found = []
    if leaks:
        lines = (f"{_pair(one)}: {part_of[one.first]} and {part_of[one.second]}" for one in leaks)
        found.append(
            Finding(
                True,
                f"{_count(len(leaks), 'pair')} of near-duplicates in two parts of the split: figures measured on one would be too good",
                "make a new split with groups that join them (groups: found, or COLUMN+found, in a dataset.yaml)",
                tuple(lines),
            )
        )
    for part in split.parts:
        frames = split.frames(dataset, part)
        absent = [name for k, name in enumerate(dataset.classes) if not any(k in frame.classes for frame in frames)]
        if absent and not (split.folds and part == TRAINING):
            is_error = part == TRAINING
            found.append(Finding(is_error, f"part {part} of the split holds no frame of class {', '.join(absent)}"))
    return found


def blank_findings(blank: Sequence[tuple[str, str]]) -> list[Finding]:
    """The finding about frames that show nothing; ``blank`` has the name of each and why."""
    if not blank:
        return []
    return [
        Finding(
            True,
            f"{_count(len(blank), 'frame')} that a line would not inspect, because nothing can be seen",
            "exclude them in a dataset.yaml; they make figures wrong, whatever their label",
            tuple(f"{name}: {why}" for name, why in blank),
        )
    ]


def _class_findings(dataset: Dataset) -> list[Finding]:
    found = []
    for k, name in enumerate(dataset.classes):
        count = sum(k in frame.classes for frame in dataset.frames)
        if not count:
            found.append(Finding(True, f"class {name}: no frame of it", "add some, or take it out of classes"))
        elif count < FEW:
            found.append(
                Finding(False, f"class {name}: only {_count(count, 'frame')}; figures about it will mean little")
            )
    if all(frame.defective for frame in dataset.frames):
        found.append(Finding(False, "no clean frame: a segmenter can learn from this set, a gate cannot"))
    return found


def _contradictions(dataset: Dataset, duplicates: Sequence[Duplicate]) -> list[Finding]:
    frames = {frame.name: frame for frame in dataset.frames}
    at_odds = [
        one
        for one in duplicates
        if one.identical and frames[one.first].located and frames[one.second].located
        if frames[one.first].classes != frames[one.second].classes
    ]
    lines = tuple(
        f"{one.first} is {_label(frames[one.first], dataset)}, {one.second} {_label(frames[one.second], dataset)}"
        for one in at_odds
    )
    what = f"{_count(len(at_odds), 'pair')} of identical frames with different labels"
    return [Finding(True, what, "correct one of the two, or exclude it", lines)] if at_odds else []


def _across_groups(survey: Survey, duplicates: Sequence[Duplicate]) -> list[Finding]:
    if survey.groups_by_similarity:
        return []
    group_of = {frame.name: frame.group for frame in survey.dataset.frames}
    apart = [one for one in duplicates if group_of[one.first] != group_of[one.second]]
    if not apart:
        return []
    named = f"{survey.groups_given_by}+found" if survey.groups_given_by else "found"
    advice = f"groups: {named} in a dataset.yaml joins them"
    what = (
        f"{_count(len(apart), 'pair')} of near-duplicates in different groups, which a split may put in different parts"
    )
    return [Finding(False, what, advice, tuple(map(_pair, apart)))]


def _across_listed_splits(dataset: Dataset, duplicates: Sequence[Duplicate]) -> list[Finding]:
    """The split that the set's own list publishes is not used, but figures elsewhere may rest on it."""
    frames = {frame.name: frame for frame in dataset.frames}
    groups: dict[str, set[str]] = {}
    for frame in dataset.frames:
        groups.setdefault(frame.group, set()).add(frame.split)
    mixed = sum(len(splits) > 1 for splits in groups.values())
    apart = [one for one in duplicates if frames[one.first].split != frames[one.second].split]
    if not mixed and not apart:
        return []
    what = f"the split that the list of frames gives leaks: {_count(mixed, 'group')} and {_count(len(apart), 'pair')} of near-duplicates on both sides"
    return [
        Finding(False, what, "it is not used here; do not compare figures measured on it", tuple(map(_pair, apart)))
    ]


def _unused(survey: Survey) -> list[Finding]:
    """Files and rows that belong to no frame of the set."""
    source, described = survey.source, survey.source.description
    stems = {path.stem for path in survey.all_paths}
    images = set(_files(source.place(described.images))) - set(survey.all_paths)
    found = [("file", "of the image folder not in the list of frames", sorted(images))]
    if described.kind == "masks":
        masks = [path for path in _files(source.place(described.masks)) if path.stem not in stems]
        found.append(("mask", "without a frame", masks))
    made = [
        Finding(False, f"{_count(len(paths), what)} {which}", "", tuple(map(str, paths)))
        for what, which, paths in found
        if paths
    ]
    if described.kind == "kaggle":
        path = source.place(described.csv)
        strange = sorted({row.stem for row in read_kaggle_rows(path)} - stems)
        if strange:
            made.append(
                Finding(False, f"{path}: rows of {_count(len(strange), 'frame')} that are not here", "", tuple(strange))
            )
    return made


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _pair(one: Duplicate) -> str:
    return (
        f"{one.first} and {one.second} ({'identical' if one.identical else f'{one.distance:.0%} of the hash differ'})"
    )


def _label(frame: LabelledFrame, dataset: Dataset) -> str:
    return ", ".join(dataset.classes[k] for k in frame.classes) or "clean"
