"""Every figure of every frame as a quotient (numerator, denominator), so that the figures of any set of frames are found by adding.

A figure has a dotted name: ``gate.recall``, ``pipeline.mask.pixel_dice``, ``segmenter.defects.dice.2`` (class 2). ``mask`` is
the mask as published, ``defects`` the same without regions below the operating point's minimum areas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.metrics.confusion import Confusion
from engines.metrics.defects import DefectCounts
from engines.metrics.detection import Detection
from engines.metrics.dice import DefectivePixels, KaggleDice, PositivePairs
from engines.metrics.overlap import Overlap, overlap
from engines.metrics.quotient import Quotient
from engines.metrics.regions import without_small_regions
from inspector.evaluate.predictions import Prediction

STAGES = ("segmenter", "pipeline")
"""The segmenter alone on every frame; the segmenter behind the gate, where a frame that the gate stops has an empty mask."""
FORMS = ("mask", "defects")
_NOTHING = Quotient(0, 0)

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FrameResult:
    """One frame, counted."""

    name: str
    group: str
    defective: bool
    located: bool
    """Whether the truth says where: the frame is in the figures of pixels and defects."""
    score: float
    let_through: bool
    caught: bool
    """Whether the pipeline finds a defect."""
    marked_px: int
    """Pixels of defects that the pipeline marks, whatever the class."""
    true_px: int
    dice: float | None
    """Of the pipeline's defects, the class counting; None where neither has any or the truth does not say where."""


class Tally:
    """The frames so far."""

    def __init__(self, class_count: int, minimum_area_px: Sequence[int]) -> None:
        self._class_count = class_count
        self._minimum_area_px = tuple(minimum_area_px)
        self.frames: list[FrameResult] = []
        self._names: tuple[str, ...] = ()
        self._parts: list[list[float]] = []
        self._wholes: list[list[float]] = []
        self.gate = Confusion()
        self.sheets = {stage: Confusion() for stage in STAGES}
        self.defects = {stage: DefectCounts(class_count) for stage in STAGES}
        self.detection = {(stage, form): Detection(class_count) for stage in STAGES for form in FORMS}

    def add(self, prediction: Prediction) -> FrameResult:
        """Count one frame. Raises ValueError where its truth cannot be compared with the mask."""
        frame, defects = prediction.frame, without_small_regions(prediction.mask, self._minimum_area_px)
        true = frame.mask() if frame.located else None
        kept = defects if prediction.let_through else None
        terms = self._decided(prediction, {"segmenter": _any(defects), "pipeline": _any(kept)})
        counted = self._overlaps(prediction, defects, true)
        for (stage, form), one in counted.items():
            terms.update({f"{stage}.{form}.{key}": figure for key, figure in self._masks(one).items()})
            if one is not None:
                self.detection[stage, form].add(one)
        for stage, mask in (("segmenter", defects), ("pipeline", kept)):
            terms.update({f"{stage}.{key}": figure for key, figure in self._defects(stage, mask, true).items()})
        self._names = tuple(terms)
        self._parts.append([one.part for one in terms.values()])
        self._wholes.append([one.whole for one in terms.values()])
        final = counted["pipeline", "defects"]
        self.frames.append(
            FrameResult(
                name=frame.name,
                group=frame.group,
                defective=frame.defective,
                located=frame.located,
                score=prediction.score,
                let_through=prediction.let_through,
                caught=_any(kept),
                marked_px=0 if kept is None else int(np.count_nonzero(kept)),
                true_px=0 if final is None else final.any_true,
                dice=None if final is None else _dice(final),
            )
        )
        return self.frames[-1]

    def _decided(self, prediction: Prediction, caught: dict[str, bool]) -> dict[str, Quotient]:
        """The yes-or-no decisions: of the gate, and of each stage on the sheet (any defect rejects it)."""
        defective, let_through = prediction.frame.defective, prediction.let_through
        self.gate.add(caught=let_through, defective=defective)
        terms = {
            "gate.recall": Quotient(let_through, 1) if defective else _NOTHING,
            "gate.false_alarm_rate": _NOTHING if defective else Quotient(let_through, 1),
            "gate.precision": Quotient(let_through and defective, let_through),
        }
        for stage, one in caught.items():
            self.sheets[stage].add(caught=one, defective=defective)
            terms[f"{stage}.sheet_recall"] = Quotient(one, 1) if defective else _NOTHING
            terms[f"{stage}.false_scrap_rate"] = _NOTHING if defective else Quotient(one, 1)
        return terms

    def _overlaps(
        self, prediction: Prediction, defects: Mask, true: Mask | None
    ) -> dict[tuple[str, str], Overlap | None]:
        """By stage and form; None where the truth does not say where."""
        if true is None:
            return {(stage, form): None for stage in STAGES for form in FORMS}
        mask = overlap(prediction.mask, true, self._class_count)
        alone = mask if defects is prediction.mask else overlap(defects, true, self._class_count)
        empty = None if prediction.let_through else overlap(None, true, self._class_count)
        return {
            ("segmenter", "mask"): mask,
            ("segmenter", "defects"): alone,
            ("pipeline", "mask"): empty or mask,
            ("pipeline", "defects"): empty or alone,
        }

    def _masks(self, counted: Overlap | None) -> dict[str, Quotient]:
        """The pixel figures of one frame alone."""
        kaggle, pairs, pixels = KaggleDice(self._class_count), PositivePairs(self._class_count), DefectivePixels()
        if counted is not None:
            for figure in (kaggle, pairs, pixels):
                figure.add(counted)
        terms = {
            "kaggle_mean_dice": kaggle.mean,
            "kaggle_all_empty": kaggle.all_empty,
            "positive_dice": pairs.dice_of_all,
            "pixel_dice": pixels.by_class,
            "pixel_dice_any_class": pixels.any_class,
        }
        for k in range(self._class_count):
            terms |= {f"dice.{k}": pairs.dice(k), f"iou.{k}": pairs.iou(k)}
        return terms

    def _defects(self, stage: str, marked: Mask | None, true: Mask | None) -> dict[str, Quotient]:
        """The defects of one frame alone; those of all frames are counted on the way."""
        alone = DefectCounts(self._class_count)
        if true is not None:
            alone.add(marked, true)
            self.defects[stage].merge(alone)
        terms = {"defect_recall": alone.recall_of_all, "false_defects_per_frame": alone.false_per_frame}
        return terms | {f"defect_recall.{k}": alone.recall(k) for k in range(self._class_count)}

    def sums(self) -> GroupSums:
        """The figures by group."""
        groups, index = np.unique([one.group for one in self.frames], return_inverse=True)
        frame_groups = index.astype(np.int64)
        return GroupSums(
            names=self._names,
            groups=len(groups),
            group_of_frame=frame_groups,
            part=_by_group(np.array(self._parts, dtype=np.float64), frame_groups, len(groups)),
            whole=_by_group(np.array(self._wholes, dtype=np.float64), frame_groups, len(groups)),
        )


@dataclass(frozen=True, slots=True)
class GroupSums:
    """What each group adds to each figure."""

    names: tuple[str, ...]
    """[M], the figures."""
    groups: int
    group_of_frame: NDArray[np.int64]
    """[N]"""
    part: NDArray[np.float64]
    """[groups, M]"""
    whole: NDArray[np.float64]
    """[groups, M]"""


def _by_group(values: NDArray[np.float64], group: NDArray[np.int64], groups: int) -> NDArray[np.float64]:
    summed = np.zeros((groups, values.shape[1]))
    np.add.at(summed, group, values)
    return summed


def _any(mask: Mask | None) -> bool:
    return mask is not None and bool(mask.any())


def _dice(counted: Overlap) -> float | None:
    total = int(counted.marked.sum() + counted.true.sum())
    return 2 * int(counted.both.sum()) / total if total else None
