"""A line on one screen: the report that ``status`` answers, for a person."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from inspector.cli.output import console
from inspector.frames.camera_state import CameraState
from inspector.frames.outcome import Verdict
from inspector.protocol.messages import Signal
from inspector.protocol.recovery import Outcome

if TYPE_CHECKING:
    from rich.console import Console

    from inspector.protocol.line_report import ArchiveReport, CameraReport, LineReport, RecoveryReport

_STATE_STYLES = {"running": "green", "degraded": "bold yellow", "stopped": "bold red"}
_VERDICT_STYLES = {Verdict.REJECT: "red", Verdict.SCRAP: "bold red", Verdict.UNINSPECTED: "yellow"}


def tell_report(report: LineReport) -> None:
    """Print the report."""
    from rich.text import Text

    out = console()
    state = report.state.value
    out.print(
        Text.assemble(
            (report.line, "bold"), "  ", (state, _STATE_STYLES.get(state, "yellow")), f"  {_time(report.unix_ns)}  {report.software}"
        ),
        soft_wrap=True,
    )  # fmt: skip
    out.print(
        f"run      {report.run or 'none'}    recipe {report.recipe or 'none'}    part {report.part or 'none'}",
        soft_wrap=True,
    )
    out.print(f"bundle   {report.bundle}    operating point {report.operating_point}", soft_wrap=True)
    signal = report.health.signal
    out.print(
        Text.assemble("health   ", (signal.value.replace("_", " "), "" if signal is Signal.NORMAL else "bold yellow")),
        soft_wrap=True,
    )
    for reason in report.health.reasons:
        named = reason.text.startswith(f"{reason.part} ")
        out.print(Text("         " + (reason.text if named else f"{reason.part}: {reason.text}")), soft_wrap=True)
    if report.standby:
        out.print(f"standby  {report.standby}", soft_wrap=True)
    if report.shadow:
        shadow = report.shadow
        out.print(
            f"shadow   {shadow.bundle}, {shadow.share:.0%} of the frames: {shadow.disagreements} of {shadow.compared} differ",
            soft_wrap=True,
        )
    for engine in report.engines:
        fallback = "; a CPU in place of a GPU" if engine.cpu_fallback else ""
        out.print(
            f"engines  {engine.role}, {engine.state}: {engine.device or 'not loaded yet'}{fallback}", soft_wrap=True
        )
    latency = report.latency_ms
    if latency.p50 is not None and latency.p99 is not None and latency.max is not None:
        out.print(f"latency  p50 {latency.p50:.1f} ms, p99 {latency.p99:.1f} ms, longest {latency.max:.1f} ms")
    if report.journal is None:
        out.print("journal  none")
    else:
        journal = report.journal
        trouble = f": {journal.error}" if journal.error else ""
        lost = f", {journal.not_journaled} left out" if journal.not_journaled else ""
        out.print(f"journal  {journal.path}{trouble}{lost}", soft_wrap=True)
    out.print(f"recovery {_recovery(report.recovery)}", soft_wrap=True)
    if report.archive is not None:
        out.print(f"archive  {archive_in_words(report.archive)}", soft_wrap=True)
    _print_cameras(out, report)
    _print_rejects(out, report)


def _recovery(report: RecoveryReport | None) -> str:
    if report is None:
        return "none"
    asked = ", ".join(f"{report.requests.get(outcome, 0)} {outcome.value}" for outcome in Outcome)
    told = f"{report.endpoint}    requests: {asked}; {report.publications} publications sent again"
    troubles = (
        (report.not_let_in, "connections not let in"),
        (report.cut_off, "connections cut off"),
        (report.bad_messages, "messages could not be used"),
    )
    return told + "".join(f"; {count} {what}" for count, what in troubles if count)


def archive_in_words(archive: ArchiveReport) -> str:
    """What the archive has kept, and how full it is."""
    trouble = f": {archive.error}" if archive.error else ""
    size = "" if archive.bytes is None else f", {archive.entries} frames in {archive.bytes / 1e9:.2f} GB"
    full = "" if archive.full_in_days is None else f", full in {archive.full_in_days:.1f} days"
    counts = ", ".join(f"{count} {name}" for name, count in archive.archived.items()) or "none"
    left_out = sum(archive.left_out.values())
    return f"{archive.path}{trouble}{size}{full}; since the start: {counts}" + (
        f", {left_out} left out" if left_out else ""
    )


def _print_cameras(out: Console, report: LineReport) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("camera", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for column in ("frames/s", "frames", "open", *(verdict.value for verdict in Verdict)):
        table.add_column(column, justify="right", no_wrap=True)
    for camera in report.cameras:
        table.add_row(
            camera.camera,
            Text(camera.state.value, "" if camera.state is CameraState.STREAMING else "bold yellow"),
            f"{camera.rate_hz:.1f}",
            str(camera.frames),
            str(camera.open),
            *(str(camera.verdicts.get(verdict, 0)) for verdict in Verdict),
        )
    if (sheets := report.sheets) is not None:
        table.add_row(
            "sheets",
            "",
            "",
            str(sheets.sheets),
            str(sheets.open),
            *(str(sheets.verdicts.get(one, 0)) for one in Verdict),
        )
    out.print()
    out.print(table)
    for camera in report.cameras:
        _print_source(out, camera)


def _print_source(out: Console, camera: CameraReport) -> None:
    """What a live camera counts, and its clock."""
    if (source := camera.source) is not None:
        lost = "loss cannot be proved: no frame numbers" if source.lost is None else f"{source.lost} lost"
        packets = (
            f"; packets: {source.resent_packets} resent, {source.missing_packets} missing"
            if source.lost is not None
            else ""
        )
        out.print(
            f"{camera.camera}: {source.received} received, {lost}, {source.incomplete} incomplete, {source.dropped} dropped; "
            f"reconnects: {camera.reconnects}{packets}",
            soft_wrap=True,
        )
    if camera.clock is not None:
        style = "" if camera.clock.in_specification else "bold yellow"
        out.print(f"{camera.camera}: clock {camera.clock.name}: {camera.clock.text}", style=style, soft_wrap=True)


def _print_rejects(out: Console, report: LineReport) -> None:
    from rich.text import Text

    if not report.last_rejects:
        return
    out.print("\nlast that were not passed")
    for one in report.last_rejects:
        line = Text(f"{_time(one.captured_unix_ns)}  {one.camera} {one.frame}  ")
        line.append(one.verdict.value, _VERDICT_STYLES.get(one.verdict, ""))
        line.append(f" {one.reason.value}" + (f"  {one.detail}" if one.detail else ""))
        out.print(line, soft_wrap=True)


def _time(unix_ns: int) -> str:
    return datetime.fromtimestamp(unix_ns / 1e9, timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
