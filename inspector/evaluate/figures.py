"""An evaluation as one value: shown as tables, written as ``evaluation.json``, printed by ``--json``."""

from __future__ import annotations

import msgspec

from inspector.report.summary import ClassCounts, Decisions


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its interval. Null where there is nothing to compute it from; the interval is null where there are too few groups."""

    value: float | None
    low: float | None = None
    high: float | None = None


class BundleMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Which bundle it was, and how it ran."""

    id: str
    operating_point: str
    gate_threshold: float
    mask_thresholds: dict[str, float]
    minimum_area_px: dict[str, int]
    classes: tuple[str, ...]
    height: int
    width: int
    device: str
    note: str
    """Why the arithmetic is not the fastest the machine has, where that is so; else empty."""


class DataMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Which frames they were."""

    name: str
    id: str
    part: str | None
    """Part of the split; null: every labelled frame."""
    split: str | None
    """Which split it was."""
    frames: int
    groups: int
    """Groups of frames that show the same thing."""
    defective: int
    clean: int
    unlocated: int
    """Defective frames whose defects are not outlined: in the figures of gate and sheets, in none of pixels and defects."""
    warnings: tuple[str, ...]
    """What makes the figures better than they will be on the line, one sentence each."""


class CurvePoint(msgspec.Struct, frozen=True, array_like=True):
    """A point of a curve and the threshold that leads to it."""

    x: float
    y: float
    threshold: float


class BandPoint(msgspec.Struct, frozen=True, array_like=True):
    """Interval of a curve's y at an x."""

    x: float
    low: float
    high: float


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """A curve over all thresholds, without points that a reader could not tell apart."""

    points: tuple[CurvePoint, ...]
    band: tuple[BandPoint, ...]
    """Empty where there are too few groups."""


class GateFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The gate: let through against defective, at the operating point and at every other threshold."""

    decisions: Decisions
    recall: Estimate
    false_alarm_rate: Estimate
    precision: Estimate
    miss_rate_upper_bound: float | None
    """Exact one-sided upper bound of the share of defective groups that lose a frame, at the confidence of the intervals
    (Clopper and Pearson 1934)."""
    roc_area: Estimate
    average_precision: Estimate
    roc: Curve | None
    """x: false alarm rate, y: recall. Null where one kind of frame is missing."""
    precision_recall: Curve | None
    """x: recall, y: precision."""
    scores_of_defective: tuple[int, ...]
    """Frames by score, in bins of equal width from 0 to 1."""
    scores_of_clean: tuple[int, ...]


class ClassFigures(ClassCounts, frozen=True, kw_only=True):
    """How well one class is outlined."""

    dice: Estimate
    """Mean over the positive pairs."""
    iou: Estimate


class MaskFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Masks against the truth."""

    kaggle_mean_dice: Estimate
    """Mean over all (frame, class) pairs, 1 where both are empty."""
    kaggle_all_empty: float | None
    """The same figure for masks in which nothing is marked."""
    positive_dice: Estimate
    """Mean Dice over the positive pairs of all classes."""
    pixel_dice: Estimate
    """Dice of all pixels of the defective frames, the class counting."""
    pixel_dice_any_class: Estimate
    classes: tuple[ClassFigures, ...]


class DefectCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Defects one by one: found where a marked region of the class overlaps with IoU > 0.1."""

    true: int
    found: int
    marked: int
    false: int
    recall: Estimate


class ClassDefects(DefectCounts, frozen=True, kw_only=True):
    """The defects of one class."""

    class_name: str = msgspec.field(name="class")


class DefectFigures(DefectCounts, frozen=True, kw_only=True):
    """The defects of all classes."""

    false_per_frame: Estimate
    classes: tuple[ClassDefects, ...]


class SheetFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Sheets on which a defect is found, against defective ones."""

    decisions: Decisions
    recall: Estimate
    false_scrap_rate: Estimate
    """Share of the clean frames on which a defect is found."""


class StageFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The segmenter alone, or the pipeline."""

    sheets: SheetFigures
    mask: MaskFigures
    """Masks as published."""
    mask_of_defects: MaskFigures
    """Masks without the specks below the operating point's minimum areas."""
    defects: DefectFigures


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """Time per frame with nothing else in flight."""

    mean_ms: float
    p50_ms: float
    p95_ms: float
    max_ms: float


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Of the engines alone, one frame at a time; throughput is what ``inspector bench`` measures."""

    gate: Duration
    segmenter: Duration
    pipeline: Duration
    """Gate, and the segmenter where the frame was let through."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle on a data set."""

    bundle: BundleMetadata
    data: DataMetadata
    confidence: float
    resamples: int
    gate: GateFigures
    segmenter: StageFigures
    """The segmenter alone, on every frame."""
    pipeline: StageFigures
    """The segmenter behind the gate: a frame the gate stops has an empty mask."""
    times: Times
