"""Checks a data set: counts, and errors that would harm a training or make measured figures wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from engines.data.dataset import UNUSABLE, Dataset, LabelledFrame, Survey, survey_dataset
from engines.data.file_errors import as_data_errors
from engines.data.findings import Duplicate, Finding, blank_findings, data_findings, split_findings
from engines.data.groups import join_groups
from engines.data.hashing import near_duplicates
from engines.data.range_findings import range_findings
from engines.data.scan import FrameScan, scan_frames
from engines.data.split import Split, read_split
from engines.errors import DataError

MOST_SHOWN = 300
"""Pairs of near-duplicates that a result keeps."""


@dataclass(frozen=True, slots=True)
class ClassBalance:
    """Frames, defects and pixels of one class."""

    name: str
    frames: int
    defects: int
    """Connected regions."""
    median_area_px: float
    pixel_share: float
    """Of all pixels."""


@dataclass(frozen=True, slots=True)
class PartBalance:
    """Frames of one part of a split."""

    part: str
    frames: int
    groups: int
    clean: int
    classes: dict[str, int]
    """Frames by class."""


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Frames that are like others, in groups: each is like one of its group at least."""

    groups: int
    frames: int
    """In these groups."""
    identical: int
    """Frames that are pixel for pixel equal to another."""
    shown: tuple[Duplicate, ...]
    """Some pairs, the closest first; of each group as many as it has frames, less one, but at most 300 in all, evenly chosen."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result."""

    name: str
    path: str
    id: str
    frames: int
    clean: int
    defective: int
    not_located: int
    """Defective frames without a mask of the defects."""
    training_only: int
    reviewed: int
    """Labels that a person has reviewed in the defect archive."""
    reviewers: int
    left_out: dict[str, int]
    height: int
    width: int
    sizes: dict[str, int]
    """Frames by size as stored."""
    classes: tuple[ClassBalance, ...]
    groups: int
    largest_group: int
    groups_given_by: str
    groups_by_similarity: bool
    near_duplicates: NearDuplicates
    parts: tuple[PartBalance, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether no error was found; remarks are no errors."""
        return not any(finding.is_error for finding in self.findings)


@dataclass(frozen=True, slots=True)
class CheckedDataset:
    """The result with its data set, for drawing."""

    checked: CheckResult
    dataset: Dataset


@as_data_errors()
def check_dataset(
    path: Path, split: Path | None = None, began: Callable[[int], Callable[[], None]] = lambda _: lambda: None
) -> CheckedDataset:
    """Read everything once and check it; ``split`` is a split file to check with it.

    ``began`` is called with the number of frames and returns what is called after each frame, from several threads.
    Raises DataError only where no data set can be read at all.
    """
    survey = survey_dataset(path, find_groups=False)
    whole = survey.dataset
    scans = scan_frames(whole.frames, len(whole.classes), (whole.height, whole.width), began(len(whole.frames)))
    duplicates = _duplicates(whole.frames, scans)
    alike = _identical(whole.frames, scans)
    findings = data_findings(survey, [scan.problem for scan in scans if scan.problem], duplicates, alike)
    dark = range_findings(whole.frames, scans)
    told = {name for finding in dark for name in finding.where}
    blanks = [(frame.name, scan.blank) for frame, scan in zip(whole.frames, scans, strict=True) if scan.blank]
    findings += dark + blank_findings([(name, why) for name, why in blanks if name not in told])
    joined = _joined(whole, duplicates) if survey.groups_by_similarity else whole
    parts: tuple[PartBalance, ...] = ()
    if split is not None:
        try:
            made = read_split(split, whole)
        except DataError as error:
            findings.append(Finding(True, str(error)))
        else:
            parts = _parts(made, joined)
            findings += split_findings(made, whole, duplicates)
    usable = [(frame, scan) for frame, scan in zip(joined.frames, scans, strict=True) if not scan.problem]
    dataset = replace(joined, frames=tuple(frame for frame, _ in usable))
    if not usable:
        raise DataError(f"{path}: none of its {len(scans)} frames can be read, the first: {scans[0].problem}")
    unreadable = len(scans) - len(usable)
    left_out = {**survey.left_out, **({UNUSABLE: survey.left_out.get(UNUSABLE, 0) + unreadable} if unreadable else {})}
    survey = replace(survey, left_out=left_out)
    near = _near_duplicates(duplicates, alike)
    checked = _checked(path, survey, dataset, [scan for _, scan in usable], near, parts, findings)
    return CheckedDataset(checked, dataset)


def _duplicates(frames: Sequence[LabelledFrame], scans: Sequence[FrameScan]) -> tuple[Duplicate, ...]:
    """Pairs of near-duplicates, by name, that join every group; frames that show nothing have no hash, but may be identical."""
    found = [
        Duplicate(frames[one].name, frames[other].name, round(distance, 3), scans[one].digest == scans[other].digest)
        for one, other, distance in near_duplicates(np.stack([scan.hash for scan in scans]))
    ]
    first: dict[bytes, str] = {}
    for frame, scan in zip(frames, scans, strict=True):
        if scan.digest and not scan.hash.any() and first.setdefault(scan.digest, frame.name) != frame.name:
            found.append(Duplicate(first[scan.digest], frame.name, 0.0, True))
    return tuple(sorted(found, key=lambda one: (one.distance, one.first, one.second)))


def _identical(frames: Sequence[LabelledFrame], scans: Sequence[FrameScan]) -> list[list[LabelledFrame]]:
    """The sets of two or more frames that are pixel for pixel equal."""
    sets: dict[bytes, list[LabelledFrame]] = {}
    for frame, scan in zip(frames, scans, strict=True):
        if scan.digest:
            sets.setdefault(scan.digest, []).append(frame)
    return [one for one in sets.values() if len(one) > 1]


def _near_duplicates(duplicates: Sequence[Duplicate], identical: Sequence[Sequence[LabelledFrame]]) -> NearDuplicates:
    names = {name for one in duplicates for name in (one.first, one.second)}
    step = max(len(duplicates) / MOST_SHOWN, 1)
    shown = tuple(duplicates[int(number * step)] for number in range(min(len(duplicates), MOST_SHOWN)))
    # As many links as frames, less one for each group.
    return NearDuplicates(len(names) - len(duplicates), len(names), sum(map(len, identical)), shown)


def _joined(dataset: Dataset, duplicates: Sequence[Duplicate]) -> Dataset:
    groups = join_groups(
        {frame.name: frame.group for frame in dataset.frames}, [(one.first, one.second) for one in duplicates]
    )
    return replace(dataset, frames=tuple(replace(frame, group=groups[frame.name]) for frame in dataset.frames))


def _parts(split: Split, dataset: Dataset) -> tuple[PartBalance, ...]:
    made = []
    for part in split.parts:
        frames = split.frames(dataset, part)
        classes = {name: sum(k in frame.classes for frame in frames) for k, name in enumerate(dataset.classes)}
        clean = sum(not frame.defective for frame in frames)
        made.append(PartBalance(part, len(frames), len({frame.group for frame in frames}), clean, classes))
    return tuple(made)


def _checked(
    path: Path,
    survey: Survey,
    dataset: Dataset,
    scans: Sequence[FrameScan],
    near: NearDuplicates,
    parts: tuple[PartBalance, ...],
    findings: Sequence[Finding],
) -> CheckResult:
    frames = dataset.frames
    groups = Counter(frame.group for frame in frames)
    return CheckResult(
        name=dataset.name,
        path=str(path),
        id=dataset.id,
        frames=len(frames),
        clean=sum(not frame.defective for frame in frames),
        defective=sum(frame.defective for frame in frames),
        not_located=sum(not frame.located for frame in frames),
        training_only=sum(frame.training_only for frame in frames),
        reviewed=survey.dataset.reviewed,
        reviewers=survey.dataset.reviewers,
        left_out=survey.left_out,
        height=dataset.height,
        width=dataset.width,
        sizes={f"{height}x{width}": count for (height, width), count in Counter(survey.sizes).most_common()},
        classes=_balance(dataset, scans, sum(count * size[0] * size[1] for size, count in survey.sizes.items())),
        groups=len(groups),
        largest_group=max(groups.values()),
        groups_given_by=survey.groups_given_by,
        groups_by_similarity=survey.groups_by_similarity,
        near_duplicates=near,
        parts=parts,
        findings=tuple(findings),
    )


def _balance(dataset: Dataset, scans: Sequence[FrameScan], stored_px: int) -> tuple[ClassBalance, ...]:
    resized = any(frame.fit is not None for frame in dataset.frames)
    all_px = len(dataset.frames) * dataset.height * dataset.width if resized else stored_px
    made = []
    for k, name in enumerate(dataset.classes):
        areas = [area for scan in scans for area in scan.areas_px[k]]
        frames = sum(k in frame.classes for frame in dataset.frames)
        middle = float(median(areas)) if areas else 0.0
        made.append(ClassBalance(name, frames, len(areas), middle, sum(areas) / max(all_px, 1)))
    return tuple(made)
