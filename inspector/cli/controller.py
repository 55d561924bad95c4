"""``inspector controller``: runs a reject controller, looks whether one would work, and arms one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from inspector.cli.control_options import NO_ANSWER
from inspector.cli.options import Limits, number_option
from inspector.cli.output import print_json, tell

if TYPE_CHECKING:
    from inspector.client.controller.rearm import Answer

app = typer.Typer(
    no_args_is_help=True,
    help="Move a reject gate by the line's results: what was passed explicitly and in time is let through, everything else rejected.",
)

SERVICE_FOLDER = Path("/run/inspector-controller")
NOT_WELL = 1

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="Configuration of the controller (YAML).")]
OptionalConfig = Annotated[
    Path | None, typer.Option("--config", "-c", help="Its configuration; rearm.endpoint is the address.")
]
EndpointOption = Annotated[str | None, typer.Option(help="The address itself, in place of --config: ipc://PATH.")]


@app.callback()
def controller() -> None:
    """Move a reject gate by the line's results: what was passed explicitly and in time is let through, everything else rejected."""


@app.command()
def run(
    config: ConfigOption,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each sheet that is decided.")] = False,
    show: Annotated[str, typer.Option(help="Which sheets to print: all, rejected or none.")] = "rejected",
    log_level: Annotated[
        str, typer.Option(help="Least severe messages to log: debug, info, warning or error.")
    ] = "info",
    log_format: Annotated[str, typer.Option(help="How a message is written: auto, text, journal or json.")] = "auto",
) -> None:
    """Run a reject controller in the foreground, until SIGTERM or Ctrl-C; then the gate rejects (docs/controller.md).

    It begins as not armed, unless its state file says otherwise: `inspector controller rearm` arms it.

    Example: `inspector controller run -c controller.yaml`
    """
    from inspector.cli.controller_run import run_controller

    run_controller(config, "all" if as_json else show, as_json, log_level, log_format)


@app.command()
def check(
    config: ConfigOption,
    offline: Annotated[bool, typer.Option("--offline", help="Read the file only.")] = False,
    seconds: Annotated[
        float, number_option("--seconds", Limits(0.1, 3600), help="How long to listen to the line.")
    ] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say whether a controller would hear the line and reach the PLC. Nothing is written and nothing moves.

    Exit status: 0 all is well, 1 something is not, 2 a mistake in the file or in the call.
    """
    from engines.files.looking import expanded
    from inspector.client.controller.load import load_controller

    read = load_controller(expanded(config))
    if offline:
        tell(f"{config}: fine (line {read.line}; cameras {', '.join(one.name for one in read.cameras)})")
        return
    from inspector.client.controller.look import look

    found = look(read, seconds)
    if as_json:
        print_json(found)
    else:
        for one in found:
            tell(f"{'well' if one.well else 'NOT WELL':<10}{one.what}: {one.text}")
    if not all(one.well for one in found):
        raise typer.Exit(NOT_WELL)


@app.command()
def rearm(
    config: OptionalConfig = None,
    endpoint: EndpointOption = None,
    by: Annotated[str, typer.Option(help="Who arms it, for the log.")] = "",
) -> None:
    """Arm a running controller: at its first start, and after a fault whose cause you have looked at. Sheets may pass from then on.

    Exit status: 0 armed, 1 not armed, 2 a mistake in the call, 3 no controller answers.

    Example: `inspector controller rearm -c controller.yaml --by Anna`
    """
    answer = _ask(config, endpoint, "rearm", (by or _this_person())[:100])
    status = answer.status
    if answer.outcome != "done" or status is None or status.faults:
        for code, text in (status.faults if status else {}).items():
            tell(f"fault {code}: {text}", err=True)
        tell(f"inspector: not armed{': ' + answer.text if answer.text else ''}", err=True)
        raise typer.Exit(NOT_WELL)
    tell("armed" + (f"; rejecting everything for now: {status.why_closed}" if status.why_closed else ""))


@app.command()
def status(
    config: OptionalConfig = None,
    endpoint: EndpointOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the status as JSON.")] = False,
) -> None:
    """Say how a running controller is.

    Exit status: 0 sheets may pass, 1 nothing can pass, 2 a mistake in the call, 3 no controller answers.
    """
    answer = _ask(config, endpoint, "status", "")
    status = answer.status
    if status is None:
        tell(f"inspector: {answer.text}", err=True)
        raise typer.Exit(NOT_WELL)
    if as_json:
        print_json(status)
    else:
        from inspector.cli.controller_run import in_words

        tell(in_words(status))
        for code, text in status.faults.items():
            tell(f"fault {code}: {text}")
    if status.why_closed or status.faults:
        raise typer.Exit(NOT_WELL)


def _this_person() -> str:
    """Name of the user; the number where it has none, as in a container."""
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the second from Python 3.13 on
        return f"user {os.getuid()}"


def _ask(config: Path | None, endpoint: str | None, do: Literal["rearm", "status"], by: str) -> Answer:
    from engines.files.looking import expanded
    from inspector.client.control import NoAnswer
    from inspector.client.controller.config import AUTO
    from inspector.client.controller.load import load_controller
    from inspector.client.controller.rearm import ask
    from inspector.errors import UserError

    if (config is None) == (endpoint is None):
        raise UserError(
            "give either --config, the controller's configuration, or --endpoint, the address of its socket"
        )
    if config is not None:
        endpoint = load_controller(expanded(config)).rearm.endpoint
        if endpoint == AUTO:
            endpoint = f"ipc://{SERVICE_FOLDER / config.stem / 'controller'}"
        if endpoint is None:
            raise UserError(f"{config}: rearm.endpoint is null; set it to ipc://PATH, or use the button at the PLC")
    try:
        return ask(endpoint or "", do, by)
    except NoAnswer as silence:
        tell(f"inspector: {silence}", err=True)
        raise typer.Exit(NO_ANSWER) from None
