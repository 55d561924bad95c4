"""``inspector shadow``: what a shadow bundle would have changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.output import print_json

if TYPE_CHECKING:
    from inspector.protocol.shadow_report import ShadowReportBody

app = typer.Typer(
    no_args_is_help=True,
    help="What a shadow bundle, which inspects a sample of the frames beside the active one, would have changed.",
)

NEWEST = 1000
"""Frames that are read from the journal without ``--all``."""


@app.callback()
def shadow() -> None:
    """What a shadow bundle, which inspects a sample of the frames beside the active one, would have changed."""


@app.command()
def report(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Line configuration (YAML), whose journal is read.")
    ] = None,
    journal: Annotated[Path | None, typer.Option(help="File of the journal, in place of --config.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every frame on which the two disagreed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say, from the journal, what the last shadow would have changed: verdicts, defects by class, and on which frames.

    Also while the line runs; the counts in the journal are then up to a second old.

    Example: `inspector shadow report -c line.yaml`
    """
    from inspector.cli.shadow_tables import print_report

    made = _read(_journal_of(config, journal), None if every else NEWEST)
    if as_json:
        print_json(made)
    else:
        print_report(made, every=every)


def _journal_of(config: Path | None, journal: Path | None) -> Path:
    from inspector.config.load import load_config
    from inspector.errors import UserError

    if (config is None) == (journal is None):
        raise UserError("give either --config or --journal: a line's configuration, or the file of a journal")
    if journal is not None:
        return journal
    assert config is not None
    path = load_config(config, calibrated=False).journal.path
    if path is None:
        raise UserError(f"{config}: journal.path is null, so nothing is kept of a shadow; name a file there")
    return Path(path)


def _read(path: Path, newest: int | None) -> ShadowReportBody:
    """The report of the last session. Raises UserError where there was none."""
    from inspector.errors import UserError
    from inspector.line.shadow.figures import AlteredRowsError, newest_of, report
    from inspector.results.journal_reader import JournalReader

    with JournalReader(path) as reader:
        comparisons = reader.comparisons()
        if not comparisons:
            raise UserError(f"journal {path}: no shadow has inspected a frame; `inspector ctl shadow start` begins one")
        last = newest_of(comparisons)
        disagreements = reader.disagreements(
            newest, since_unix_ns=last.started_unix_ns, epoch=last.epoch, shadow_bundle=last.shadow_bundle
        )
    try:
        return report(comparisons, disagreements, state="ended")
    except AlteredRowsError as error:
        raise UserError(f"journal {path}: what it holds of the shadow has been altered: {error}") from None
