"""Runs a bundle's engines over labelled frames and keeps what calibration needs of the answers: the same engines as on the line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calibration.thresholds.mask_counts import FrameCounts, MaskCounts, SearchGrid, TrueDefects, stack_counts
from engines.drift.look import Look, look
from engines.images.blank import blank
from engines.images.blank_limits import DEFAULT_LIMITS
from engines.runtime.engine import Engines
from engines.runtime.runner import GateRequest, SegmenterRequest, SynchronousRunner

CHUNK = 32
"""Frames held in memory at a time, each with its mask."""


class Labelled(Protocol):
    """What is needed of a labelled frame; ``engines.data.dataset.LabelledFrame`` has it."""

    @property
    def name(self) -> str:
        """Unique within the data."""

    @property
    def group(self) -> str:
        """Shared by frames that show the same thing."""

    @property
    def classes(self) -> tuple[int, ...]:
        """Classes present."""

    @property
    def defective(self) -> bool:
        """Label of the sheet."""

    @property
    def located(self) -> bool:
        """Whether the mask says where."""

    def frame(self) -> NDArray[np.uint8]:
        """uint8 ``[H, W]``."""

    def mask(self) -> NDArray[np.uint8]:
        """Class bitmask, uint8 ``[H, W]``."""


@dataclass(frozen=True)
class Observations:
    """N labelled frames and what the engines made of them; arrays are ``[N]``."""

    names: tuple[str, ...]
    groups: tuple[str, ...]
    holds: tuple[tuple[int, ...], ...]
    """Classes present."""
    defective: NDArray[np.bool_]
    located: NDArray[np.bool_]
    defective_px: NDArray[np.int64]
    """Pixels of any class; 0 where not located."""
    scores: NDArray[np.float32]
    """Of the gate."""
    counts: MaskCounts
    """Of the segmenter alone, as if the gate had let all frames through."""
    looks: tuple[Look | None, ...]
    """What the line's drift watch sees of each frame, but its columns; None for a frame that shows nothing, which no line would inspect."""

    @classmethod
    def joined(cls, parts: Sequence[Observations]) -> Observations:
        """Those of several sets of frames as one; all on the same grid."""
        return cls(
            names=tuple(name for part in parts for name in part.names),
            groups=tuple(group for part in parts for group in part.groups),
            holds=tuple(holds for part in parts for holds in part.holds),
            defective=np.concatenate([part.defective for part in parts]),
            located=np.concatenate([part.located for part in parts]),
            defective_px=np.concatenate([part.defective_px for part in parts]),
            scores=np.concatenate([part.scores for part in parts]),
            counts=MaskCounts.joined([part.counts for part in parts]),
            looks=tuple(look for part in parts for look in part.looks),
        )


def observe(
    engines: Engines,
    frames: Sequence[Labelled],
    grid: SearchGrid,
    progress: Callable[[int], None] = lambda done: None,
) -> Observations:
    """Score and segment ``frames`` at every threshold of ``grid``; each frame is read once.

    The segmenter runs once a threshold, as the runtimes answer with masks and not with probabilities. Leaves the last threshold set.
    ``progress`` is told how many frames are done. Raises EngineError when an engine fails or gives what no sound engine gives, naming the
    frame, and what reading a frame raises.
    """
    classes = len(grid.thresholds[0])
    scores: list[NDArray[np.float32]] = []
    truths: list[TrueDefects] = []
    counted: list[list[FrameCounts]] = []
    areas: list[int] = []
    looks: list[Look | None] = []
    for chunk in _chunks(frames):
        pixels = [np.ascontiguousarray(frame.frame()) for frame in chunk]
        masks = [frame.mask() for frame in chunk]
        names = [frame.name for frame in chunk]
        scores.append(_score(engines, pixels, names, grid.thresholds[0]))
        own = [TrueDefects(mask, classes) for mask in masks]
        per_threshold = [
            _segment(engines, pixels, names, own, thresholds, grid.areas_px) for thresholds in grid.thresholds
        ]
        truths += own
        counted += [list(frame) for frame in zip(*per_threshold, strict=True)]
        looks += [_looked_at(frame) for frame in pixels]
        areas += [int(np.count_nonzero(mask)) for mask in masks]
        progress(len(truths))
    defective = [frame.defective for frame in frames]
    return Observations(
        names=tuple(frame.name for frame in frames),
        groups=tuple(frame.group for frame in frames),
        holds=tuple(tuple(frame.classes) for frame in frames),
        defective=np.array(defective, bool),
        located=np.array([frame.located for frame in frames], bool),
        defective_px=np.array(areas, np.int64),
        scores=np.concatenate(scores) if scores else np.empty(0, np.float32),
        counts=stack_counts(counted, truths, defective, grid, classes),
        looks=tuple(looks),
    )


def _looked_at(pixels: NDArray[np.uint8]) -> Look | None:
    seen = None if blank(pixels, DEFAULT_LIMITS) else look(pixels)
    return None if seen is None else seen._replace(columns=np.empty(0, np.float32))


def _chunks(frames: Sequence[Labelled]) -> Iterator[Sequence[Labelled]]:
    for start in range(0, len(frames), CHUNK):
        yield frames[start : start + CHUNK]


def _score(
    engines: Engines, pixels: list[NDArray[np.uint8]], names: list[str], thresholds: Sequence[float]
) -> NDArray[np.float32]:
    runner = SynchronousRunner(engines, thresholds=thresholds)
    requests = [GateRequest([frame], name) for frame, name in zip(pixels, names, strict=True)]
    return np.array([output.scores[0] for output in runner.in_order(requests)], np.float32)


def _segment(
    engines: Engines,
    pixels: list[NDArray[np.uint8]],
    names: list[str],
    truths: list[TrueDefects],
    thresholds: Sequence[float],
    areas_px: Sequence[Sequence[int]],
) -> list[FrameCounts]:
    found = [np.zeros_like(frame) for frame in pixels]
    engines.segmenter.set_thresholds(thresholds)
    runner = SynchronousRunner(engines, thresholds=thresholds)
    requests = [SegmenterRequest([frame], [mask], name) for frame, mask, name in zip(pixels, found, names, strict=True)]
    outputs = runner.in_order(requests)
    return [truth.compare(mask, areas_px) for truth, mask, _ in zip(truths, found, outputs, strict=True)]
