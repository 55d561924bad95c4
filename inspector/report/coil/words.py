"""The content of a report in titled tables, the same on the page and in the PDF."""

from __future__ import annotations

from datetime import datetime, timezone

from engines.files.text import counted
from inspector.frames.coil import Area, CoilDefect, Cut, RollMark
from inspector.report.blocks import Block
from inspector.report.coil.content import SIZE_NAMES, CoilReport

NOT_INSPECTED = "Not inspected"
_MOST_STRETCHES = 20
_MOST_CUTS = 60
_LEAST_CHANCE = 1e-12
"""A smaller probability says nothing more."""


def title(report: CoilReport) -> str:
    """Which coil it is."""
    return f"Coil {report.run}"


def sentence(report: CoilReport) -> str:
    """Grade and completeness, one line."""
    grade = "Not graded" if report.grade is None else f"Grade {report.grade.name}"
    proof = "every frame has its one verdict" if report.complete else "NOT PROVEN COMPLETE: see Completeness"
    length = "length unknown" if report.length_mm is None else f"{_m(report.length_mm)}"
    if report.uninspected_mm:
        length += f", {_m(report.uninspected_mm)} of it NOT INSPECTED"
    found = counted(report.defects_in_all, "defect")
    if report.roll_marks_sought:
        found += f", {counted(len(report.roll_marks), 'roll mark')}"
    simulated = "  SIMULATED: no coil was inspected." if report.head.simulated else ""
    return f"{grade}; {length}; {found}; {proof}.{simulated}"


def blocks(report: CoilReport) -> list[Block]:
    """The tables, the most important first."""
    made = [_grade(report), _head(report), _classes(report), _worst(report), _marks(report), _unknown(report)]
    if report.cuts is not None:
        made.append(_cuts(report))
    return [*made, _proof(report), *([_notes(report)] if report.notes else [])]


def place(area: Area) -> str:
    """Where on the coil it is."""
    return f"{area.from_mm / 1000:.3f} to {area.to_mm / 1000:.3f} m, across {area.x_from_mm:.0f} to {area.x_to_mm:.0f} mm, {area.face}"


def defect_in_words(defect: CoilDefect) -> str:
    """One line about a defect."""
    ends = [name for name, cut in (("head", defect.head), ("tail", defect.tail)) if cut is Cut.UNKNOWN]
    more = f", may go on towards the {' and the '.join(ends)}" if ends else ""
    return (
        f"{defect.class_name}: {defect.length_mm:.0f} x {defect.width_mm:.0f} mm, {defect.area_mm2:.0f} mm2, "
        f"{place(defect.area)}{more}"
    )


def _m(mm: float) -> str:
    return f"{mm / 1000:,.1f} m"


def _grade(report: CoilReport) -> Block:
    grade = report.grade
    if grade is None:
        return Block(
            "Grade", ("", ""), (("grade", "none: there are no rules for it, or the length is unknown"),), words=True
        )
    rows = [("grade", grade.name)]
    rows += [(f"not {broken.grade}", broken.text) for broken in grade.why]
    first, last = grade.counted
    rows.append(("counted", f"{_m(first)} to {_m(last)}, of which {_m(grade.inspected_mm)} inspected"))
    if grade.longest_clean is not None:
        begin, end = grade.longest_clean
        rows.append(("longest clean stretch", f"{_m(end - begin)}, from {_m(begin)} on"))
    return Block("Grade", ("", ""), tuple(rows), words=True)


def _head(report: CoilReport) -> Block:
    head = report.head
    width = "unknown" if report.width_mm is None else f"{report.width_mm:g} mm"
    rows = [
        ("run", report.run),
        ("line", report.line),
        ("recipe", _several(head.recipes)),
        ("began", _time(head.began_unix_ns)),
        ("ended", _time(head.ended_unix_ns)),
        ("length", "unknown" if report.length_mm is None else _m(report.length_mm)),
        ("width", width),
        ("bundle", _several(head.bundles)),
        ("operating point", _several(head.operating_points)),
        ("calibration", _several(head.calibrations)),
        ("flat field", _several(head.flat_fields)),
        ("software", _several(head.software)),
    ]
    if head.simulated:
        rows.append(("simulated", "yes: no coil was inspected"))
    return Block("Head data", ("", ""), tuple(rows), words=True)


def _several(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


def _time(unix_ns: int | None) -> str:
    return (
        "not told"
        if unix_ns is None
        else f"{datetime.fromtimestamp(unix_ns / 1e9, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    )


def _classes(report: CoilReport) -> Block:
    columns = ("class", "defects", *SIZE_NAMES, "per 100 m", "covers, m", "area, m2", "longest, mm")
    rows = tuple(
        (
            one.class_name,
            f"{one.count:,}",
            *(f"{count:,}" for count in one.by_size),
            "-" if one.per_100m is None else f"{one.per_100m:.3g}",
            f"{one.length_m:.4g}",
            f"{one.area_m2:.3g}",
            f"{one.longest_mm:,.0f}",
        )
        for one in report.classes
    )
    note = "Per 100 m of what was inspected. Covers: so much of the coil's length has such defects; what several cover counts once."
    return Block("Defects by class and length", columns, rows or (("none",) + ("",) * (len(columns) - 1),), (note,))


def _worst(report: CoilReport) -> Block:
    columns = ("class", "length, mm", "width, mm", "area, mm2", "at, m", "across, mm", "face", "to edges, mm")
    rows = tuple(
        (
            f"{number}. {one.class_name}",
            f"{one.length_mm:,.0f}{_open(one)}",
            f"{one.width_mm:,.0f}",
            f"{one.area_mm2:,.0f}",
            f"{one.along_mm / 1000:.2f}",
            f"{one.x_mm:.0f}",
            one.area.face,
            f"{one.near_edge_mm:.0f} / {'-' if one.far_edge_mm is None else f'{one.far_edge_mm:.0f}'}",
        )
        for number, one in enumerate(report.worst, 1)
    )
    notes = ["At and across: its middle, from the head and from the reference edge."]
    if any(_open(one) for one in report.worst):
        notes.append("+: it touches a stretch that was not inspected and may be longer.")
    return Block("The largest defects", columns, rows or (("none",) + ("",) * (len(columns) - 1),), tuple(notes))


def _open(defect: CoilDefect) -> str:
    return "+" if Cut.UNKNOWN in (defect.head, defect.tail) else ""


def _marks(report: CoilReport) -> Block:
    if not report.roll_marks_sought:
        return Block("Roll marks", ("", ""), (("not looked for", ""),), words=True)
    rows = tuple((mark.class_name, _mark(mark)) for mark in report.roll_marks)
    return Block("Roll marks", ("", ""), rows or (("none found", ""),), words=True)


def _mark(mark: RollMark) -> str:
    half = (mark.period_high_mm - mark.period_low_mm) / 2
    digits = 0 if half >= 3 else 1 if half >= 0.3 else 2 if half >= 0.03 else 3
    turns = {fit.roll: f", {fit.turns} marks a turn" if fit.turns > 1 else "" for fit in mark.rolls}
    fits = "; ".join(
        f"{fit.roll} (expected {fit.expected_mm:.1f} mm, off by {abs(fit.off_percent):.2f} %{turns[fit.roll]})"
        for fit in mark.rolls
    )
    chance = f"{mark.p_value:.1g}" if mark.p_value >= _LEAST_CHANCE else f"below {_LEAST_CHANCE:.0e}"
    return (
        f"every {mark.period_mm:.{digits}f} mm (95 % interval {mark.period_low_mm:.{digits}f} to {mark.period_high_mm:.{digits}f} mm); "
        f"{mark.count:,} of {mark.possible:,} possible marks; {place(mark.area)}; probability by chance {chance}; "
        f"fits {fits or 'no roll of the configuration'}"
    )


def _unknown(report: CoilReport) -> Block:
    rows = [
        (
            place(one.area),
            f"{one.reason.value}, {counted(one.frames, 'frame')}" if one.reason is not None else "no frame shows it",
        )
        for one in report.unknowns[:_MOST_STRETCHES]
    ]
    notes = [f"{_m(report.uninspected_mm)} of the length in all, where either face was not seen throughout."]
    if report.unknowns_in_all > _MOST_STRETCHES:
        notes.append(f"The longest {_MOST_STRETCHES} of {report.unknowns_in_all:,}.")
    return Block(NOT_INSPECTED, ("", ""), tuple(rows) or (("nothing", ""),), tuple(notes) if rows else (), words=True)


def _cuts(report: CoilReport) -> Block:
    cuts = report.cuts
    assert cuts is not None
    stretches = [(one.from_mm, one.to_mm, "keep") for one in cuts.pieces]
    stretches += [(one.from_mm, one.to_mm, f"cut out: {one.why}") for one in cuts.cut_outs]
    rows = tuple(
        (f"{first / 1000:.3f} to {last / 1000:.3f} m", what) for first, last, what in sorted(stretches)[:_MOST_CUTS]
    )
    kept = f"{counted(len(cuts.pieces), 'piece')} of grade {cuts.grade}, {_m(cuts.kept_mm)} together."
    notes = [kept if cuts.pieces else f"No piece of it would have grade {cuts.grade}."]
    if len(stretches) > _MOST_CUTS:
        notes.append(f"The first {_MOST_CUTS} of {len(stretches)} stretches; report.json has all.")
    return Block("Cut list", ("", ""), rows, tuple(notes), words=True)


def _proof(report: CoilReport) -> Block:
    columns = ("camera", "face", "verdicts", "told by the line", "PASS", "REJECT", "SCRAP", "UNINSPECTED", "")
    rows = tuple(
        (
            one.camera,
            one.face,
            f"{one.frames:,}",
            "no end yet" if one.told is None else f"{one.told:,}",
            *(f"{one.verdicts.get(name, 0):,}" for name in ("PASS", "REJECT", "SCRAP", "UNINSPECTED")),
            "complete" if one.complete else "NOT COMPLETE",
        )
        for one in report.cameras
    )
    return Block("Completeness", columns, rows or (("no camera",) + ("",) * (len(columns) - 1),))


def _notes(report: CoilReport) -> Block:
    return Block("Notes", ("", ""), tuple(("", note) for note in report.notes), words=True)
