"""``inspector view``: pages that show running lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.output import tell

if TYPE_CHECKING:
    from inspector.view.config import ViewConfig


def view(
    endpoint: Annotated[
        str | None, typer.Argument(metavar="ENDPOINT", help="Address of a line's publisher, as in results.endpoint.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Several lines, keys and more (view.yaml), in place of ENDPOINT."),
    ] = None,
    journal: Annotated[
        Path | None, typer.Option("--journal", "-j", metavar="FILE", help="The line's journal, for runs that are over.")
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The line's defect archive, for pictures.")
    ] = None,
    coil: Annotated[
        str | None,
        typer.Option(metavar="ENDPOINT", help="Where `inspector coil follow` publishes: roll marks, grades."),
    ] = None,
    control: Annotated[
        str | None,
        typer.Option(metavar="ENDPOINT", help="The line's control socket, for commands; who may give them: --anyone."),
    ] = None,
    anyone: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE",
            help="What everybody may do who has not logged in: viewer (look; the default where there are no users), operator (command), quality (review), engineer (everything).",
        ),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(
            help="Address of the pages; other machines reach them with `users` and `tls` in view.yaml only. Default: 127.0.0.1:8090; port 0: a free one."
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Say whether the configuration can be used, and end. Exit status: 0 it can, 2 a mistake."
        ),
    ] = False,
    log_level: Annotated[
        str, typer.Option(help="Least severe messages to log: debug, info, warning or error.")
    ] = "warning",
    log_format: Annotated[str, typer.Option(help="How a message is written: auto, text, journal or json.")] = "auto",
) -> None:
    """Show running lines in a browser, until SIGTERM or Ctrl-C: state, map, rejects, coils; review them; command the line.

    Example: `inspector view tcp://127.0.0.1:5550`, then open `http://127.0.0.1:8090/`
    """
    read, origin = _config(endpoint, config, journal, archive, coil, control, anyone, listen)
    if check:
        from inspector.view.access.entrance import Files

        Files(read, origin)
        lines = "1 line" if len(read.lines) == 1 else f"{len(read.lines)} lines"
        tell(f"{origin}: fine ({lines}; pages at {read.listen})")
        for note in _without(read):
            tell(f"note: {note}")
        return
    from inspector.errors import UserError

    try:
        from inspector.cli.view_run import run_viewer
    except ModuleNotFoundError as error:
        raise UserError(
            f"inspector view needs {error.name}, which is not installed: pip install 'inspector[view]'"
        ) from None
    run_viewer(read, origin, log_level, log_format)


def _without(config: ViewConfig) -> Iterator[str]:
    """Files of lines that cannot be read now. A line that has never run has neither journal nor archive, so it is no mistake."""
    from inspector.view.config import line_id

    for number, line in enumerate(config.lines):
        for key in ("journal", "archive", "coil_config"):
            path: str | None = getattr(line, key)
            if path is not None and not os.access(path, os.R_OK):
                problem = "may not be read by this user" if os.path.exists(path) else "is not there yet"
                yield f"{line_id(config, number)}: {key}: {path} {problem}"


def _config(
    endpoint: str | None,
    config: Path | None,
    journal: Path | None,
    archive: Path | None,
    coil: str | None,
    control: str | None,
    anyone: str | None,
    listen: str | None,
) -> tuple[ViewConfig, str]:
    import msgspec

    from engines.files.looking import expanded
    from inspector.errors import UserError
    from inspector.view.access.people import Role
    from inspector.view.config import ViewConfig, ViewLineConfig
    from inspector.view.load import checked, load_view

    if (endpoint is None) == (config is None):
        raise UserError("give the ENDPOINT of a line, as in results.endpoint, or --config view.yaml")
    if config is not None:
        if any(one is not None for one in (journal, archive, coil, control)):
            raise UserError(
                "--journal, --archive, --coil and --control go with ENDPOINT; with --config they are keys of its lines"
            )
        read, origin = load_view(expanded(config)), str(config)
    else:
        assert endpoint is not None
        line = ViewLineConfig(
            endpoint=endpoint,
            coil=coil,
            control=control,
            journal=None if journal is None else str(expanded(journal)),
            archive=None if archive is None else str(expanded(archive)),
        )
        read, origin = ViewConfig(lines=(line,)), "inspector view"
    if anyone is not None:
        try:
            read = checked(msgspec.structs.replace(read, anyone=Role(anyone).value), "--anyone")
        except ValueError:
            raise UserError(f"--anyone {anyone}: expected one of {', '.join(role.value for role in Role)}") from None
    if listen is not None:
        read = checked(msgspec.structs.replace(read, listen=listen), "--listen")
    return read, origin
