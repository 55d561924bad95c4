"""``inspector record``: runs a line and records what its cameras deliver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, number_option
from inspector.cli.output import tell

if TYPE_CHECKING:
    from inspector.config.tree import LineConfig
    from inspector.line.line import Line

WRITE_S = 60.0
"""Longest wait for the disk, once the line has ended."""


def record(
    config: Annotated[Path, typer.Argument(metavar="LINE", help="Line configuration (YAML).")],
    to: Annotated[Path, typer.Option(help="Folder for the recording: a new one, or an empty one.")],
    frames: Annotated[
        int | None,
        number_option(
            "--frames",
            Limits(1, 1_000_000_000, whole=True),
            help="Frames of each camera, lost ones counted; default: until the line ends.",
        ),
    ] = None,
    pixels: Annotated[
        str | None, typer.Option("--format", help="raw, or png for lossless compression; default: the configuration's.")
    ] = None,
    log_level: Annotated[
        str, typer.Option(help="Least severe messages to log: debug, info, warning or error.")
    ] = "info",
    log_format: Annotated[str, typer.Option(help="How a message is written, as in `inspector run`.")] = "auto",
) -> None:
    """Run a line as `inspector run` does, and record every frame as it arrives, with its number, times, position and run.

    Inspection goes on as without: frames that the disk is too slow for are counted and not recorded, and a disk that is full ends the
    recording, not the line. `inspector replay` plays a recording. Exit status 1 if the run failed or the recording ended early.

    Example: `inspector record line.yaml --to recording-1 --frames 1000`
    """
    from inspector.cli.run import run_line
    from inspector.errors import UserError
    from inspector.recording.leftovers import remove_without_frames
    from inspector.recording.reader import refuse_target

    if pixels not in (None, "raw", "png"):
        raise UserError(f"--format: found {pixels[:40]!r}, expected raw or png")
    refuse_target(to, "--to")

    begun = False

    def begin(line: Line) -> None:
        nonlocal begun
        line.recorder.begin(to, "--to", frames=frames, patience_s=WRITE_S)
        begun = True

    try:
        line = run_line(config, log_level, log_format, lambda read: _with_format(read, pixels), begin)
    except UserError:
        if begun:
            remove_without_frames(to)
        raise
    progress = line.recorder.progress()
    assert progress is not None, "it was begun"
    for camera, counted in progress.counted.items():
        missing = f", {counted.not_recorded} not recorded because the disk was too slow" if counted.not_recorded else ""
        tell(f"{camera}: {counted.frames} frames recorded, {counted.lost} lost by the camera{missing}")
    tell(f"recording: {to}, {progress.bytes / 1e6:.1f} MB")
    if progress.error:
        tell(f"inspector: the recording ended early: {progress.error}", err=True)
        raise typer.Exit(1)


def _with_format(config: LineConfig, pixels: str | None) -> LineConfig:
    """The configuration with the format of the command line, where that is given."""
    import msgspec

    if pixels is None:
        return config
    return msgspec.structs.replace(config, recording=msgspec.structs.replace(config.recording, format=pixels))
