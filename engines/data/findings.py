"""Errors and remarks found by a check, each with the lines that show it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from engines.data.dataset import PREDICTED, Dataset, LabelledFrame, Survey
from engines.data.groups import join_groups
from engines.data.mask_files import MaskFiles
from engines.data.mask_labels import listed_mask
from engines.data.run_length_labels import RunLengthLabels
from engines.data.split import TRAINING, Split
from engines.files.folders import files_in, with_suffix
from engines.files.looking import is_folder
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


def data_findings(
    survey: Survey,
    unreadable: Sequence[str],
    duplicates: Sequence[Duplicate],
    identical: Sequence[Sequence[LabelledFrame]],
) -> list[Finding]:
    """Findings about the frames and their labels. ``duplicates`` join every group of near-duplicates by its fewest pairs, so that a group
    in two places has one of them in two places; ``identical`` are the sets of equal frames."""
    dataset = survey.dataset
    found = [Finding(True, problem) for problem in survey.problems]
    found += [Finding(True, problem) for problem in unreadable]
    if dataset.predicted:
        advice = "correct them, and say labels: given in a dataset.yaml"
        if survey.source.from_archive:
            advice = "review them (inspector view); labels: reviewed in a dataset.yaml takes only those that are"
        found.append(Finding(False, PREDICTED, advice))
    if dataset.reviewed:
        found.append(Finding(False, dataset.reviews_in_words))
    found += _class_findings(dataset)
    found += _contradictions(dataset, identical)
    found += _across_groups(survey, duplicates)
    found += _across_listed_splits(dataset, duplicates)
    found += _unused(survey)
    found += _without_effect(survey)
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
                f"{_count(_groups(leaks, duplicates), 'group')} of near-duplicates in two parts of the split: figures measured on one would be too good",
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


def _contradictions(dataset: Dataset, identical: Sequence[Sequence[LabelledFrame]]) -> list[Finding]:
    lines = []
    sets = 0
    for frames in identical:
        labels: dict[tuple[int, ...], LabelledFrame] = {}
        for frame in frames:
            if frame.located:
                labels.setdefault(frame.classes, frame)
        if len(labels) > 1:
            sets += 1
            told = [f"{frame.name} is {_label(frame, dataset)}" for frame in labels.values()]
            lines.append(f"of {len(frames)} identical frames, {', '.join(told)}")
    what = f"{_count(sets, 'set')} of identical frames with different labels"
    return [Finding(True, what, "correct them, or exclude the wrong ones", tuple(lines))] if sets else []


def _across_groups(survey: Survey, duplicates: Sequence[Duplicate]) -> list[Finding]:
    if survey.groups_by_similarity:
        return []
    group_of = {frame.name: frame.group for frame in survey.dataset.frames}
    apart = [one for one in duplicates if group_of[one.first] != group_of[one.second]]
    if not apart:
        return []
    named = f"{survey.groups_given_by}+found" if survey.groups_given_by else "found"
    advice = f"groups: {named} in a dataset.yaml joins them"
    what = f"{_count(_groups(apart, duplicates), 'group')} of near-duplicates in different groups, which a split may put in different parts"
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
    what = f"the split that the list of frames gives leaks: {_count(mixed, 'group')} and {_count(_groups(apart, duplicates), 'group')} of near-duplicates on both sides"
    return [
        Finding(False, what, "it is not used here; do not compare figures measured on it", tuple(map(_pair, apart)))
    ]


def _unused(survey: Survey) -> list[Finding]:
    """Files and rows that belong to no frame of the set. Not of an archive: a line may be adding to it, and `inspector archive check` tells them."""
    source, described = survey.source, survey.source.description
    if source.from_archive:
        return []
    images = source.place(described.images)
    files = files_in(images, with_suffix(SUFFIXES), below=True).files if is_folder(images) else ()
    extra = sorted(set(files) - {one.path for one in survey.listed})
    made = []
    if extra:
        what = f"{_count(len(extra), 'file')} of the image folder not in the list of frames"
        made.append(Finding(False, what, "", tuple(map(str, extra))))
    frames = [(one.name, one.relative) for one in survey.listed]
    if described.kind == "masks":
        masks = MaskFiles(source.place(described.masks))
        named = {
            os.path.abspath(listed_mask(source, one.listed.mask))
            for one in survey.listed
            if one.listed and one.listed.mask
        }
        strange = [
            path for path in map(masks.path_of, masks.compare(frames).strangers) if os.path.abspath(path) not in named
        ]
        if strange:
            made.append(Finding(False, f"{_count(len(strange), 'mask')} without a frame", "", tuple(map(str, strange))))
    else:
        labels = RunLengthLabels(source.place(described.csv))
        strangers = labels.labels.compare(frames).strangers
        if strangers:
            what = f"{labels.path}: rows of {_count(len(strangers), 'frame')} that are not here"
            made.append(Finding(False, what, "", strangers))
    return made


def _without_effect(survey: Survey) -> list[Finding]:
    """What the description names and the set does not have."""
    described = survey.source.description
    idle = [
        f"exclude: {pattern}"
        for pattern in described.exclude
        if not any(fnmatchcase(one.name, pattern) for one in survey.listed)
    ]
    splits = {one.listed.split for one in survey.listed if one.listed is not None}
    idle += [f"training_only: {value}" for value in described.training_only if value not in splits]
    what = f"{survey.source.origin}: {_count(len(idle), 'entry')} that no frame has"
    return [Finding(False, what, "correct or remove it", tuple(idle))] if idle else []


def _groups(some: Sequence[Duplicate], all_pairs: Sequence[Duplicate]) -> int:
    """How many groups of near-duplicates the pairs ``some`` are of."""
    names = {name: name for one in all_pairs for name in (one.first, one.second)}
    group = join_groups(names, ((one.first, one.second) for one in all_pairs))
    return len({group[one.first] for one in some})


def _count(number: int, what: str) -> str:
    several = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {what if number == 1 else several}"


def _pair(one: Duplicate) -> str:
    return (
        f"{one.first} and {one.second} ({'identical' if one.identical else f'{one.distance:.0%} of the hash differ'})"
    )


def _label(frame: LabelledFrame, dataset: Dataset) -> str:
    return ", ".join(dataset.classes[k] for k in frame.classes) or "clean"
