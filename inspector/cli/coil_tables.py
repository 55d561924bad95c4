"""What was found on a coil, in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.table import Table

from inspector.cli.output import console, shown
from inspector.coil.coil import Findings
from inspector.coil.coverage import CameraCoverage
from inspector.frames.coil import CoilDefect, Cut, Unknown

SHOWN = 50
"""Defects and stretches that are listed; ``--json`` has all."""


def print_findings(findings: Findings) -> None:
    """Tables of cameras, defects and unknown stretches."""
    printer = console()
    printer.print(shown(_title(findings)))
    printer.print(_table(("camera", "face", "across", "along", "inspected", "frames", "told"), map(_camera, findings.coverage)))  # fmt: skip
    largest = sorted(findings.defects, key=lambda one: -one.area_mm2)[:SHOWN]
    if largest:
        columns = ("class", "face", "at", "across", "length", "width", "area", "from edge", "regions", "")
        printer.print(_table(columns, map(_defect, largest)))
    _print_rest(len(findings.defects), "defects", "the largest")
    if findings.unknowns:
        printer.print(_table(("not inspected", "face", "across", "frames", "why"), map(_unknown, findings.unknowns[:SHOWN])))  # fmt: skip
        _print_rest(len(findings.unknowns), "stretches that nobody inspected", "the first")


def _title(findings: Findings) -> str:
    simulated = ", simulated" if findings.head.simulated else ""
    told = "all that was said of it is here" if findings.complete else "not all that was said of it is here"
    over = "over" if findings.ended else "not over"
    return (
        f"run {findings.run} on line {findings.line}{simulated}: {findings.length_mm / 1000:.3f} m, {len(findings.defects)} defects; "
        f"{over}; {told}"
    )


def _print_rest(count: int, what: str, which: str) -> None:
    if count > SHOWN:
        console().print(f"{which} {SHOWN} of {count} {what}; --json has all", soft_wrap=True)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(shown, row))
    return table


def _camera(one: CameraCoverage) -> tuple[str, ...]:
    across = "" if one.x_from_mm is None or one.x_to_mm is None else f"{one.x_from_mm:.1f} to {one.x_to_mm:.1f} mm"
    along = "" if one.from_mm is None or one.to_mm is None else f"{one.from_mm / 1000:.3f} to {one.to_mm / 1000:.3f} m"
    missing = f", {one.missing} missing" if one.missing else ""
    told = "complete" if one.complete else "not complete"
    return (
        one.camera, one.face or "", across, along, f"{one.inspected_mm / 1000:.3f} m", f"{one.frames}{missing}", told
    )  # fmt: skip


def _defect(one: CoilDefect) -> tuple[str, ...]:
    far = "" if one.far_edge_mm is None else f" / {one.far_edge_mm:.1f}"
    goes_on = {
        (Cut.UNKNOWN, Cut.WHOLE): "may begin before",
        (Cut.WHOLE, Cut.UNKNOWN): "may go on",
        (Cut.UNKNOWN, Cut.UNKNOWN): "may begin before and go on",
    }.get((one.head, one.tail), "")
    return (
        one.class_name,
        one.area.face,
        f"{one.along_mm / 1000:.3f} m",
        f"{one.x_mm:.1f} mm",
        f"{one.length_mm:.1f} mm",
        f"{one.width_mm:.1f} mm",
        f"{one.area_mm2:.1f} mm2",
        f"{one.near_edge_mm:.1f}{far} mm",
        str(one.pieces),
        goes_on,
    )


def _unknown(one: Unknown) -> tuple[str, ...]:
    area = one.area
    return (
        f"{area.from_mm / 1000:.3f} to {area.to_mm / 1000:.3f} m",
        area.face,
        f"{area.x_from_mm:.1f} to {area.x_to_mm:.1f} mm",
        str(one.frames),
        "no frame was told of" if one.reason is None else one.reason.value,
    )
