"""A labelled data set of any layout, from which training, evaluation and calibration read frames and masks."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from engines.data import archive_list
from engines.data.candidates import find_candidates
from engines.data.description import Source, find_source
from engines.data.file_errors import as_data_errors
from engines.data.frame_list import FILE, TRAINING_ONLY, FrameList, read_frame_list
from engines.data.groups import found_groups, given_groups, grouping_column
from engines.data.images import AS_STATED, Fit, Grey, Size, image_size, read_samples
from engines.data.labels import Candidate, GroundTruth, Label, OnProblem
from engines.data.mask_labels import label_by_masks
from engines.data.run_length_labels import label_by_run_lengths
from engines.data.threads import in_threads
from engines.errors import DataError
from engines.files.looking import is_file
from engines.files.text import brief
from engines.images.decoder import Decoder, Samples
from engines.images.suffixes import SUFFIXES

log = logging.getLogger(__name__)

PREDICTED = (
    "its labels are PREDICTIONS of a segmenter, which nobody has checked: a network that learns from them learns the mistakes of the old one, "
    "and figures measured with them say how far two networks agree, not how good either is"
)

UNUSABLE = "unusable"
"""Reason for leaving out a frame that has a problem."""

LEFTOVERS = "leftovers of other programs"
"""Reason for leaving out files that nobody means as frames; see :mod:`engines.files.folders`."""


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """One frame with its truth; pixels are read when asked for."""

    name: str
    """Unique within the data set: the file name, or the path within the data set where that is ambiguous."""
    path: Path
    group: str
    """Shared by frames of the same piece (near-duplicates, one base image, one coil)."""
    classes: tuple[int, ...]
    """Classes present, indices from 0."""
    defective: bool
    """Label of the sheet; also true for a defect without a mask."""
    located: bool
    """Whether the mask shows the defects; also true for a clean frame."""
    training_only: bool = False
    """For training only, never for measuring (re-encoded or otherwise altered)."""
    split: str = ""
    """The part given in the data set's own list; only used in a report."""
    size: Size = field(default=(0, 0), repr=False)
    """Height and width of the file, px."""
    fit: Fit | None = field(default=None, repr=False)
    decoder: Decoder = field(default=AS_STATED, repr=False)
    label: Label | None = field(default=None, repr=False, compare=False)

    def frame(self) -> Grey:
        """The pixels, grey ``uint8 [H, W]``. Raises DataError naming the file."""
        pixels = self.stored()
        return pixels if self.fit is None else self.fit.frame(pixels)

    def stored(self) -> Grey:
        """The pixels as stored, before they are brought to the size of the data set. Raises DataError naming the file."""
        return self.samples().grey()

    def samples(self) -> Samples:
        """The samples of the file at their own depth. Raises DataError naming the file."""
        samples = read_samples(self.path, self.decoder)
        if samples.values.shape != self.size:
            found, expected = "x".join(map(str, samples.values.shape)), "x".join(map(str, self.size))
            raise DataError(
                f"{self.path}: is {found} pixels (height x width) now; it was {expected} when it was listed"
            )
        return samples

    def mask(self) -> Grey:
        """The class bitmask, ``uint8 [H, W]``, bit k = class k; all zero where defects are not outlined. Raises DataError."""
        if self.label is None:
            raise DataError(f"{self.path}: has no mask")
        mask = self.label.bitmask(self.size)
        return mask if self.fit is None else self.fit.mask(mask)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled frames of one size and one class list."""

    name: str
    classes: tuple[str, ...]
    height: int
    width: int
    frames: tuple[LabelledFrame, ...]
    id: str
    """Digest of names, labels, file sizes and how files are read, which identifies the data."""
    predicted: bool = False
    """Whether a network made the labels, and nobody has checked them, but for those that are reviewed."""
    reviewed: int = 0
    """How many labels are those of a review."""
    reviewers: int = 0
    """By so many people."""

    @property
    def reviews_in_words(self) -> str:
        """Empty where nothing was reviewed."""
        people = f"{self.reviewers} {'person' if self.reviewers == 1 else 'people'}"
        return f"{self.reviewed} of its {len(self.frames)} labels were reviewed, by {people}" if self.reviewed else ""


@dataclass(frozen=True, slots=True)
class Survey:
    """The readable part of a data set, and the problems of the rest."""

    dataset: Dataset
    problems: tuple[str, ...]
    """A line for each file or row that cannot be used."""
    sizes: dict[Size, int]
    """How many frames there are of each size as stored."""
    left_out: dict[str, int]
    """Number of frames left out on purpose, by reason."""
    source: Source
    groups_given_by: str
    """What gives the groups, as ``groups`` in a dataset.yaml would call it; empty where nothing does."""
    groups_by_similarity: bool
    """Whether near-duplicates share a group, found or still to be found."""
    listed: tuple[Candidate, ...]
    """Every frame that was considered, also those left out."""


def open_dataset(path: Path, *, only: Container[str] | None = None, find_groups: bool = True) -> Dataset:
    """Open a folder or a ``dataset.yaml``; see :mod:`engines.data.description` for the layouts.

    ``only`` selects frames by name. Frames for training only (``split`` is ``train_aug_only``) are left out unless ``only``
    names them or ``dataset.yaml`` has their split under ``training_only``; frames without a label are always left out.
    ``find_groups=False`` skips the search for near-duplicates where no groups are given: each frame is its own group then.

    Raises DataError, in one line that names the file, at the first error.
    """
    dataset = _open(path, only, find_groups, _refuse).dataset
    if dataset.predicted:
        reviews = dataset.reviews_in_words
        log.warning("%s: %s%s", path, PREDICTED, f"; {reviews}" if reviews else "")
    return dataset


def survey_dataset(path: Path, *, find_groups: bool = True) -> Survey:
    """As :func:`open_dataset`, but a frame that cannot be used is noted and left out, and frames of any size are kept.

    Raises DataError only where no data set can be read at all.
    """
    problems: list[str] = []
    survey = _open(path, None, find_groups, problems.append)
    return replace(survey, problems=tuple(problems))


def _refuse(problem: str) -> None:
    raise DataError(problem)


class _Problems:
    """Passes problems on, and remembers how many there were and the first."""

    def __init__(self, on_problem: OnProblem) -> None:
        self._on_problem = on_problem
        self.count = 0
        self.first = ""

    def __call__(self, problem: str) -> None:
        self.count += 1
        self.first = self.first or problem
        self._on_problem(problem)


@as_data_errors()
def _open(path: Path, only: Container[str] | None, find_groups: bool, on_problem: OnProblem) -> Survey:
    source = find_source(path)
    frames = _frame_list(source)
    left_out: Counter[str] = Counter()
    problems = _Problems(on_problem)
    listed, leftovers = find_candidates(source, frames)
    candidates = _measured(source, _wanted(source, listed, only, left_out), problems)
    sizes = Counter(one.size for one in candidates)
    if not candidates:
        what = "that is labelled" if only is None else "that is labelled and wanted"
        raise DataError(f"{path}: no frame in it {what}: {_why_none(source, listed, left_out, problems)}")
    height, width = _common_size(source, candidates, sizes, problems)
    if source.description.kind == "kaggle":
        labelling = label_by_run_lengths(source, candidates, listed, problems)
    else:
        labelling = label_by_masks(source, candidates, listed, frames, problems)
    known = [one for one in candidates if one.name in labelling.truths]
    left_out["not labelled"] += len(labelling.unlabelled)
    if not known:
        raise DataError(f"{path}: no frame in it that can be used: {_why_none(source, listed, left_out, problems)}")
    left_out[UNUSABLE] += len(listed) - len(known) - left_out.total() if only is None else 0
    left_out[LEFTOVERS] += leftovers
    grouping = given_groups(source, known, frames)
    groups = grouping.groups
    if grouping.by_similarity and find_groups:
        groups = found_groups(grouping, known, source.decoder, (height, width), problems)
    found = tuple(_frame(source, one, labelling.truths[one.name], groups[one.name]) for one in known)
    digest = _digest(source, found, labelling.classes)
    reviewers = [one.listed.reviewer for one in known if one.listed is not None and one.listed.reviewer]
    dataset = Dataset(
        source.name,
        labelling.classes,
        height,
        width,
        found,
        digest,
        source.predicted,
        len(reviewers),
        len(set(reviewers)),
    )
    reasons = {why: count for why, count in left_out.items() if count}
    return Survey(dataset, (), dict(sizes), reasons, source, grouping.given_by, grouping.by_similarity, tuple(listed))


def _why_none(source: Source, listed: Sequence[Candidate], left_out: Mapping[str, int], problems: _Problems) -> str:
    """Why no frame is left, by count, and the first problem in words."""
    if not listed:
        return f"{source.place(source.description.images)} holds no image files ({' '.join(sorted(SUFFIXES))})"
    told = [f"{count} of {len(listed)} frames {why}" for why, count in left_out.items() if count]
    if problems.count:
        told.append(f"{problems.count} problem{'s' if problems.count > 1 else ''}, the first: {problems.first}")
    return "; ".join(told) or f"none of its {len(listed)} frames, the first of which is called {brief(listed[0].name)}"


def _frame_list(source: Source) -> FrameList | None:
    described = source.description
    listed = described.frames or (FILE if is_file(source.root / FILE) else None)
    if listed is None:
        return None
    if listed.endswith(archive_list.SUFFIX):
        return archive_list.read_archive_list(source.place(listed), only_reviewed=source.only_reviewed)
    return read_frame_list(source.place(listed), grouping_column(source))


def _wanted(
    source: Source, candidates: Sequence[Candidate], only: Container[str] | None, left_out: Counter[str]
) -> list[Candidate]:
    """The candidates to use; why the others stay out is counted."""
    kept = []
    for one in candidates:
        split = "" if one.listed is None else one.listed.split
        if only is not None and one.name not in only:
            continue
        if any(fnmatchcase(one.name, pattern) for pattern in source.description.exclude):
            left_out["excluded"] += 1
        elif one.listed is not None and not one.listed.labelled:
            left_out["not labelled"] += 1
        elif only is None and split == TRAINING_ONLY and split not in source.description.training_only:
            left_out[f"split {split}"] += 1
        else:
            kept.append(one)
    return kept


def _measured(source: Source, candidates: Sequence[Candidate], on_problem: OnProblem) -> list[Candidate]:
    """The candidates with their sizes, those without a readable file left out."""

    def measure(one: Candidate) -> Size | str:
        try:
            return image_size(one.path, source.decoder)
        except DataError as error:
            return str(error)

    kept = []
    for one, size in zip(candidates, in_threads(measure, candidates), strict=True):
        if isinstance(size, str):
            on_problem(size)
        else:
            kept.append(replace(one, size=size))
    return kept


def _common_size(source: Source, candidates: Sequence[Candidate], sizes: Counter[Size], on_problem: OnProblem) -> Size:
    if source.fit is not None:
        return source.fit.height, source.fit.width
    common, count = sizes.most_common(1)[0]
    odd = [one for one in candidates if one.size != common]
    if odd:
        others = f"{count} frames are {common[0]}x{common[1]}" if 2 * count > len(candidates) else "the others vary too"
        on_problem(
            f"{odd[0].path}: is {odd[0].size[0]}x{odd[0].size[1]} pixels (height x width), but {others} ({len(sizes)} sizes "
            "in all); leave the odd ones out (exclude: ...) or bring all to one size (size: [HEIGHT, WIDTH]) in a dataset.yaml"
        )
    return common


def _frame(source: Source, one: Candidate, truth: GroundTruth, group: str) -> LabelledFrame:
    split = "" if one.listed is None else one.listed.split
    return LabelledFrame(
        name=one.name,
        path=one.path,
        group=group,
        classes=truth.classes,
        defective=truth.defective,
        located=truth.located,
        training_only=split == TRAINING_ONLY or split in source.description.training_only,
        split=split,
        size=one.size,
        fit=source.fit,
        decoder=source.decoder,
        label=truth.label,
    )


def _digest(source: Source, frames: Sequence[LabelledFrame], classes: Sequence[str]) -> str:
    digest = hashlib.sha256("\t".join(classes).encode())
    for one in sorted(frames, key=lambda frame: frame.name):
        fingerprint = "" if one.label is None else one.label.fingerprint
        facts = (one.name, one.classes, one.defective, one.located, one.path.stat().st_size, fingerprint, one.fit)
        digest.update(repr(facts).encode())
    if source.description.white_level is not None or source.description.raw is not None:
        digest.update(repr((source.description.white_level, source.description.raw)).encode())
    return digest.hexdigest()[:16]
