"""What each mask threshold and minimum area would do to each frame, as counts: choosing then needs no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engines.metrics.defects import match_regions
from engines.metrics.dice import dice
from engines.metrics.regions import Counts, Mask, class_regions


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
class SearchGrid:
    """What is tried: T thresholds and A minimum areas, each with a value for every class."""

    thresholds: tuple[tuple[float, ...], ...]
    areas_px: tuple[tuple[int, ...], ...]

    @classmethod
    def uniform(cls, thresholds: Sequence[float], areas_px: Sequence[int], classes: int) -> SearchGrid:
        """The same values for every class."""
        return cls(tuple((t,) * classes for t in thresholds), tuple((a,) * classes for a in areas_px))

    @classmethod
    def single(cls, thresholds: Sequence[float], areas_px: Sequence[int]) -> SearchGrid:
        """One threshold and one minimum area for each class, as an operating point has them."""
        return cls((tuple(thresholds),), (tuple(areas_px),))


@dataclass(frozen=True)
class MaskCounts:
    """N frames at T thresholds and A minimum areas, K classes: ``[N, T, A, K]``; the truth ``[N, K]``."""

    grid: SearchGrid
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
        shape = (len(self.true), len(self.grid.thresholds), len(self.grid.areas_px), self.true.shape[1])
        for name in ("both", "marked", "found", "false"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: found shape {getattr(self, name).shape}, expected {shape}")

    @classmethod
    def joined(cls, parts: Sequence[MaskCounts]) -> MaskCounts:
        """The counts of several sets of frames, all on the same grid."""

        def join(name: str) -> Counts:
            return np.concatenate([getattr(part, name) for part in parts])

        return cls(
            parts[0].grid,
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
        """``[N]``: whether anything is marked on the frame, anywhere on the grid."""
        return np.asarray(self.marked.any(axis=(1, 2, 3)), bool)

    @cached_property
    def dice(self) -> NDArray[np.float64]:
        """Dice of each frame, ``[N, T, A, K]``; 1 where both masks are empty, as the Kaggle contest counts it."""
        return dice(self.both, self.marked, self.true[:, None, None, :])

    def behind(self, let_through: NDArray[np.bool_]) -> MaskCounts:
        """The same where the gate lets only these frames ``[N]`` through: the others have empty masks."""
        on = let_through[:, None, None, None].astype(np.int64)
        return replace(self, both=self.both * on, marked=self.marked * on, found=self.found * on, false=self.false * on)

    def of(self, frames: NDArray[np.bool_]) -> MaskCounts:
        """Of these frames ``[N]`` alone."""
        return MaskCounts(
            self.grid,
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
            grid=SearchGrid.single(
                [self.grid.thresholds[i][c] for c, i in enumerate(t)],
                [self.grid.areas_px[i][c] for c, i in enumerate(a)],
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
        self.regions = [class_regions(truth, k) for k in range(classes)]
        self.pixels = np.array([regions.areas_px.sum() for regions in self.regions], np.int64)
        self.count = np.array([regions.count for regions in self.regions], np.int64)

    def compare(self, found: Mask, areas_px: Sequence[Sequence[int]]) -> FrameCounts:
        """Count what is marked in the bitmask ``found`` at each minimum area of each class."""
        shape = (len(areas_px), len(self.regions))
        counts = FrameCounts(*(np.zeros(shape, np.int64) for _ in range(4)))
        for k, true in enumerate(self.regions):
            marked = class_regions(found, k)
            if not marked.count:
                continue
            areas, pairs = marked.areas_px, match_regions(true, marked)
            both_px = np.bincount(pairs.marked, pairs.both_px, minlength=areas.size)
            matched = np.zeros(areas.size, bool)
            matched[pairs.marked[pairs.same]] = True
            for a, limits in enumerate(areas_px):
                kept = areas >= limits[k]
                kept[0] = False
                counts.both[a, k] = both_px[kept].sum()
                counts.marked[a, k] = areas[kept].sum()
                counts.found[a, k] = np.unique(pairs.true[pairs.same & kept[pairs.marked]]).size
                counts.false[a, k] = (kept & ~matched).sum()
        return counts


def stack_counts(
    frames: Sequence[Sequence[FrameCounts]],
    truths: Sequence[TrueDefects],
    defective: Sequence[bool],
    grid: SearchGrid,
    classes: int,
) -> MaskCounts:
    """Put the counts of frames together; ``frames[n][t]`` is frame n at threshold t."""
    shape = (len(frames), len(grid.thresholds), len(grid.areas_px), classes)

    def stack(name: str) -> Counts:
        return np.array([[getattr(at, name) for at in frame] for frame in frames], np.int64).reshape(shape)

    return MaskCounts(
        grid,
        both=stack("both"),
        marked=stack("marked"),
        found=stack("found"),
        false=stack("false"),
        true=np.array([truth.pixels for truth in truths], np.int64).reshape(len(frames), classes),
        defects=np.array([truth.count for truth in truths], np.int64).reshape(len(frames), classes),
        defective=np.array(defective, bool),
    )
