"""The summary as titled tables of text, for the terminal and the HTML page."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.report.summary import ClassCounts, Decisions, Summary, TruthFigures

_KINDS_SHOWN = 6
CLASS_COLUMNS = ("class", "frames", "found", "as other", "false", "Dice", "IoU")
CLASS_NOTE = (
    "frames: truth has the class; found: a true pixel marked as it; as other: marked, but as another class; false: marked in a "
    "frame without it; Dice and IoU: mean over the frames that have the class"
)
VOID = "THE THRESHOLDS ARE VOID: they were not calibrated on frames resized so. Verdicts and figures are for a look and mean nothing."


@dataclass(frozen=True, slots=True)
class Block:
    """A small table: the first column names the row, the others hold figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    words: bool = False
    """True where the cells hold text, which is aligned left and wrapped."""


def blocks(summary: Summary) -> list[Block]:
    """The tables of the summary, the most important first."""
    made = [_run(summary), _verdicts(summary), _reasons(summary)]
    if summary.uninspected:
        made.append(_uninspected(summary))
    if summary.truth is not None:
        made += [_truth(summary.truth), _classes(summary.truth, summary), _dice(summary.truth)]
    else:
        made.append(Block("Defects", ("class", "published"), tuple((k, f"{n:,}") for k, n in summary.defects.items())))
    return made


def conclusion(summary: Summary) -> str:
    """Whether the run is sound and of use, in one sentence; and where the thresholds are void, that they are."""
    return f"{_conclusion(summary)} {VOID}" if summary.thresholds_void else _conclusion(summary)


def _conclusion(summary: Summary) -> str:
    if summary.sound and summary.nothing_inspected:
        return f"{summary.frames:,} frames, and NOT ONE COULD BE INSPECTED."
    if summary.sound:
        return f"{summary.frames:,} frames, each with exactly one verdict."
    return f"NOT SOUND: {summary.unresolved:,} frames without a verdict, {summary.repeated:,} second verdicts."


def percent(value: float | None) -> str:
    """A share as a percentage; a dash where there is none."""
    return "-" if value is None else f"{value:.1%}"


def decimal(value: float | None) -> str:
    """A figure between 0 and 1 with three decimals; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def _ms(value: float) -> str:
    return f"{value:,.1f} ms"


def _run(summary: Summary) -> Block:
    rows = [
        ("frames with a verdict", f"{summary.frames:,}"),
        ("frames/s", "-" if summary.frames_per_s is None else f"{summary.frames_per_s:.1f}"),
    ]
    if summary.latency is not None:
        rows += [
            ("capture to verdict, p50", _ms(summary.latency.p50_ms)),
            ("p95", _ms(summary.latency.p95_ms)),
            ("p99", _ms(summary.latency.p99_ms)),
            ("max", _ms(summary.latency.max_ms)),
        ]
    rows += [
        ("dropped", f"{summary.dropped:,}"),
        ("late", f"{summary.late:,}"),
        ("unresolved", f"{summary.unresolved:,}"),
    ]
    if summary.repeated:
        rows.append(("second verdicts", f"{summary.repeated:,}"))
    return Block("Run", ("", ""), tuple(rows), summary.fitted)


def _verdicts(summary: Summary) -> Block:
    columns: tuple[str, ...] = ("verdict", "frames")
    rows: list[tuple[str, ...]] = [(verdict, f"{count:,}") for verdict, count in summary.verdicts.items()]
    if summary.truth is not None:
        by_truth = summary.truth.verdicts_by_truth
        columns = (*columns, *by_truth)
        rows = [(*row, *(f"{counts[row[0]]:,}" for counts in by_truth.values())) for row in rows]
    return Block("Verdicts", columns, tuple(rows))


def _reasons(summary: Summary) -> Block:
    return Block("Reasons", ("reason", "frames"), tuple((one, f"{count:,}") for one, count in summary.reasons.items()))


def _uninspected(summary: Summary) -> Block:
    """The first case of each kind, and what mends it."""
    shown, rest = summary.uninspected[:_KINDS_SHOWN], summary.uninspected[_KINDS_SHOWN:]
    rows = [(f"{kind.reason.value} {kind.frames:,}", str(kind).partition(": ")[2]) for kind in shown]
    if rest:
        rows.append(("further kinds", f"{sum(kind.frames for kind in rest):,} frames; report.json has their details"))
    remedies = dict.fromkeys(f"{kind.reason.value}: {kind.remedy}." for kind in shown if kind.remedy)
    return Block("Not inspected", ("", ""), tuple(rows), tuple(remedies), words=True)


def _truth(truth: TruthFigures) -> Block:
    def row(name: str, made: Decisions) -> tuple[str, ...]:
        counts = (f"{count:,}" for count in (made.tp, made.fn, made.fp, made.tn))
        return (name, *counts, percent(made.recall), percent(made.false_alarm_rate), percent(made.precision))

    notes = [
        "caught and missed: of the defective frames; false and passed: of the clean ones; alarms: false / clean.",
        f"Truth: {truth.rule}.",
        f"{truth.labelled:,} frames labelled ({truth.defective:,} defective, {truth.clean:,} clean); "
        f"{truth.excluded:,} without truth are in none of these figures.",
    ]
    skipped = sum(counts["UNINSPECTED"] for counts in truth.verdicts_by_truth.values())
    if skipped:
        notes.append(f"{skipped:,} labelled frames ended UNINSPECTED and are not in the row of the verdicts.")
    if truth.problems:
        notes.append(f"{truth.problems:,} frames have a truth that cannot be used: {'; '.join(truth.first_problems)}")
    return Block(
        "Against the truth",
        ("", "caught", "missed", "false", "passed", "recall", "alarms", "precision"),
        (row("gate lets through", truth.gate), row("REJECT or SCRAP", truth.verdict)),
        tuple(notes),
    )


def class_cells(one: ClassCounts) -> tuple[str, ...]:
    """The cells below the first columns of ``CLASS_COLUMNS``: name and counts."""
    return (one.class_name, *(f"{count:,}" for count in (one.frames, one.found, one.as_other, one.false_frames)))


def _classes(truth: TruthFigures, summary: Summary) -> Block:
    rows = tuple(
        (*class_cells(one), decimal(one.dice), decimal(one.iou), f"{summary.defects.get(one.class_name, 0):,}")
        for one in truth.classes
    )
    note = f"{CLASS_NOTE}; published: its defects in all results."
    return Block("Classes", (*CLASS_COLUMNS, "published"), rows, (note,))


def _dice(truth: TruthFigures) -> Block:
    rows = (
        ("Kaggle mean Dice", decimal(truth.kaggle_mean_dice), decimal(truth.kaggle_mean_dice_of_defects)),
        ("  of marking nothing", decimal(truth.kaggle_all_empty), decimal(truth.kaggle_all_empty)),
        ("pixel Dice, defective frames", decimal(truth.pixel_dice), decimal(truth.pixel_dice_of_defects)),
        ("  whatever the class", decimal(truth.pixel_dice_any_class), decimal(truth.pixel_dice_any_class_of_defects)),
    )
    note = (
        f"Over {truth.compared:,} frames whose published mask was compared with the truth; defects: without the specks below "
        "the operating point's minimum areas, which are in the mask but are no defects."
    )
    return Block("Masks", ("", "mask", "defects"), rows, (note,))
