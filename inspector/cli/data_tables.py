"""What `inspector data check` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inspector.cli.output import console, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from engines.data.check import CheckResult
    from engines.data.findings import Finding

_SHOWN_LINES = 3
_SHOWN_KIND = 8
"""Most findings of one kind that are printed; --json has all."""


def print_checked_json(checked: CheckResult) -> None:
    import msgspec

    print_json({"sound": checked.sound, **msgspec.to_builtins(checked)})


def print_check(checked: CheckResult, picture: Path | None) -> None:
    printer = console()
    _print_summary(printer, checked)
    _print_classes(printer, checked)
    if checked.parts:
        _print_parts(printer, checked)
    _print_findings(printer, checked)
    if picture is not None:
        printer.print(f"\nPicture: {picture}", soft_wrap=True)
    wrong = sum(finding.is_error for finding in checked.findings)
    if wrong:
        errors = "1 error" if wrong == 1 else f"{wrong} errors"
        printer.print(f"\n{errors}: correct the data set before you train on it.", style="bold red")
    else:
        printer.print("\nThis data set can be used for training.", style="green")


def _print_summary(printer: Console, checked: CheckResult) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("", style="dim", no_wrap=True)
    table.add_column("", ratio=1, overflow="fold")
    sizes = list(checked.sizes.items())
    told = ", ".join(f"{size} ({count})" for size, count in sizes[:4])
    rest = f", {len(sizes) - 4} more" if len(sizes) > 4 else ""
    size = f"{checked.height}x{checked.width} px (height x width)"
    if len(sizes) > 1 or sizes[0][0] != f"{checked.height}x{checked.width}":
        size += f"; as stored {told}{rest}"
    defective = f"{checked.defective} defective"
    if checked.not_located:
        defective += f" ({checked.not_located} of them not outlined)"
    frames = f"{checked.frames}: {checked.clean} clean, {defective}"
    if checked.training_only:
        frames += f"; {checked.training_only} for training only"
    rows = {
        "Data set": f"{checked.name}, id {checked.id}",
        "Frames": frames,
        "Left out": ", ".join(f"{count} {why}" for why, count in checked.left_out.items()),
        "Size": size,
        "Groups": _group_words(checked),
        "Duplicates": _duplicate_words(checked),
    }
    for key, value in rows.items():
        if value:
            table.add_row(key, Text(value))
    printer.print(table)


def _group_words(checked: CheckResult) -> str:
    ways = []
    if checked.groups_given_by:
        ways.append(f"given by {checked.groups_given_by!r}")
    if checked.groups_by_similarity:
        ways.append("near-duplicates share one")
    largest = f", the largest of {checked.largest_group} frames" if checked.largest_group > 1 else ", each of one frame"
    return f"{checked.groups}{largest}; {' and '.join(ways) or 'none given'}"


def _duplicate_words(checked: CheckResult) -> str:
    near = checked.near_duplicates
    if not near.groups:
        return "none found"
    groups = "1 group" if near.groups == 1 else f"{near.groups} groups"
    return f"{near.frames} frames in {groups} of near-duplicates, {near.identical} identical to another"


def _print_classes(printer: Console, checked: CheckResult) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Class")
    for heading in ("Frames", "of all", "Defects", "Median area", "Pixels"):
        table.add_column(heading, justify="right")
    for one in checked.classes:
        share = f"{one.frames / max(checked.frames, 1):.1%}"
        area = f"{one.median_area_px:.0f} px" if one.defects else "-"
        style = None if one.frames else "bold red"
        table.add_row(one.name, str(one.frames), share, str(one.defects), area, f"{one.pixel_share:.3%}", style=style)
    printer.print()
    printer.print(table)


def _print_parts(printer: Console, checked: CheckResult) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Part")
    for heading in ("Frames", "Groups", "Clean", *(one.name for one in checked.classes)):
        table.add_column(heading, justify="right")
    for part in checked.parts:
        counts = (part.frames, part.groups, part.clean, *part.classes.values())
        table.add_row(part.part, *map(str, counts))
    printer.print()
    printer.print(table)


def _print_findings(printer: Console, checked: CheckResult) -> None:
    for is_error, word, style in ((False, "note", "yellow"), (True, "error", "bold red")):
        findings = [one for one in checked.findings if one.is_error == is_error]
        if findings:
            printer.print()
        for finding in findings[:_SHOWN_KIND]:
            _print_finding(printer, finding, word, style)
        if len(findings) > _SHOWN_KIND:
            printer.print(f"{word}  and {len(findings) - _SHOWN_KIND} more; --json has all", style=style)


def _print_finding(printer: Console, finding: Finding, word: str, style: str) -> None:
    from rich.text import Text

    advice = f"; {finding.advice}" if finding.advice else ""
    printer.print(Text.assemble((f"{word:5s}", style), "  ", finding.what, advice), soft_wrap=True)
    for line in finding.where[:_SHOWN_LINES]:
        printer.print(f"         {line}", style="dim", soft_wrap=True)
    if len(finding.where) > _SHOWN_LINES:
        printer.print(f"         and {len(finding.where) - _SHOWN_LINES} more", style="dim")
