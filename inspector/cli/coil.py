"""``inspector coil``: a run as one piece."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, number_option
from inspector.cli.output import print_json, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspector.coil.coil import Coil
    from inspector.results.journal_reader import Row

_TAIL = 5000
"""Rows at the end of the journal that are looked through for names of runs."""

app = typer.Typer(
    no_args_is_help=True, help="A run as one piece: what is found on the coil, in mm from its head and across it."
)

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Name of the run.")]
JournalOption = Annotated[Path, typer.Option("--journal", "-j", metavar="FILE", help="File of the journal.")]
WidthOption = Annotated[
    float | None,
    number_option("--width-mm", Limits(0, 1e6, above=True), help="Width of the strip; else its far edge is not known."),
]


@app.command()
def show(
    run: RunArgument,
    journal: JournalOption = Path("journal.sqlite"),
    line: Annotated[str | None, typer.Option(help="Only this line, where several write into the journal.")] = None,
    epoch: Annotated[
        str | None,
        typer.Option(help="Only this epoch (one start of the daemon), or `last`: where several runs have one name."),
    ] = None,
    width_mm: WidthOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that was found, as JSON.")] = False,
) -> None:
    """Show the defects of a run as those of one coil: joined over frames and cameras, with what nobody inspected."""
    from inspector.cli.coil_tables import print_findings

    findings = read_coil(run, journal, line=line, epoch=epoch, width_mm=width_mm).findings
    if as_json:
        print_json(findings)
    else:
        print_findings(findings)
        for note in findings.notes:
            tell(f"note: {note}")


def read_coil(
    run: str, journal: Path, *, line: str | None = None, epoch: str | None = None, width_mm: float | None = None
) -> Coil:
    """The coil of a run in the journal, finished. Raises UserError, also where the journal holds nothing of it."""
    from engines.files.text import brief
    from inspector.coil.coil import Coil
    from inspector.errors import UserError
    from inspector.protocol.codec import MalformedError
    from inspector.results.journal_reader import JournalReader

    coil = Coil(run, width_mm=width_mm)
    with JournalReader(journal) as reader:
        if epoch == "last":
            epoch = _last_epoch(reader.tail(_TAIL), run)
        for row in reader.walk(run=run, line=line, epoch=epoch):
            try:
                coil.feed(row.packet())
            except MalformedError as error:
                raise UserError(f"journal {journal}: row {row.id} has been altered: {error}") from None
        coil.finish()
        if coil.findings.line is None:
            raise UserError(f"journal {journal}: holds nothing of a run {brief(run)!r}{_others(reader.tail(_TAIL))}")
    return coil


def _last_epoch(rows: Sequence[Row], run: str) -> str | None:
    """The newest epoch in which the run has rows."""
    from inspector.protocol.codec import decode_header

    return next((row.epoch for row in reversed(rows) if decode_header(row.header).run == run), None)


def _others(rows: Sequence[Row]) -> str:
    """The newest runs that are there, for an error."""
    from engines.files.text import brief
    from inspector.protocol.codec import decode_header

    names = dict.fromkeys(name for row in reversed(rows) if (name := decode_header(row.header).run))
    if not names:
        return "; its last rows are of no run"
    return f"; the newest runs in it: {', '.join(brief(name) for name in list(names)[:5])}"
