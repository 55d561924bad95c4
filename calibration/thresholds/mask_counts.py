"""What each mask threshold and minimum area would do to each frame, as counts: choosing then needs no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Counts = NDArray[np.int64]

FOUND_FROM_IOU = 0.1
"""A true and a marked region are the same defect above this intersection over union."""


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """One frame at one threshold for every minimum area (A) and class (K): ``[A, K]`` each."""

    both: Counts
    """Pixels marked as the class that are of it."""
    marked: Counts
    found: Counts
    """True defects (8-connected regions) that a marked one overlaps with IoU > 0.1."""
    false: Counts
    """Marked regions that so overlap no true one."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is tried: T thresholds and A minimum areas, each with a value for every class."""

    thresholds: tuple[tuple[float, ...], ...]
    areas_px: tuple[tuple[int, ...], ...]

    @classmethod
    def grid(cls, thresholds: Sequence[float], areas_px: Sequence[int], classes: int) -> Options:
        """The same values for every class."""
        return cls(tuple((t,) * classes for t in thresholds), tuple((a,) * classes for a in areas_px))

    @classmethod
    def single(cls, thresholds: Sequence[float], areas_px: Sequence[int]) -> Options:
        """One threshold and one minimum area for each class, as an operating point has them."""
        return cls((tuple(thresholds),), (tuple(areas_px),))


@dataclass(frozen=True)
class MaskCounts:
    """N frames at T thresholds and A minimum areas, K classes: ``[N, T, A, K]``; the truth ``[N, K]``."""

    options: Options
    both: Counts
    marked: Counts
    found: Counts
    false: Counts
    true: Counts
    """Pixels of the class."""
    defects: Counts
    """True defects."""
    defective: NDArray[np.bool_]
    """``[N]``, the label of the sheet."""

    def __post_init__(self) -> None:
        shape = (len(self.true), len(self.options.thresholds), len(self.options.areas_px), self.true.shape[1])
        for name in ("both", "marked", "found", "false"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: found shape {getattr(self, name).shape}, expected {shape}")

    @classmethod
    def joined(cls, parts: Sequence[MaskCounts]) -> MaskCounts:
        """The counts of several sets of frames, all at the same options."""

        def join(name: str) -> Counts:
            return np.concatenate([getattr(part, name) for part in parts])

        return cls(
            parts[0].options,
            both=join("both"),
            marked=join("marked"),
            found=join("found"),
            false=join("false"),
            true=join("true"),
            defects=join("defects"),
            defective=np.concatenate([part.defective for part in parts]),
        )

    @property
    def classes(self) -> int:
        """K."""
        return int(self.true.shape[1])

    def any_marked(self) -> NDArray[np.bool_]:
        """``[N]``: whether anything is marked on the frame, at any option."""
        return np.asarray(self.marked.any(axis=(1, 2, 3)), bool)

    @cached_property
    def dice(self) -> NDArray[np.float64]:
        """Dice of each frame, ``[N, T, A, K]``; 1 where both masks are empty, as the Kaggle contest counts it."""
        total = self.marked + self.true[:, None, None, :]
        return np.where(total == 0, 1.0, 2.0 * self.both / np.maximum(total, 1))

    def behind(self, let_through: NDArray[np.bool_]) -> MaskCounts:
        """The same where the gate lets only these frames ``[N]`` through: the others have empty masks."""
        on = let_through[:, None, None, None].astype(np.int64)
        return replace(self, both=self.both * on, marked=self.marked * on, found=self.found * on, false=self.false * on)

    def of(self, frames: NDArray[np.bool_]) -> MaskCounts:
        """Of these frames ``[N]`` alone."""
        return MaskCounts(
            self.options,
            both=self.both[frames],
            marked=self.marked[frames],
            found=self.found[frames],
            false=self.false[frames],
            true=self.true[frames],
            defects=self.defects[frames],
            defective=self.defective[frames],
        )

    def at(self, index: Sequence[tuple[int, int]]) -> MaskCounts:
        """With the threshold and the area chosen for each class: T and A are 1."""
        t, a = (np.array([pair[i] for pair in index]) for i in (0, 1))

        def pick(part: Counts) -> Counts:
            return part[:, t, a, np.arange(self.classes)][:, None, None, :]

        return replace(
            self,
            options=Options.single(
                [self.options.thresholds[i][c] for c, i in enumerate(t)],
                [self.options.areas_px[i][c] for c, i in enumerate(a)],
            ),
            both=pick(self.both),
            marked=pick(self.marked),
            found=pick(self.found),
            false=pick(self.false),
        )


class TrueDefects:
    """The defects of one frame's truth, looked at once for all thresholds."""

    def __init__(self, truth: Mask, classes: int) -> None:
        """``truth`` is a class bitmask ``uint8 [H, W]``."""
        self.labels = [_label(truth, k) for k in range(classes)]
        self.areas = [_areas(labels) for labels in self.labels]
        self.pixels = np.array([areas[1:].sum() for areas in self.areas], np.int64)
        self.count = np.array([areas.size - 1 for areas in self.areas], np.int64)

    def compare(self, found: Mask, areas_px: Sequence[Sequence[int]]) -> FrameCounts:
        """Count what is marked in the bitmask ``found`` at each minimum area of each class."""
        shape = (len(areas_px), len(self.labels))
        counts = FrameCounts(*(np.zeros(shape, np.int64) for _ in range(4)))
        for k in range(len(self.labels)):
            labels = _label(found, k)
            if labels is None:
                continue
            areas = _areas(labels)
            both, true, marked = self._overlaps(k, labels)
            pixels_both = np.bincount(marked, both, minlength=areas.size)
            same = both / (self.areas[k][true] + areas[marked] - both) > FOUND_FROM_IOU
            matched = np.zeros(areas.size, bool)
            matched[marked[same]] = True
            for a, limits in enumerate(areas_px):
                kept = areas >= limits[k]
                kept[0] = False
                counts.both[a, k] = pixels_both[kept].sum()
                counts.marked[a, k] = areas[kept].sum()
                counts.found[a, k] = np.unique(true[same & kept[marked]]).size
                counts.false[a, k] = (kept & ~matched).sum()
        return counts

    def _overlaps(self, k: int, labels: NDArray[np.int32]) -> tuple[Counts, Counts, Counts]:
        """Pairs of a true and a marked region that touch: common pixels, number of the true one, number of the marked one."""
        true = self.labels[k]
        if true is None:
            return (np.zeros(0, np.int64),) * 3
        touching = (true > 0) & (labels > 0)
        width = int(labels.max()) + 1
        pairs, both = np.unique(true[touching].astype(np.int64) * width + labels[touching], return_counts=True)
        t, m = np.divmod(pairs, width)
        return both.astype(np.int64), t, m


def stack_counts(
    frames: Sequence[Sequence[FrameCounts]],
    truths: Sequence[TrueDefects],
    defective: Sequence[bool],
    options: Options,
    classes: int,
) -> MaskCounts:
    """Put the counts of frames together; ``frames[n][t]`` is frame n at threshold t."""
    shape = (len(frames), len(options.thresholds), len(options.areas_px), classes)

    def stack(name: str) -> Counts:
        return np.array([[getattr(at, name) for at in frame] for frame in frames], np.int64).reshape(shape)

    return MaskCounts(
        options,
        both=stack("both"),
        marked=stack("marked"),
        found=stack("found"),
        false=stack("false"),
        true=np.array([truth.pixels for truth in truths], np.int64).reshape(len(frames), classes),
        defects=np.array([truth.count for truth in truths], np.int64).reshape(len(frames), classes),
        defective=np.array(defective, bool),
    )


def _label(mask: Mask, k: int) -> NDArray[np.int32] | None:
    """Numbers from 1 of the regions of class k, ``int32 [H, W]``; None where there are none."""
    plane = mask & np.uint8(1 << k)
    if not plane.any():
        return None
    return np.asarray(cv2.connectedComponents(plane, connectivity=8, ltype=cv2.CV_32S)[1], np.int32)


def _areas(labels: NDArray[np.int32] | None) -> Counts:
    """Pixels of each region; entry 0 is the background."""
    return np.zeros(1, np.int64) if labels is None else np.bincount(labels.ravel()).astype(np.int64)
