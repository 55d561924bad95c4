"""``inspector init``: asks a few questions and writes the configuration of a line."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engines.files.looking import is_there, resolved
from engines.files.writing import write_text
from inspector.cli.new_line.limits import DEADLINE_MS, KEEP_DAYS, MM_PER_PX, RATE_HZ
from inspector.cli.output import tell
from inspector.errors import UserError

if TYPE_CHECKING:
    from inspector.cli.new_line.server_keys import ServerKeys
    from inspector.cli.new_line.service_paths import ServicePlaces
    from inspector.config.tree import LineConfig

INTERRUPTED = 130
Answer = str | None


def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The file to write.")] = Path("line.yaml"),
    line: Annotated[Answer, typer.Option(metavar="NAME", help="Name of the line. Default: that of the file.")] = None,
    camera: Annotated[
        Answer,
        typer.Option(
            metavar="KIND",
            help="genicam (GigE Vision, USB3 Vision), replay (recorded frames) or simulator, which is the default.",
        ),
    ] = None,
    frames: Annotated[
        Answer, typer.Option(metavar="FOLDER", help="Folder with recorded frames; the camera is then a replay.")
    ] = None,
    device: Annotated[
        Answer,
        typer.Option(metavar="CAMERA", help="IP address, MAC address or serial number; the camera is then a genicam."),
    ] = None,
    rate: Annotated[
        Answer,
        typer.Option(metavar="HZ", help=f"Frames per second; 10 by default. [{RATE_HZ}]"),
    ] = None,
    bundle: Annotated[
        Answer, typer.Option(metavar="BUNDLE", help="Model bundle: a directory, or the name of an included one.")
    ] = None,
    engines: Annotated[
        Answer,
        typer.Option(
            metavar="GPU|CPU",
            help="gpu: the line refuses to start without one. cpu: permitted where no GPU can be used. Default: what this machine has.",
        ),
    ] = None,
    scale: Annotated[
        Answer,
        typer.Option(
            metavar="MM", help=f"Millimetres per pixel, or X,Y along and across a frame's rows, or none. [{MM_PER_PX}]"
        ),
    ] = None,
    deadline_ms: Annotated[
        Answer, typer.Option(metavar="MS", help=f"Longest time from capture to verdict. [{DEADLINE_MS}]")
    ] = None,
    results: Annotated[
        Answer,
        typer.Option(
            metavar="PORT|ADDRESS",
            help="Where results are published: a port for programs on this machine, or tcp://ADDRESS:PORT. For an address that other "
            "machines can reach, keys are made.",
        ),
    ] = None,
    journal: Annotated[Answer, typer.Option(metavar="FILE", help="The journal, an SQLite file, or none.")] = None,
    keep_days: Annotated[
        Answer, typer.Option(metavar="DAYS", help=f"How long the journal keeps results, or none: always. [{KEEP_DAYS}]")
    ] = None,
    service: Annotated[
        bool | None,
        typer.Option(
            "--service/--no-service",
            help="systemd runs the line: its files are where inspector@NAME.service has them. Default: for a file in /etc/inspector.",
        ),
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing; take defaults.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there. Keys are never replaced.")
    ] = False,
) -> None:
    """Ask a few questions and write the configuration of a line, each key with its meaning.

    Every question is also an option; what is given is not asked. Paths in options are relative to where you are.

    Example: `inspector init line.yaml`, or `inspector init --frames sheets/images --rate 50 --no-input`
    """
    from inspector.cli.new_line.asking import Answers
    from inspector.cli.new_line.configuration import line_configuration
    from inspector.cli.new_line.questions import line_questions
    from inspector.cli.new_line.service_paths import ServicePlaces, is_for_a_service

    given = {
        "line": line, "camera": camera, "frames": frames, "device": device, "rate": rate, "bundle": bundle, "engines": engines, "scale": scale,
        "deadline_ms": deadline_ms, "results": results, "journal": journal, "keep_days": keep_days,
    }  # fmt: skip
    _require_place(file, force)
    for_service = is_for_a_service(file) if service is None else service
    places = ServicePlaces(file) if for_service else None
    try:
        config = line_configuration(Answers(line_questions(file, places), given, ask=not no_input), file, places)
        keys = _write(config, file, force)
    except EOFError:
        tell("")
        raise UserError(
            "the input ended before the last answer; nothing was written; give the answers as options, or --no-input"
        ) from None
    except KeyboardInterrupt:
        tell("\ninspector: interrupted; nothing was written", err=True)
        raise typer.Exit(INTERRUPTED) from None
    _tell_what_is_next(file, config, keys, places)


def _require_place(file: Path, force: bool) -> None:
    """Raises UserError where the file cannot be written, before anything is asked."""
    if not file.parent.is_dir():
        raise UserError(f"{file}: cannot be written, its folder does not exist; create it first")
    if file.is_dir():
        raise UserError(f"{file}: is a folder; name a file")
    if is_there(file) and not force:
        raise UserError(f"{file}: is there already; --force replaces it, or name another file")


def _write(config: LineConfig, file: Path, force: bool) -> str:
    """Write the file, and the keys where they are needed: both or nothing. In words, what became of the keys; empty where there are none."""
    from inspector.cli.new_line.server_keys import ServerKeys
    from inspector.cli.new_line.text import line_text
    from inspector.config.load import parse_config

    text = line_text(config)
    parse_config(text, str(file))
    told = ""
    with ExitStack() as stack:
        if config.keys is not None:
            keys = ServerKeys.of(file)
            kept = keys.are_there()
            if not kept:
                stack.enter_context(keys.made())
            told = _about(keys, kept)
        _require_place(file, force)  # again, because answering takes a while
        write_text(file, text)
    return told


def _about(keys: ServerKeys, kept: bool) -> str:
    did = "kept the keys in" if kept else "made the keys in"
    return (
        f"{did} {keys.folder}\n"
        f"To let a client in: inspector keys allow NAME.key --role subscriber --clients {shlex.quote(str(keys.clients))}; give it {keys.public}."
    )


def _tell_what_is_next(file: Path, config: LineConfig, keys: str, service: ServicePlaces | None) -> None:
    named = shlex.quote(str(file))
    tell(f"wrote {file}: line {config.line}")
    if keys:
        tell(keys)
    if keys and service is not None:
        from inspector.cli.new_line.server_keys import ServerKeys

        secret = ServerKeys.of(file).secret
        tell(f"The service is given the secret key by these lines in `systemctl edit {service.unit}`:")
        tell(f"  [Service]\n  LoadCredential={secret.name}:{resolved(secret)}")
    tell("Next:")
    tell(f"  inspector config check {named}")
    if service is not None:
        tell(f"  systemctl enable --now {service.unit.removesuffix('.service')}")
    tell(f"  inspector doctor -c {named}")
    if service is None:
        tell(f"  inspector run -c {named}")
