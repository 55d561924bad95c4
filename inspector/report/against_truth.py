"""The figures that need the truth, gathered frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engines.metrics.confusion import Confusion
from engines.metrics.detection import Detection
from engines.metrics.dice import DefectivePixels, KaggleDice, PositivePairs
from engines.metrics.overlap import Overlap, overlap
from engines.metrics.regions import without_small_regions
from inspector.frames.outcome import Verdict
from inspector.report.record import Record
from inspector.report.summary import ClassFigures, Decisions, TruthFigures
from inspector.report.truth import Truth, TruthError

_PROBLEMS_TOLD = 5


class AgainstTruth:
    """A run against its truth."""

    def __init__(self, class_names: Sequence[str], truth: Truth, minimum_area_px: Sequence[int]) -> None:
        """``minimum_area_px`` per class: smaller regions of a mask are specks, which are no defects."""
        self._class_names = tuple(class_names)
        self._minimum_area_px = tuple(minimum_area_px)
        count = len(self._class_names)
        self._truth = truth
        self._problems: list[str] = []
        self._problem_count = 0
        self._excluded = 0
        self._compared = 0
        self._gate, self._verdict = Confusion(), Confusion()
        self._verdicts = {kind: dict.fromkeys(Verdict, 0) for kind in ("defective", "clean")}
        self._pairs, self._kaggle = PositivePairs(count), KaggleDice(count)
        self._pixels, self._detection = DefectivePixels(), Detection(count)
        self._defects_kaggle, self._defects_pixels = KaggleDice(count), DefectivePixels()

    def mask(self, record: Record) -> NDArray[np.uint8] | None:
        """The truth of a frame; None, which is counted, where there is none."""
        try:
            mask = self._truth.mask(record.camera, record.frame, record.name)
        except TruthError as error:
            self._problem_count += 1
            if len(self._problems) < _PROBLEMS_TOLD:
                self._problems.append(str(error))
            mask = None
        self._excluded += mask is None
        return mask

    def exclude(self, count: int) -> None:
        """Count frames without pixels (a gap)."""
        self._excluded += count

    def add(self, record: Record, true: NDArray[np.uint8]) -> Overlap:
        """Count a frame with its truth. Raises ValueError where the masks cannot be compared."""
        frame = overlap(record.mask, true if true.any() else None, len(self._class_names))
        self._verdicts["defective" if frame.defective else "clean"][record.verdict] += 1
        if record.let_through is not None:
            self._gate.add(caught=record.let_through, defective=frame.defective)
        if record.inspected:
            self._verdict.add(caught=record.caught, defective=frame.defective)
        if record.inspected and record.masked:
            self._compared += 1
            for figure in (self._pairs, self._kaggle, self._pixels, self._detection):
                figure.add(frame)
            alone = frame
            if record.mask is not None:
                kept = without_small_regions(record.mask, self._minimum_area_px)
                alone = frame if kept is record.mask else overlap(kept, true, len(self._class_names))
            self._defects_kaggle.add(alone)
            self._defects_pixels.add(alone)
        return frame

    def figures(self) -> TruthFigures:
        """The figures so far."""
        by_truth = {kind: sum(counts.values()) for kind, counts in self._verdicts.items()}
        return TruthFigures(
            rule=self._truth.rule,
            labelled=sum(by_truth.values()),
            defective=by_truth["defective"],
            clean=by_truth["clean"],
            excluded=self._excluded,
            problems=self._problem_count,
            first_problems=tuple(self._problems),
            gate=Decisions.of(self._gate),
            verdict=Decisions.of(self._verdict),
            verdicts_by_truth={
                kind: {verdict.value: count for verdict, count in counts.items()}
                for kind, counts in self._verdicts.items()
            },
            compared=self._compared,
            classes=tuple(self._class_figures(k) for k in range(len(self._class_names))),
            kaggle_mean_dice=self._kaggle.mean.value,
            kaggle_all_empty=self._kaggle.all_empty.value,
            pixel_dice=self._pixels.by_class.value,
            pixel_dice_any_class=self._pixels.any_class.value,
            kaggle_mean_dice_of_defects=self._defects_kaggle.mean.value,
            pixel_dice_of_defects=self._defects_pixels.by_class.value,
            pixel_dice_any_class_of_defects=self._defects_pixels.any_class.value,
        )

    def _class_figures(self, k: int) -> ClassFigures:
        return ClassFigures(
            class_name=self._class_names[k],
            frames=self._detection.frames[k],
            found=self._detection.found[k],
            as_other=self._detection.as_other[k],
            false_frames=self._detection.false[k],
            dice=self._pairs.dice(k).value,
            iou=self._pairs.iou(k).value,
        )
