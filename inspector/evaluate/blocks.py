"""An evaluation as titled tables of text, which the terminal and the page both show."""

from __future__ import annotations

from collections.abc import Iterable

from engines.metrics.confusion import Confusion
from inspector.evaluate import paper
from inspector.evaluate.figures import (
    DefectCounts,
    DefectFigures,
    Duration,
    Estimate,
    Evaluation,
    MaskFigures,
    StageFigures,
)
from inspector.report.blocks import CLASS_COLUMNS, CLASS_NOTE, Block, class_cells, decimal, percent
from inspector.report.summary import Decisions


def blocks(made: Evaluation) -> list[Block]:
    """Everything in the evaluation, the most important first."""
    return [
        _what_was_measured(made),
        _gate(made),
        _sheets(made),
        _masks("Masks of the pipeline", made.pipeline, made, paper.PIPELINE_DICE),
        _masks("Masks of the segmenter alone", made.segmenter, made, paper.SEGMENTER_DICE),
        _classes("Classes, pipeline", made.pipeline.mask),
        _classes("Classes, segmenter alone", made.segmenter.mask),
        _defects(made),
        _defect_classes(made.pipeline.defects),
        _times(made),
    ]


def coefficient(one: Estimate) -> str:
    """A coefficient between 0 and 1 with its interval."""
    return (
        decimal(one.value)
        if one.low is None or one.high is None
        else f"{decimal(one.value)} ({one.low:.2f} to {one.high:.2f})"
    )


def percentage(one: Estimate) -> str:
    """A share with its interval."""
    return (
        percent(one.value)
        if one.low is None or one.high is None
        else f"{percent(one.value)} ({100 * one.low:.0f} to {100 * one.high:.0f})"
    )


def count(one: Estimate) -> str:
    """A mean count with its interval."""
    if one.value is None:
        return "-"
    return (
        f"{one.value:.2f}"
        if one.low is None or one.high is None
        else f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"
    )


def _what_was_measured(made: Evaluation) -> Block:
    bundle, data = made.bundle, made.data
    areas = ", ".join(
        f"{name} {bundle.mask_thresholds[name]:g} from {area:,} px" for name, area in bundle.minimum_area_px.items()
    )
    rows = [
        ("bundle", bundle.id),
        ("operating point", bundle.operating_point),
        ("gate threshold", f"{bundle.gate_threshold:.6g}"),
        ("mask thresholds", areas),
        ("device", bundle.device),
        ("data", f"{data.name} ({data.id}){'' if data.part is None else f', part {data.part} of split {data.split}'}"),
        ("frames", f"{data.frames:,} ({data.defective:,} defective, {data.clean:,} clean), {data.groups:,} groups"),
    ]
    notes = [
        f"In parentheses: {made.confidence:.0%} intervals, {made.resamples:,} bootstrap draws of whole groups of frames that show the "
        "same thing; none where there are fewer than 10 groups.",
        *data.warnings,
    ]
    if bundle.note:
        notes.append(f"Arithmetic: {bundle.note}.")
    if data.unlocated:
        notes.append(
            f"Defective frames whose defects are not outlined: {data.unlocated:,}. They count for gate and sheets only."
        )
    return Block("Evaluation", ("", ""), tuple(rows), tuple(notes), words=True)


def _like_the_paper(made: Evaluation) -> bool:
    return paper.applies_to(made.bundle.height, made.bundle.width, len(made.bundle.classes))


def _gate(made: Evaluation) -> Block:
    gate = made.gate
    columns = ["", "here"]
    rows = [[name, one] for name, one in zip(_GATE_ROWS, _counts(gate.decisions), strict=True)]
    rows += [
        ["recall", percentage(gate.recall)],
        ["alarms", percentage(gate.false_alarm_rate)],
        ["precision", percentage(gate.precision)],
        ["area under ROC", coefficient(gate.roc_area)],
        ["average precision", coefficient(gate.average_precision)],
    ]
    notes = ["recall: passed on / defective; alarms: passed on / clean; precision: defective / passed on."]
    if gate.miss_rate_upper_bound is not None:
        notes.append(
            f"With {made.confidence:.0%} confidence the gate loses at most {gate.miss_rate_upper_bound:.1%} of the defective groups of frames "
            "(one-sided, exact)."
        )
    if _like_the_paper(made):
        for name, one in paper.GATES.items():
            columns.append(name)
            cells = (
                *_counts(one),
                percent(one.recall),
                percent(one.false_alarm_rate),
                percent(one.precision),
                "-",
                "-",
            )
            for row, cell in zip(rows, cells, strict=True):
                row.append(cell)
        notes.append(f"paper: {paper.CITED}; other frames of the same set.")
    return Block(f"Gate at {made.bundle.gate_threshold:.4g}", tuple(columns), tuple(map(tuple, rows)), tuple(notes))


_GATE_ROWS = ("defective, passed on", "defective, stopped", "clean, passed on", "clean, stopped")
_SHEET_ROWS = ("defective, rejected", "defective, passed", "clean, rejected", "clean, passed")


def _counts(made: Decisions | Confusion) -> tuple[str, ...]:
    return tuple(f"{one:,}" for one in (made.tp, made.fn, made.fp, made.tn))


def _beside(pipeline: Iterable[str], segmenter: Iterable[str], names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(zip(names, pipeline, segmenter, strict=True))


def _sheets(made: Evaluation) -> Block:
    def cells(stage: StageFigures) -> tuple[str, ...]:
        one = stage.sheets
        return (*_counts(one.decisions), percentage(one.recall), percentage(one.false_scrap_rate))

    note = (
        "A sheet is rejected where a defect is found: a region of one class from the operating point's minimum area on."
    )
    rows = _beside(cells(made.pipeline), cells(made.segmenter), (*_SHEET_ROWS, "recall", "false scrap"))
    return Block("Sheets", ("", "pipeline", "segmenter alone"), rows, (note,))


def _masks(title: str, stage: StageFigures, made: Evaluation, reported: tuple[paper.Reported, ...]) -> Block:
    mask, defects = stage.mask, stage.mask_of_defects

    def row(name: str, key: str) -> tuple[str, ...]:
        return (name, coefficient(getattr(mask, key)), coefficient(getattr(defects, key)))

    rows = [
        row("Kaggle mean Dice", "kaggle_mean_dice"),
        ("  of marking nothing", decimal(mask.kaggle_all_empty), decimal(defects.kaggle_all_empty)),
        row("Dice where the class is", "positive_dice"),
        row("pixel Dice, defective frames", "pixel_dice"),
        row("  whatever the class", "pixel_dice_any_class"),
    ]
    notes = [
        "defects: without the specks below the operating point's minimum areas, which are in the mask but are no defects."
    ]
    if _like_the_paper(made):
        rows += [(one.name, decimal(one.value), "") for one in reported]
        notes.append("The paper does not say which Dice it means.")
    return Block(title, ("", "mask", "defects"), tuple(rows), tuple(notes))


def _classes(title: str, mask: MaskFigures) -> Block:
    rows = tuple((*class_cells(one), coefficient(one.dice), decimal(one.iou.value)) for one in mask.classes)
    return Block(title, CLASS_COLUMNS, rows, (f"{CLASS_NOTE}, masks as published.",))


def _defect_cells(one: DefectCounts) -> tuple[str, ...]:
    return (*(f"{number:,}" for number in (one.true, one.found, one.marked, one.false)), percentage(one.recall))


def _defects(made: Evaluation) -> Block:
    def cells(one: DefectFigures) -> tuple[str, ...]:
        return (*_defect_cells(one), count(one.false_per_frame))

    note = "A defect is one connected region of one class, found where a marked one of its class overlaps it with IoU > 0.1."
    names = ("true", "of these found", "marked", "of these false", "recall", "false per frame")
    rows = _beside(cells(made.pipeline.defects), cells(made.segmenter.defects), names)
    return Block("Defects", ("", "pipeline", "segmenter alone"), rows, (note,))


def _defect_classes(defects: DefectFigures) -> Block:
    rows = tuple((one.class_name, *_defect_cells(one)) for one in defects.classes)
    return Block("Defects by class, pipeline", ("class", "true", "found", "marked", "false", "recall"), rows)


def _times(made: Evaluation) -> Block:
    def row(name: str, one: Duration) -> tuple[str, ...]:
        return (name, *(f"{value:,.1f} ms" for value in (one.mean_ms, one.p50_ms, one.p95_ms, one.max_ms)))

    times = made.times
    rows = (row("pipeline", times.pipeline), row("gate", times.gate), row("segmenter", times.segmenter))
    note = f"One frame at a time on {made.bundle.device}; pipeline: the gate, and the segmenter where the frame was let through."
    return Block("Time per frame", ("", "mean", "p50", "p95", "max"), rows, (note,))
