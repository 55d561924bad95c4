"""What was found on a coil, in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.table import Table

from engines.files.text import counted
from inspector.cli.output import console, shown
from inspector.coil.coil import Findings
from inspector.coil.coverage import CameraCoverage
from inspector.coil.intervals import length, within
from inspector.frames.coil import CoilDefect, Cut, Unknown

MOST_COLUMNS = 20
SHOWN = 50
"""Defects and stretches that are listed; ``--json`` has all."""


def print_findings(findings: Findings) -> None:
    """Tables of cameras, defects and unknown stretches."""
    printer = console()
    printer.print(shown(_title(findings)), soft_wrap=True)
    printer.print(_table(("camera", "face", "across, mm", "along, m", "inspected, m", "frames", "messages"), map(_camera, findings.coverage)))  # fmt: skip
    largest = sorted(findings.defects, key=lambda one: -one.area_mm2)[:SHOWN]
    if largest:
        columns = ("class", "face", "at\nm", "across\nmm", "length\nmm", "width\nmm", "area\nmm2", "to edges\nmm")
        printer.print(_table(columns, map(_defect, largest), figures_from=2))
        if any(map(_open, largest)):
            printer.print("+: it touches a stretch that was not inspected and may go on there", soft_wrap=True)
    _print_rest(len(findings.defects), "defects", "the largest")
    if findings.unknowns:
        printer.print(_table(("not inspected, m", "face", "across, mm", "frames", "why"), map(_unknown, findings.unknowns[:SHOWN])))  # fmt: skip
        _print_rest(len(findings.unknowns), "stretches that nobody inspected", "the first")


def _title(findings: Findings) -> str:
    simulated = ", simulated" if findings.head.simulated else ""
    told = (
        "complete: every message of it is here"
        if findings.complete
        else "NOT COMPLETE: not every message of it is here"
    )
    over = "ended" if findings.ended else "not ended"
    coil = findings.from_mm, findings.to_mm
    unseen = length(within(((one.area.from_mm, one.area.to_mm) for one in findings.unknowns), coil))
    where = f"{findings.length_mm / 1000:.3f} m" + (f", {unseen / 1000:.3f} m of it not inspected" if unseen else "")
    found = counted(len(findings.defects), "defect")
    return f"run {findings.run} on line {findings.line}{simulated}: {where}; {found}; {over}; {told}"


def _print_rest(count: int, what: str, which: str) -> None:
    if count > SHOWN:
        console().print(f"{which} {SHOWN} of {count} {what}; --json has all", soft_wrap=True)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], figures_from: int = MOST_COLUMNS) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        figures = number >= figures_from
        table.add_column(column, overflow="fold", no_wrap=figures, justify="right" if figures else "left")
    for row in rows:
        table.add_row(*map(shown, row))
    return table


def _camera(one: CameraCoverage) -> tuple[str, ...]:
    across = "" if one.x_from_mm is None or one.x_to_mm is None else f"{one.x_from_mm:.1f} to {one.x_to_mm:.1f}"
    along = "" if one.from_mm is None or one.to_mm is None else f"{one.from_mm / 1000:.3f} to {one.to_mm / 1000:.3f}"
    missing = f", {one.missing} missing" if one.missing else ""
    told = "complete" if one.complete else "not complete"
    return (
        one.camera, one.face or "", across, along, f"{one.inspected_mm / 1000:.3f}", f"{one.frames}{missing}", told
    )  # fmt: skip


def _defect(one: CoilDefect) -> tuple[str, ...]:
    far = "" if one.far_edge_mm is None else f" / {one.far_edge_mm:.0f}"
    return (
        one.class_name,
        one.area.face,
        f"{one.along_mm / 1000:.2f}",
        f"{one.x_mm:.0f}",
        f"{_size(one.length_mm)}{'+' if _open(one) else ''}",
        _size(one.width_mm),
        _size(one.area_mm2),
        f"{one.near_edge_mm:.0f}{far}",
    )


def _size(figure: float) -> str:
    return f"{figure:.1f}" if figure < 100 else f"{figure:.0f}"


def _open(one: CoilDefect) -> bool:
    """Whether it may go on."""
    return Cut.UNKNOWN in (one.head, one.tail)


def _unknown(one: Unknown) -> tuple[str, ...]:
    area = one.area
    return (
        f"{area.from_mm / 1000:.3f} to {area.to_mm / 1000:.3f}",
        area.face,
        f"{area.x_from_mm:.1f} to {area.x_to_mm:.1f}",
        str(one.frames),
        "no frame shows it" if one.reason is None else one.reason.value,
    )
