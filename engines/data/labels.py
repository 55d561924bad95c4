"""The truth of one frame in any storage form, combined with the list of frames."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from engines.data.frame_list import ListedFrame
from engines.data.images import Grey, Size
from engines.data.masks import MaskStyle, read_mask_image, to_bitmask
from engines.data.run_lengths import Runs, draw_runs

OnProblem = Callable[[str], None]
"""Called with what is wrong with one frame, in a line; raises, or notes it and lets the frame be left out."""


class Label(Protocol):
    """The stored mask of a frame."""

    @property
    def fingerprint(self) -> str:
        """Short text that changes with the truth."""

    def bitmask(self, size: Size) -> Grey:
        """The class bitmask ``uint8 [H, W]`` of a frame of ``size`` as stored. Raises DataError."""


@dataclass(frozen=True, slots=True)
class NothingDrawn:
    """A clean frame, or a defective one whose defects are not outlined."""

    fingerprint: str = ""

    def bitmask(self, size: Size) -> Grey:
        """All zero."""
        return np.zeros(size, np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class RunLengthLabel:
    """Runs by class index."""

    runs: tuple[tuple[int, Runs], ...]

    @property
    def fingerprint(self) -> str:
        """Digest of the runs."""
        digest = hashlib.sha256()
        for k, runs in self.runs:
            digest.update(bytes([k]) + runs.astype("<i8").tobytes())
        return digest.hexdigest()[:16]

    def bitmask(self, size: Size) -> Grey:
        """The runs, drawn."""
        mask = np.zeros(size, np.uint8)
        for k, runs in self.runs:
            mask[draw_runs(runs, *size)] |= np.uint8(1 << k)
        return mask


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask image."""

    path: Path
    style: MaskStyle
    class_count: int
    binary_class: int = 0
    reviewed: bool = False
    """Whether a person has reviewed it, and may do so again."""

    @property
    def fingerprint(self) -> str:
        """Size of the file in bytes; of a reviewed one the checksum of its content, because another review often leaves the size."""
        if self.reviewed:
            return f"reviewed {zlib.crc32(self.path.read_bytes()):08x}"
        return str(self.path.stat().st_size)

    def bitmask(self, size: Size) -> Grey:
        """The mask as the file has it now."""
        stored = read_mask_image(self.path, size)
        return to_bitmask(stored, self.style, self.class_count, self.path, self.binary_class)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame that may belong to the data set: named, measured, not yet labelled."""

    name: str
    path: Path
    relative: str
    """Path within the folder of the images, POSIX."""
    listed: ListedFrame | None
    size: Size = (0, 0)


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The label of a candidate."""

    label: Label
    classes: tuple[int, ...]
    defective: bool
    located: bool


@dataclass(frozen=True, slots=True)
class Labelling:
    """The class names and the truth of every candidate that has one, by name."""

    classes: tuple[str, ...]
    truths: dict[str, GroundTruth] = field(default_factory=dict)
    unlabelled: set[str] = field(default_factory=set)
    """Names of candidates without a label, which is not an error."""


def combined_truth(
    candidate: Candidate, label: Label, drawn: tuple[int, ...], classes: Sequence[str], on_problem: OnProblem
) -> GroundTruth | None:
    """The truth of a candidate from what is drawn and what is listed; None, after telling why, where they disagree."""
    listed = candidate.listed
    told = None if listed is None else listed_classes(listed, classes)
    if listed is not None and told is None and listed.classes is not None:
        on_problem(
            f"{candidate.path}: row {listed.row} of the list: class {' '.join(listed.classes)!r}; expected {_choice(classes)}"
        )
        return None
    if listed is not None and listed.partly_drawn:
        return GroundTruth(NothingDrawn(label.fingerprint), told or (), defective=True, located=False)
    stated = None if listed is None else listed.defective
    if drawn and (stated is False or (told is not None and set(told) != set(drawn))):
        row = 0 if listed is None else listed.row
        on_problem(
            f"{candidate.path}: row {row} of the list says {_named(told or (), classes)}, but drawn is "
            f"{_named(drawn, classes)}; correct one of them"
        )
        return None
    defective = bool(drawn) if stated is None else stated
    return GroundTruth(label, drawn or told or (), defective, located=bool(drawn) or not defective)


def listed_classes(listed: ListedFrame, classes: Sequence[str]) -> tuple[int, ...] | None:
    """Class indices of a row, named or numbered from 1; None where it does not say or names none of ``classes``."""
    if listed.classes is None:
        return None
    found = set()
    for word in listed.classes:
        if word in classes:
            found.add(list(classes).index(word))
        elif word.isascii() and word.isdecimal() and 1 <= int(word) <= len(classes):
            found.add(int(word) - 1)
        else:
            return None
    return tuple(sorted(found))


def _named(which: Sequence[int], classes: Sequence[str]) -> str:
    return ", ".join(classes[k] for k in which) or "clean"


def _choice(classes: Sequence[str]) -> str:
    return f"one of {', '.join(classes)} (or 1..{len(classes)})"
