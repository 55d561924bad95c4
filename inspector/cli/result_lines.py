"""Messages of the results protocol as lines for a person, for live results and for the journal."""

from __future__ import annotations

from datetime import datetime, timezone

from rich.text import Text

from engines.files.text import brief, counted
from inspector.frames.outcome import Defect, Verdict
from inspector.frames.sheet import SHEET
from inspector.protocol.codec import Packet
from inspector.protocol.coil import CoilBody, CoilDefectBody, RollMarkBody
from inspector.protocol.messages import (
    ChangeBody,
    EndBody,
    GapBody,
    HeartbeatBody,
    LateBody,
    LineState,
    ResultBody,
    SheetBody,
    Signal,
    StartBody,
    StatusBody,
)

VERDICT_STYLES = {
    Verdict.PASS: "green",
    Verdict.REJECT: "bold red",
    Verdict.SCRAP: "bold white on red",
    Verdict.UNINSPECTED: "bold yellow",
}
_DEFECTS_SHOWN = 3
_LONGEST = 2000
"""Characters that are shown of a text, which may come from a network."""


def line_of(packet: Packet) -> Text:
    """One line: local time, camera, what, details."""
    header, body = packet.header, packet.body
    time_ns = header.captured_unix_ns or header.published_unix_ns
    line = Text.assemble((clock_time(time_ns), "dim"), f"  {header.camera:<8} ")
    if isinstance(body, ResultBody):
        line.append(f"#{header.frame:<8} ")
        line.append(f"{body.verdict.value:<11} ", VERDICT_STYLES[body.verdict])
        frames = f"{len(body.frames)} frames" if isinstance(body, SheetBody) else ""
        parts = [body.reason.value, _score(body.gate_score), _defects(body.defects), body.detail, body.name, frames]
        line.append("  ".join(brief(part, _LONGEST) for part in parts if part))
        line.append(f"  {body.latency_us / 1000:.1f} ms", "dim")
    elif isinstance(body, GapBody):
        line.append(f"#{header.frame:<8} ")
        line.append(f"{body.verdict.value:<11} ", VERDICT_STYLES[body.verdict])
        count = body.last - body.first + 1
        line.append(
            brief(f"{body.reason.value}  {count} {_things(packet)}, {body.first}..{body.last}  {body.detail}", _LONGEST)
        )
    elif isinstance(body, LateBody):
        line.append(f"#{header.frame:<8} ")
        line.append(f"{'late':<11} ", "yellow")
        line.append(f"would have been {body.late_verdict.value} ({body.late_reason.value}); not a verdict")
    else:
        _append_event(line, packet)
    return line


def _append_event(line: Text, packet: Packet) -> None:
    body = packet.body
    line.append(f"{packet.header.type.value:<21} ", "bold cyan")
    if isinstance(body, StartBody):
        size = f"{body.geometry.height_px}x{body.geometry.width_px}"
        marks = ("  simulated" if packet.header.simulated else "") + ("  (repeated)" if body.repeat else "")
        line.append(
            brief(f"run {packet.header.run}  {size}  {', '.join(body.classes)}  {body.source}{marks}", _LONGEST)
        )
    elif isinstance(body, ChangeBody):
        line.append(brief(f"{packet.header.bundle}  {body.why}", _LONGEST))
    elif isinstance(body, StatusBody):
        calm = body.state in (LineState.RUNNING, LineState.STARTING, LineState.STOPPED)
        line.append(f"{body.state.value}  ", "bold" if calm else "bold yellow")
        line.append(brief(f"{body.code}  {body.text}", _LONGEST))
        if body.health is not None and body.health.signal not in (Signal.NORMAL, Signal.FUNCTION_CHECK):
            line.append(f"  {body.health.signal.value.replace('_', ' ')}", "dim")
    elif isinstance(body, EndBody):
        counts = "  ".join(f"{verdict.value} {count}" for verdict, count in body.verdicts.items())
        line.append(f"{body.frames} {_things(packet)}  {counts}  late results {body.late}")
    elif isinstance(body, CoilBody | CoilDefectBody | RollMarkBody):
        line.append(brief(_of_coil(packet.header.run or "", body), _LONGEST))
    elif isinstance(body, HeartbeatBody):
        line.append(f"{body.state.value}  last seq {body.last_seq}  resolved {packet.header.resolved_through}")


def _of_coil(run: str, body: CoilBody | CoilDefectBody | RollMarkBody) -> str:
    if isinstance(body, CoilBody):
        counts = ", ".join(f"{count} {name}" for name, count in body.defects.items()) or "no defects"
        length = "length unknown" if body.length_mm is None else f"{body.length_mm / 1000:.1f} m"
        grade = "" if body.grade is None else f"  grade {body.grade}"
        report = "" if body.report is None else f"  {body.report}"
        return f"{run}  {body.state.value}  {length}  {counts}, {counted(body.roll_marks, 'roll mark')}{grade}{report}"
    one = body.defect if isinstance(body, CoilDefectBody) else body.mark
    place = f"{one.area.from_mm / 1000:.2f}-{one.area.to_mm / 1000:.2f} m  {one.area.x_from_mm:.0f}-{one.area.x_to_mm:.0f} mm  {one.area.face}"
    if isinstance(body, CoilDefectBody):
        return f"{run}  {one.class_name} {body.defect.length_mm:.0f} x {body.defect.width_mm:.0f} mm  {place}"
    fits = ", ".join(fit.roll for fit in body.mark.rolls) or "no known roll"
    mark = f"roll mark {body.number}: {body.mark.count} {one.class_name} every {body.mark.period_mm:.1f} mm"
    return f"{run}  {body.state.value}  {mark}  {place}  {fits}"


def _things(packet: Packet) -> str:
    return "sheets" if packet.header.camera == SHEET else "frames"


def clock_time(unix_ns: int) -> str:
    """Local time of day with milliseconds."""
    try:
        return datetime.fromtimestamp(unix_ns / 1e9).strftime("%H:%M:%S.%f")[:-3]
    except (ValueError, OverflowError, OSError):
        return "??:??:??.???"


def iso_time(unix_ns: int) -> str:
    """UTC in ISO 8601 with microseconds."""
    seconds, rest_ns = divmod(unix_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1000:06d}Z"


def _score(score: float | None) -> str:
    return "" if score is None else f"gate {score:.2f}"


def _defects(defects: tuple[Defect, ...]) -> str:
    if not defects:
        return ""
    shown = ", ".join(f"{defect.class_name} {_area(defect)}" for defect in defects[:_DEFECTS_SHOWN])
    return shown + (f", {len(defects) - _DEFECTS_SHOWN} more" if len(defects) > _DEFECTS_SHOWN else "")


def _area(defect: Defect) -> str:
    return f"{defect.area_px} px" if defect.area_mm2 is None else f"{defect.area_mm2:.1f} mm2"
