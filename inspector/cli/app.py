"""The table of commands, and the one place where a user's mistake becomes one line and exit status 2."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from engines.errors import BundleError, DataError, EngineError, RecipeError
from inspector import __version__
from inspector.cli import (
    bench,
    bundle,
    calibrate,
    config,
    data,
    demo,
    doctor,
    engines,
    evaluate,
    journal,
    replay,
    run,
    simulate,
    subscribe,
    train,
)
from inspector.cli.remedies import with_remedy
from inspector.errors import UserError

app = typer.Typer(
    name="inspector",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 all well, 1 the run went wrong, 2 a mistake in the call or a file it names.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"inspector {__version__}")
        raise typer.Exit


@app.callback()
def inspector(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Watch a steel line: frames in, exactly one verdict each out, in time, over ZeroMQ."""


app.command()(run.run)
app.command()(replay.replay)
app.command()(demo.demo)
app.command()(subscribe.subscribe)
app.command()(bench.bench)
app.command()(evaluate.evaluate)
app.command()(calibrate.calibrate)
app.command()(simulate.simulate)
app.command()(train.train)
app.command()(doctor.doctor)
app.add_typer(config.app, name="config")
app.add_typer(data.app, name="data")
app.add_typer(bundle.app, name="bundle")
app.add_typer(engines.app, name="engines")
app.add_typer(journal.app, name="journal")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (UserError, BundleError, DataError, EngineError, RecipeError) as error:
        print(f"inspector: {with_remedy(error)}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output has gone, as in `inspector ... | head`
        sys.stderr.close()
        sys.exit(1)
