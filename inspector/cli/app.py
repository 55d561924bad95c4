"""The table of commands. `inspector.cli.ending` prints what stops one."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from inspector.cli import (
    archive,
    backup,
    bench,
    bench_wire,
    bundle,
    calibrate,
    camera,
    coil,
    config,
    controller,
    ctl,
    data,
    demo,
    demo_view,
    doctor,
    engines,
    evaluate,
    init,
    journal,
    journal_commands,
    keys,
    record,
    reference,
    replay,
    run,
    shadow,
    simulate,
    soak,
    status,
    subscribe,
    train,
    users,
    view,
)
from inspector.cli.command_group import command_group
from inspector.cli.ending import exit_status, prepare_streams
from inspector.cli.home import fill_in_homes
from inspector.service.log import clean_warnings
from inspector.version import __version__

app = typer.Typer(
    name="inspector",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 success, 1 the run failed, 2 wrong options or a file that cannot be used.",
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
    """Inspect a steel line: every camera frame gets exactly one verdict, in time, published over ZeroMQ."""


app.command()(init.init)
app.command()(run.run)
app.command()(record.record)
app.command()(replay.replay)
app.command()(demo.demo)
app.command(name="demo-view")(demo_view.demo_view)
app.command()(status.status)
app.command()(subscribe.subscribe)
app.command()(evaluate.evaluate)
app.command()(reference.reference)
app.command()(simulate.simulate)
app.command()(train.train)
app.command()(doctor.doctor)
app.command()(soak.soak)
app.command()(view.view)
app.command()(backup.backup)
app.command()(backup.restore)
app.add_typer(command_group(bench.bench, bench_wire.wire), name="bench")
app.add_typer(calibrate.app, name="calibrate")
app.add_typer(config.app, name="config")
app.add_typer(camera.app, name="camera")
app.add_typer(data.app, name="data")
app.add_typer(bundle.app, name="bundle")
app.add_typer(engines.app, name="engines")
journal.app.command()(journal_commands.commands)
app.add_typer(journal.app, name="journal")
app.add_typer(coil.app, name="coil")
app.add_typer(archive.app, name="archive")
app.add_typer(shadow.app, name="shadow")
app.add_typer(ctl.app, name="ctl")
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(controller.app, name="controller")
fill_in_homes(app)


def main() -> None:
    """Run the command line."""
    prepare_streams()
    clean_warnings()
    sys.exit(exit_status(app))
