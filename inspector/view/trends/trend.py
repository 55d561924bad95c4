"""What the trends page shows, from buckets: pure functions. Shares are made on the page; here are counts, so that they can be added up and checked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone

import msgspec

from engines.files.text import spreadsheet_cell
from inspector.frames.outcome import Reason
from inspector.view.live.words import REASONS
from inspector.view.trends.buckets import (
    DAY_STEPS,
    DISMISSED,
    GATE_CLEAN,
    INSPECTED,
    REJECT,
    SCRAP,
    STEP_S,
    Bucket,
    Day,
    percentiles,
)
from inspector.view.trends.events import Mark, Span
from inspector.view.trends.reading import MOST_DAYS, Call, Known

_ORDER = {reason.value: number for number, reason in enumerate(REASONS)}
_STEPS = ((1, 900), (7, 3600), (MOST_DAYS, 4 * 3600))
"""Up to so many days: seconds in one point."""


class Columns(msgspec.Struct, kw_only=True):
    """A value for each point; counts are of frames."""

    frames: list[int]
    inspected: list[int]
    gate_clean: list[int]
    rejected: list[int]
    scrapped: list[int]
    dismissed: list[int]
    """Rejected or scrapped ones that review called false alarms, where these are left out; they are inspected ones then."""
    uninspected: dict[str, list[int]]
    """By reason, in words."""
    classes: dict[str, list[int]]
    """With a defect of the class."""
    p50_ms: list[float | None]
    p99_ms: list[float | None]
    deadline_ms: list[float | None]
    gate_score: list[float | None]
    """The mean of all that the gate scored."""
    clean_score: list[float | None]
    """The mean of those that it called clean: defects do not move it."""
    missing: list[int]
    """Messages that the journal does not hold."""


class Trend(msgspec.Struct, kw_only=True):
    """All that the page shows of a line."""

    line: str
    """As it calls itself in the journal."""
    days: int
    step_s: int
    times: list[int]
    """Where the points begin, Unix time, s."""
    columns: Columns
    whole: Columns
    """One value each: of all of the time."""
    cameras: list[str]
    """That the line has, or had."""
    camera: str | None
    reviewed: bool
    simulated: int
    """Frames of these that are simulated."""
    reasons: list[str]
    """All that a frame may not be inspected for, in words."""
    marks: list[Mark]
    spans: list[Span]
    first_s: float | None
    """How far back something is known."""
    last_s: float | None
    read_s: float
    """When the journal was read last."""
    trouble: str
    """Why the journal cannot be read now; what is shown is what was known then."""
    notes: list[str]


def step_of(days: int) -> int:
    """Seconds in one point."""
    return next(step for most, step in _STEPS if days <= most)


def trend(
    kept: Mapping[int, Day],
    known: Known,
    line: str,
    *,
    now_s: float,
    days: int,
    camera: str | None = None,
    reviewed: bool = False,
    read_s: float | None = None,
    trouble: str = "",
) -> Trend:
    """``kept``: the buckets by day since 1970. ``reviewed``: leave out what review called a false alarm. ``read_s``: when the journal was read; None: now."""
    step_s = step_of(days)
    to_s = (int(now_s) // step_s + 1) * step_s
    from_s = to_s - days * 86_400
    points = [Bucket() for _ in range((to_s - from_s) // step_s)]
    cameras: set[str] = set()
    for number, day in kept.items():
        cameras.update(day)
        for name, buckets in day.items():
            for slot, bucket in buckets.items():
                place = ((number * DAY_STEPS + slot) * STEP_S - from_s) // step_s
                if 0 <= place < len(points) and camera in (None, name):
                    points[place].add(bucket)
    if reviewed:
        for call in known.dismissed.values():
            place = (call.at_step * STEP_S - from_s) // step_s
            if 0 <= place < len(points) and camera in (None, call.camera):
                _dismiss(points[place], call)
    whole = Bucket()
    for point in points:
        whole.add(point)
    classes = [*known.events.classes, *sorted(set(whole.classes) - set(known.events.classes))]
    # In a fixed order, so that a reason has the same colour whatever time is shown.
    reasons = sorted(set(whole.calls) - set(INSPECTED), key=lambda one: (_ORDER.get(one, len(_ORDER)), one))
    return Trend(
        line=line, days=days, step_s=step_s, times=list(range(from_s, to_s, step_s)), columns=_columns(points, classes, reasons),
        whole=_columns([whole], classes, reasons), cameras=sorted(cameras), camera=camera, reviewed=reviewed, simulated=whole.simulated, reasons=list(REASONS.values()),
        marks=[one for one in known.events.marks if one.at_ms >= from_s * 1000 and (not one.cameras or camera is None or camera in one.cameras)],
        spans=[one for one in known.events.spans if (one.to_ms is None or one.to_ms >= from_s * 1000) and _is_of(one, camera)],
        first_s=None if known.first_ns is None else known.first_ns / 1e9, last_s=known.last_ns / 1e9 or None, read_s=now_s if read_s is None else read_s, trouble=trouble, notes=_notes(known, reviewed=reviewed),
    )  # fmt: skip


def as_csv(found: Trend) -> str:
    """The numbers as a file for a spreadsheet: a row for each point; no name in it is a formula."""
    columns = found.columns
    named: list[tuple[str, list[int] | list[float | None]]] = [
        ("frames", columns.frames), ("inspected", columns.inspected), ("passed by the gate", columns.gate_clean),
        ("rejected", columns.rejected), ("scrapped", columns.scrapped), ("dismissed by review", columns.dismissed),
        *((f"not inspected: {name}", counts) for name, counts in columns.uninspected.items()),
        *((f"with {name}", counts) for name, counts in columns.classes.items()),
        ("latency p50 ms", columns.p50_ms), ("latency p99 ms", columns.p99_ms), ("deadline ms", columns.deadline_ms),
        ("mean gate score", columns.gate_score), ("mean gate score of clean frames", columns.clean_score), ("messages missing", columns.missing),
    ]  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["from (UTC)", *(spreadsheet_cell(name) for name, _ in named)])
    for number, at_s in enumerate(found.times):
        at = datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%d %H:%M")
        values = (values[number] for _, values in named)
        writer.writerow([at, *("" if value is None else value for value in values)])
    return text.getvalue()


def _columns(points: list[Bucket], classes: Iterable[str], reasons: Iterable[str]) -> Columns:
    def of(call: str) -> list[int]:
        return [point.calls.get(call, 0) for point in points]

    latencies = [percentiles(point.latencies, (0.5, 0.99)) for point in points]
    return Columns(
        frames=[point.frames for point in points],
        inspected=[point.inspected for point in points],
        gate_clean=of(GATE_CLEAN),
        rejected=of(REJECT),
        scrapped=of(SCRAP),
        dismissed=of(DISMISSED),
        uninspected={_words(reason): of(reason) for reason in reasons},
        classes={name: [point.classes.get(name, 0) for point in points] for name in classes},
        p50_ms=[_ms(p50) for p50, _ in latencies],
        p99_ms=[_ms(p99) for _, p99 in latencies],
        deadline_ms=[point.deadline_ms for point in points],
        gate_score=[_mean(point.score, point.scored) for point in points],
        clean_score=[_mean(point.clean_score, point.calls.get(GATE_CLEAN, 0)) for point in points],
        missing=[point.missing for point in points],
    )


def _dismiss(bucket: Bucket, call: Call) -> None:
    """The frame stays an inspected one; what was found on it does not count."""
    if call.verdict in (REJECT, SCRAP) and bucket.calls.get(call.verdict, 0) > 0:
        bucket.calls[call.verdict] -= 1
        bucket.calls[DISMISSED] = bucket.calls.get(DISMISSED, 0) + 1
    for name in call.classes:
        if bucket.classes.get(name, 0) > 0:
            bucket.classes[name] -= 1


def _is_of(span: Span, camera: str | None) -> bool:
    return camera is None or span.part.endswith(f"camera {camera}")


def _mean(total: float, count: int) -> float | None:
    return round(total / count, 5) if count else None


def _words(reason: str) -> str:
    try:
        return REASONS[Reason(reason)]
    except (ValueError, KeyError):
        return reason


def _ms(latency_us: float | None) -> float | None:
    return None if latency_us is None else round(latency_us / 1000, 3)


def _notes(known: Known, *, reviewed: bool) -> list[str]:
    notes = []
    if known.altered:
        notes.append(f"{known.altered:,} rows of the journal cannot be read and are not counted")
    if known.is_ahead:
        notes.append("rows that are dated in the future are not counted: look at the clock of the line's machine")
    if reviewed and known.unreviewed:
        notes.append(f"reviews cannot be read: {known.unreviewed}")
    if reviewed and known.unfound:
        notes.append(
            f"{known.unfound:,} frames that review dismissed are not in the journal any more and cannot be left out"
        )
    return notes
