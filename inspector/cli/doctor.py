"""``inspector doctor``: what this machine has, what is missing, and what each part is for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.output import console, print_json
from inspector.version import __version__

if TYPE_CHECKING:
    from inspector.doctor.finding import Finding

STYLES = {"ok": "green", "note": "yellow", "missing": "dim", "wrong": "bold red"}


def doctor(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Also check this line: bundle, cameras, address, journal.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show what this machine has, what is missing, and what each part is for. Nothing is changed or started.

    Exit status: 0 a line can run here, 1 it cannot; the last lines give the reason.

    Example: `inspector doctor -c line.yaml`
    """
    from inspector.doctor.checkup import examine
    from inspector.doctor.finding import can_run

    findings = examine(config)
    if as_json:
        print_json({"version": __version__, "can_run": can_run(findings), "findings": findings})
    else:
        _print_table(findings, config)
    if not can_run(findings):
        raise typer.Exit(1)


def _print_table(findings: list[Finding], config: Path | None) -> None:
    from rich.table import Table
    from rich.text import Text

    printer = console()
    table = Table(title_justify="left", box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("Found", ratio=1, overflow="fold")
    table.add_column("What it is for, or what to do", ratio=1, overflow="fold", style="dim")
    section = None
    for finding in findings:
        if finding.section is not section:
            section = finding.section
            table.add_row(Text(section.value, "bold"))
        style = "bold red" if finding.stops_the_line else STYLES[finding.state.value]
        table.add_row(f"  {finding.name}", Text(finding.state.value, style), Text(finding.found), Text(finding.advice))
    printer.print(table)
    stops = [finding for finding in findings if finding.stops_the_line]
    what = f"The line of {config}" if config else "A line"
    if not stops:
        printer.print(f"\n{what} can run here.", style="green")
        return
    printer.print(f"\n{what} cannot run here:", style="bold red")
    for finding in stops:
        printer.print(f"  {finding.name}: {finding.found}\n    {finding.advice}", soft_wrap=True)
