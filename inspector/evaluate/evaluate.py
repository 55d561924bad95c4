"""Puts an evaluation together: frames through the engines, counted, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.thresholds.on_bundle import BundleOnPart
from engines.bundle import Bundle
from engines.data.blank_frames import blank_note
from engines.data.dataset import PREDICTED, Dataset
from engines.errors import DataError
from engines.metrics.bootstrap import CONFIDENCE, FEWEST_GROUPS, RESAMPLES
from inspector.evaluate.estimates import Estimates, estimates_of
from inspector.evaluate.figures import (
    BundleMetadata,
    ClassDefects,
    ClassFigures,
    DataMetadata,
    DefectFigures,
    Duration,
    Evaluation,
    MaskFigures,
    SheetFigures,
    StageFigures,
    Times,
)
from inspector.evaluate.fit import Selection, optimistic, require_fit
from inspector.evaluate.gate import gate_figures
from inspector.evaluate.predictions import Predictor
from inspector.evaluate.tally import GroupSums, Tally
from inspector.evaluate.worst import Worst
from inspector.report.summary import Decisions

Progress = Callable[[int], None]
"""Called with the number of frames done."""
_OUTLINES = "; their outlines are those of the segmenter that found them, so Dice and IoU only say how alike two segmenters draw"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation with what it was made from: to compare it with another, and to show its errors."""

    evaluation: Evaluation
    tally: Tally
    sums: GroupSums
    worst: Worst


def evaluate(
    bundle: Bundle,
    dataset: Dataset,
    *,
    selection: Selection | None = None,
    folds: Sequence[BundleOnPart] = (),
    runtime: str = "openvino",
    precision: str = "auto",
    progress: Progress = lambda done: None,
) -> Evaluated:
    """Run every frame of ``dataset`` through ``bundle`` and count what comes of it. ``selection`` says which frames
    of the data set these are, for the reader; without it they are all. With ``folds`` the fold models are run on
    their folds instead, at the operating point of ``bundle``.

    Raises FrameFormError where the data is of another geometry or other classes, BundleError, EngineError, and DataError for a frame
    or mask that cannot be read.
    """
    require_fit(bundle, dataset)
    tally = Tally(len(bundle.classes), bundle.operating_point.minimum_areas(bundle.classes))
    worst = Worst()
    gate_ms, segmenter_ms, pipeline_ms = [], [], []
    for model, frames in [(run.bundle, run.part.frames) for run in folds] or [(bundle, dataset.frames)]:
        with Predictor(model, bundle.operating_point, runtime, precision) as predictor:
            for prediction in predictor.predictions(frames):
                try:
                    seen = tally.add(prediction)
                except ValueError as error:
                    raise DataError(f"{prediction.frame.name}: its truth cannot be compared: {error}") from None
                worst.offer(seen, prediction)
                gate_ms.append(prediction.gate_ms)
                segmenter_ms.append(prediction.segmenter_ms)
                pipeline_ms.append(prediction.gate_ms + (prediction.segmenter_ms if prediction.let_through else 0.0))
                progress(len(gate_ms))
    sums = tally.sums()
    estimates = estimates_of(sums)
    made = Evaluation(
        bundle=_bundle_metadata(bundle, predictor),
        data=_data_metadata(bundle, dataset, selection, tally, sums),
        confidence=CONFIDENCE,
        resamples=RESAMPLES,
        gate=gate_figures(tally, sums, estimates),
        segmenter=_stage("segmenter", bundle.classes, tally, estimates),
        pipeline=_stage("pipeline", bundle.classes, tally, estimates),
        times=Times(gate=_duration(gate_ms), segmenter=_duration(segmenter_ms), pipeline=_duration(pipeline_ms)),
    )
    return Evaluated(made, tally, sums, worst)


def _bundle_metadata(bundle: Bundle, predictor: Predictor) -> BundleMetadata:
    point = bundle.operating_point
    return BundleMetadata(
        id=bundle.id,
        operating_point=point.id,
        gate_threshold=point.gate_threshold,
        mask_thresholds=point.mask_thresholds,
        minimum_area_px=dict(zip(bundle.classes, point.minimum_areas(bundle.classes), strict=True)),
        classes=bundle.classes,
        height=bundle.height,
        width=bundle.width,
        device=predictor.device,
        note=predictor.note,
    )


def _data_metadata(
    bundle: Bundle, dataset: Dataset, selection: Selection | None, tally: Tally, sums: GroupSums
) -> DataMetadata:
    defective = sum(one.defective for one in tally.frames)
    warnings = [f"{PREDICTED[0].upper()}{PREDICTED[1:]}."] if dataset.predicted else []
    if dataset.reviewed:
        warnings.append(f"{dataset.reviews_in_words}{_OUTLINES}.")
    warnings += optimistic(bundle, dataset, selection)
    if note := blank_note(dataset.frames):
        warnings.append(note)
    if sums.groups < FEWEST_GROUPS:
        warnings.append(
            f"{sums.groups} independent groups of frames are too few for intervals ({FEWEST_GROUPS} are needed)."
        )
    return DataMetadata(
        name=dataset.name,
        id=dataset.id,
        part=None if selection is None else selection.part,
        split=None if selection is None else selection.split_id,
        frames=len(tally.frames),
        groups=sums.groups,
        defective=defective,
        clean=len(tally.frames) - defective,
        unlocated=sum(not one.located for one in tally.frames),
        warnings=tuple(warnings),
    )


def _stage(stage: str, classes: tuple[str, ...], tally: Tally, estimates: Estimates) -> StageFigures:
    defects = tally.defects[stage]
    return StageFigures(
        sheets=SheetFigures(
            decisions=Decisions.of(tally.sheets[stage]),
            recall=estimates[f"{stage}.sheet_recall"],
            false_scrap_rate=estimates[f"{stage}.false_scrap_rate"],
        ),
        mask=_masks(stage, "mask", classes, tally, estimates),
        mask_of_defects=_masks(stage, "defects", classes, tally, estimates),
        defects=DefectFigures(
            true=sum(defects.true),
            found=sum(defects.found),
            marked=sum(defects.marked),
            false=sum(defects.false),
            recall=estimates[f"{stage}.defect_recall"],
            false_per_frame=estimates[f"{stage}.false_defects_per_frame"],
            classes=tuple(
                ClassDefects(
                    class_name=name,
                    true=defects.true[k],
                    found=defects.found[k],
                    marked=defects.marked[k],
                    false=defects.false[k],
                    recall=estimates[f"{stage}.defect_recall.{k}"],
                )
                for k, name in enumerate(classes)
            ),
        ),
    )


def _masks(stage: str, form: str, classes: tuple[str, ...], tally: Tally, estimates: Estimates) -> MaskFigures:
    detection = tally.detection[stage, form]
    prefix = f"{stage}.{form}"
    return MaskFigures(
        kaggle_mean_dice=estimates[f"{prefix}.kaggle_mean_dice"],
        kaggle_all_empty=estimates[f"{prefix}.kaggle_all_empty"].value,
        positive_dice=estimates[f"{prefix}.positive_dice"],
        pixel_dice=estimates[f"{prefix}.pixel_dice"],
        pixel_dice_any_class=estimates[f"{prefix}.pixel_dice_any_class"],
        classes=tuple(
            ClassFigures(
                class_name=name,
                frames=detection.frames[k],
                found=detection.found[k],
                as_other=detection.as_other[k],
                false_frames=detection.false[k],
                dice=estimates[f"{prefix}.dice.{k}"],
                iou=estimates[f"{prefix}.iou.{k}"],
            )
            for k, name in enumerate(classes)
        ),
    )


def _duration(values_ms: list[float]) -> Duration:
    p50, p95 = np.percentile(values_ms, [50, 95])
    return Duration(mean_ms=float(np.mean(values_ms)), p50_ms=float(p50), p95_ms=float(p95), max_ms=max(values_ms))
