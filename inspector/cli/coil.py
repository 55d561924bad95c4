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
    from inspector.coil.config import CoilConfig
    from inspector.results.stored_row import Row

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


LineOption = Annotated[str | None, typer.Option(help="Only this line, where several write into the journal.")]
EpochOption = Annotated[
    str | None,
    typer.Option(help="Only this epoch (one start of the daemon), or `last`: where several runs have one name."),
]


@app.command()
def show(
    run: RunArgument,
    journal: JournalOption = Path("journal.sqlite"),
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The strip's width, and when regions are one (coil.yaml).")
    ] = None,
    line: LineOption = None,
    epoch: EpochOption = None,
    width_mm: WidthOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that was found, as JSON.")] = False,
) -> None:
    """Show the defects of a run as those of one coil: joined over frames and cameras, with what nobody inspected."""
    from msgspec import structs

    from engines.files.looking import expanded
    from inspector.cli.coil_tables import print_findings
    from inspector.coil.config import CoilConfig
    from inspector.coil.load import load_coil

    read = CoilConfig() if config is None else load_coil(expanded(config))
    if width_mm is not None:
        read = structs.replace(read, width_mm=width_mm)
    findings = read_coil(run, journal, read, line=line, epoch=epoch).findings
    if as_json:
        print_json(findings)
    else:
        print_findings(findings)
        for note in findings.notes:
            tell(f"note: {note}")


@app.command()
def report(
    run: RunArgument,
    journal: JournalOption = Path("journal.sqlite"),
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Grades, rolls and more (coil.yaml). Without: no grade.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="Where it is written. Default: report.folder of the configuration, then the run's name.",
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The line's defect archive, for pictures of the largest defects."),
    ] = None,
    line: LineOption = None,
    epoch: EpochOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON too.")] = False,
) -> None:
    """Write the report of a run: a page, a PDF, CSV and JSON.

    Example: `inspector coil report coil-4711 -j line.sqlite -c coil.yaml -o reports/coil-4711`
    """
    from engines.files.looking import expanded
    from inspector.cli.report_folder import prepare_report
    from inspector.coil.config import CoilConfig
    from inspector.coil.load import load_coil
    from inspector.errors import UserError
    from inspector.report.coil.archived import ArchivedPictures
    from inspector.report.coil.make import made
    from inspector.report.coil.naming import folder_name
    from inspector.report.coil.write import PAGE, write_report

    read = CoilConfig() if config is None else load_coil(expanded(config))
    if out is None:
        if read.report is None:
            raise UserError("give --out FOLDER, or --config with a section report")
        out = Path(read.report.folder) / folder_name(run)
    out = expanded(out)
    if archive is None and read.report is not None and read.report.archive is not None:
        archive = Path(read.report.archive)
    found = made(read_coil(run, journal, read, line=line, epoch=epoch).findings, read)
    searched = {} if archive is None else {"the archive that is read": expanded(archive)}
    prepare_report(out, {"the folder of the journal": journal.parent}, searched, "--out")
    fonts = [] if read.report is None else [Path(font) for font in read.report.fonts]
    pictures = None if archive is None else ArchivedPictures(expanded(archive), found)
    told = write_report(out, found, pictures, fonts)
    if as_json:
        print_json(found)
    else:
        from inspector.report.coil.words import sentence

        tell(sentence(found))
        for note in (*found.notes, *told):
            tell(f"note: {note}")
        tell(f"written: {out / PAGE}")


@app.command()
def follow(
    config: Annotated[
        Path, typer.Option("--config", "-c", help="Where the line is, grades, rolls and more (coil.yaml).")
    ],
    since: Annotated[
        str, typer.Option(help="Begin `now`, or with the first message of the running `epoch` of the line.")
    ] = "now",
    log_level: Annotated[
        str, typer.Option(help="Least severe messages to log: debug, info, warning or error.")
    ] = "info",
    log_format: Annotated[str, typer.Option(help="How a message is written: auto, text, journal or json.")] = "auto",
) -> None:
    """Follow the coils of a running line, until SIGTERM or Ctrl-C: publish their defects and roll marks, and write a report when a run ends.

    Example: `inspector coil follow -c coil.yaml`, and `inspector subscribe tcp://127.0.0.1:5555` beside it
    """
    from engines.files.looking import expanded
    from inspector.cli.coil_follow import follow_coils
    from inspector.coil.load import load_coil

    follow_coils(load_coil(expanded(config)), since, log_level, log_format)


@app.command()
def check(config: Annotated[Path, typer.Option("--config", "-c", help="The configuration of coils (YAML).")]) -> None:
    """Say whether a configuration of coils can be used.

    Exit status: 0 it can, 2 a mistake in it.
    """
    from engines.files.looking import expanded
    from inspector.coil.load import load_coil

    read = load_coil(expanded(config))
    grades = "no grades" if read.grading is None else f"grades {', '.join(one.name for one in read.grading.grades)}"
    tell(f"{config}: fine ({len(read.rolls)} rolls; {grades})")


def read_coil(
    run: str, journal: Path, config: CoilConfig, *, line: str | None = None, epoch: str | None = None
) -> Coil:
    """The coil of a run in the journal, finished. Raises UserError, also where the journal holds nothing of it."""
    from engines.files.text import brief
    from inspector.coil.coil import Coil
    from inspector.errors import UserError
    from inspector.protocol.codec import MalformedError
    from inspector.results.journal_reader import JournalReader

    coil = Coil(run, width_mm=config.width_mm, joining=config.joining)
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
