"""``inspector status``: a running line on one screen, and an exit status for scripts."""

from __future__ import annotations

from typing import Annotated

import typer

from inspector.cli.control_options import (
    NO_ANSWER,
    Address,
    ConfigOption,
    EndpointOption,
    KeyOption,
    ServerKeyOption,
    TimeoutOption,
)
from inspector.cli.output import print_json, tell

ATTENTION = 1


def status(
    config: ConfigOption = None,
    endpoint: EndpointOption = None,
    server_key: ServerKeyOption = None,
    key: KeyOption = None,
    timeout_s: TimeoutOption = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON for scripts.")] = False,
) -> None:
    """Show a running line on one screen: run, recipe, engines, cameras, rates, and the last frames that were not passed.

    Exit status: 0 it runs, 1 it is in any other state, as degraded or paused, or refuses to tell, 2 a mistake in the call, 3 no answer.

    Example: `inspector status -c line.yaml`
    """
    import msgspec

    from inspector.cli.control_output import tell_reply
    from inspector.client.control import KeyRefused, NoAnswer
    from inspector.protocol.control import ReadStatus
    from inspector.protocol.line_report import LineReport
    from inspector.protocol.messages import LineState

    command = ReadStatus()
    try:
        with Address(config, endpoint, server_key, key, "", timeout_s).connect() as client:
            reply = client.ask(command)
    except NoAnswer as silence:
        tell(f"inspector: {silence}", err=True)
        raise typer.Exit(NO_ANSWER) from None
    except KeyRefused as refusal:
        tell(f"inspector: {refusal}", err=True)
        raise typer.Exit(ATTENTION) from None
    if as_json and reply.result is not None:
        print_json(reply.result)
    else:
        tell_reply(command, reply)
    try:
        runs = msgspec.convert(reply.result, LineReport).state is LineState.RUNNING
    except msgspec.ValidationError:
        runs = False
    if not runs:
        raise typer.Exit(ATTENTION)
