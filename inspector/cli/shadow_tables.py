"""The report of a shadow in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.cli.output import console
from inspector.cli.result_lines import iso_time
from inspector.protocol.shadow_report import BundleComparison, ChangedFrame, SampleCounts, ShadowReportBody, Share
from inspector.report.blocks import Block
from inspector.report.table import tables

SHOWN = 20
"""Frame numbers of a line without ``--all``."""


def print_report(made: ShadowReportBody, *, every: bool) -> None:
    """Tables of the figures, then the frames; ``every`` frame, or the newest few of each kind."""
    printer = console()
    for one in made.comparisons:
        printer.print(tables([_sample(made, one), _verdicts(one), _changes(made, one), _classes(one)]))
        for line in (conclusion(made, one), "", *_frames(one, every=every)):
            printer.print(line, soft_wrap=True)


def conclusion(made: ShadowReportBody, one: BundleComparison) -> str:
    """What would have changed, in one sentence."""
    confidence = f"{made.confidence:.0%}"
    if one.changed.high is None or one.changed.low is None:
        return "No frame was compared yet, so nothing can be said."
    if not one.changed.count:
        return (
            f"None of {one.compared:,} frames would have another verdict: with {confidence} confidence that is at most "
            f"{_percent(one.changed.high)} of such frames."
        )
    low, high = one.changed.low * one.sample.frames, one.changed.high * one.sample.frames
    return (
        f"{one.changed.count:,} of {one.compared:,} frames would have another verdict; of all {one.sample.frames:,} frames, with "
        f"{confidence} confidence, {low:,.0f} to {high:,.0f}."
    )


def _sample(made: ShadowReportBody, one: BundleComparison) -> Block:
    sample = one.sample
    rows = [
        ("shadow", one.shadow_bundle),
        ("beside", one.active_bundle),
        ("since", f"{iso_time(made.started_unix_ns)} (epoch {made.epoch[:8]})"),
        ("sample", f"{100 * sample.share:.3g} % of the frames, chosen by their number"),
        ("frames", f"{sample.frames:,}, of which {sample.chosen:,} chosen, {one.compared:,} compared"),
    ]
    if sample.skipped:
        rows.append(("not shown", _in_words(sample.skipped)))
    if sample.unanswered:
        rows.append(("no answer", _in_words(sample.unanswered)))
    if sample.late:
        rows.append(("late", f"{sample.late:,} compared, though the active bundle's answer came after the deadline"))
    if len(one.cameras) > 1:
        rows += [(camera, _camera(counts)) for camera, counts in one.cameras.items()]
    return Block("Shadow", ("", ""), tuple(rows), words=True)


def _camera(counts: SampleCounts) -> str:
    return f"{counts.frames:,} frames, of which {counts.chosen:,} chosen"


def _verdicts(one: BundleComparison) -> Block:
    rows = tuple((active, *(f"{number:,}" for number in row.values())) for active, row in one.verdicts.items())
    return Block(
        "Verdicts", ("active", *one.verdicts), rows, ("Rows: the active bundle's verdict; columns: the shadow's.",)
    )


def _changes(made: ShadowReportBody, one: BundleComparison) -> Block:
    rows = [
        ("another verdict", one.changed),
        ("  stricter", one.stricter),
        ("  laxer", one.laxer),
        ("any difference", one.disagreed),
    ]
    gate = ", ".join(f"{number:,} only by the {who}'s" for who, number in sorted(one.sample.gate.items()))
    notes = [
        f"Exact {made.confidence:.0%} intervals, as if each frame were independent of the others: frames of one coil resemble "
        "each other, so another coil may lie outside them."
    ]
    if gate:
        notes.insert(0, f"Let through by one gate alone: {gate}.")
    return Block(
        "What would have changed",
        ("", "frames", "share", "interval"),
        tuple((name, f"{found.count:,}", *_cells(found)) for name, found in rows),
        tuple(notes),
    )


def _classes(one: BundleComparison) -> Block:
    rows = tuple(
        (
            found.name,
            f"{found.counts.active:,}",
            f"{found.counts.shadow:,}",
            *(cell for change in (found.no_longer, found.newly) for cell in (f"{change.count:,}", _cells(change)[1])),
            "-" if found.pixel_agreement is None else f"{found.pixel_agreement:.0%}",
        )
        for found in one.classes
    )
    return Block(
        "Defects by class, frames",
        ("class", "active", "shadow", "no longer", "interval", "newly", "interval", "px common"),
        rows,
        (
            "no longer, newly: only the active bundle, only the shadow found one. px common: at most this share of the pixels that either "
            "marked, on frames that both segmented, is common to both (from their numbers).",
        ),
    )


def _frames(one: BundleComparison, *, every: bool) -> Iterator[str]:
    """A line for each kind of change, camera and run, with the numbers of the frames."""
    groups: dict[str, list[int]] = {}
    for frame in one.frames:
        groups.setdefault(_group(frame), []).append(frame.frame)
    for name, numbers in groups.items():
        yield f"{name} ({len(numbers):,}): {_numbers(numbers, every=every)}"
    if one.frames_left_out:
        yield f"{one.frames_left_out:,} more frames are not listed" + (
            "" if every else "; --all lists what the journal has"
        )


def _group(frame: ChangedFrame) -> str:
    active, shadow = frame.active.verdict, frame.shadow.verdict
    if frame.kind == "verdict":
        change = f"{active} to {shadow}"
    elif frame.kind == "classes":
        change = f"{active}, other classes of defects"
    else:
        change = f"{active}, let through by one gate alone"
    return f"{change}, {frame.camera}" + (f", run {frame.run}" if frame.run else "")


def _numbers(numbers: Sequence[int], *, every: bool) -> str:
    shown = sorted(numbers) if every else sorted(numbers)[-SHOWN:]
    return ("" if len(shown) == len(numbers) else "... ") + ", ".join(map(str, shown))


def _cells(found: Share) -> tuple[str, str]:
    if found.share is None or found.low is None or found.high is None:
        return "-", "-"
    return _percent(found.share), f"{_percent(found.low)} to {_percent(found.high)}"


def _percent(value: float) -> str:
    """With two significant digits where it is small: a bound of 0.04 % is not 0.0 %."""
    return f"{100 * value:.3g} %" if value >= 0.01 or not value else f"{100 * value:.2g} %"


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {why}" for why, number in sorted(counts.items()))
