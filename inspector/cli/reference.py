"""``inspector reference``: what frames of the line look like in good order, for the drift watch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli import calibration_options as options
from inspector.cli.output import print_json, tell

if TYPE_CHECKING:
    from engines.bundle import Bundle
    from engines.drift.reference import Reference
    from engines.operating_point import OperatingPoint


def reference(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="Bundle directory, or the name of an included one.")],
    frames: Annotated[Path, typer.Argument(metavar="FRAMES", help="Recorded frames: a folder, a list or a file.")],
    camera: Annotated[
        str | None, typer.Option(help="Name of the camera whose frames they are. Without: for all cameras.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write the operating point to.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Put it into the bundle's operating point.")] = False,
    precision: Annotated[str, typer.Option(help="Arithmetic: auto, f32 or bf16; that of the line is best.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Make a reference for the drift watch of recorded frames, without labels.

    The thresholds stay as they are. Take frames of several coils, recorded while lamp, lens and camera are in good order; where cameras
    differ in brightness, take those of each camera for itself, with --camera.

    Example: `inspector reference bundle recordings/left --camera left --write`
    """
    from engines.bundle import find_bundle, read_bundle

    options.require_precision(precision)
    found = read_bundle(find_bundle(bundle))
    _refuse(found, frames, camera, out)
    made = _made(found, frames, precision)
    if as_json:
        import msgspec

        print_json({"bundle": found.id, "camera": camera, "reference": msgspec.to_builtins(made)})
    else:
        _print(made, camera)
    _write(found, made, camera, out, write)


def _refuse(bundle: Bundle, frames: Path, camera: str | None, out: Path | None) -> None:
    """Raises UserError for a camera that no line could have, FileError where a file that is read would be written."""
    import re

    from engines.bundle import MANIFEST
    from engines.files.names import NAME, NAME_IN_WORDS
    from engines.files.writing import check_output
    from inspector.capture.replay.listing import list_files
    from inspector.errors import UserError

    if camera is not None and not re.fullmatch(NAME, camera):
        raise UserError(f"--camera: {camera!r} is no name of a camera; expected {NAME_IN_WORDS}")
    if out is not None:
        names = (MANIFEST, *bundle.manifest.files)
        read = {f"{name} of the bundle": bundle.path / name for name in names} | {"the list of frames": frames}
        check_output(out, read | {f"the frame {file.name}": file for file in list_files(str(frames))}, "--out")


def _made(bundle: Bundle, frames: Path, precision: str) -> Reference:
    from inspector.bundles.reference import reference_of
    from inspector.capture.replay import ReplayCamera
    from inspector.capture.replay.listing import list_files
    from inspector.cli.progress import counting
    from inspector.config.replay import ReplayConfig

    source = ReplayCamera(ReplayConfig(path=str(frames)), bundle.height, bundle.width)
    with counting("looking at frames", len(list_files(str(frames)))) as progress:
        made, left_out = reference_of(bundle, source, precision, progress)
    if left_out:
        tell(
            f"inspector: {left_out} frames were left out: they cannot be read, have another size or show nothing",
            err=True,
        )
    return made


def _print(made: Reference, camera: str | None) -> None:
    from rich.table import Table

    from engines.drift.reference import FIGURES
    from inspector.cli.output import console

    whose = "all cameras" if camera is None else f"camera {camera}"
    table = Table(title=f"Reference of {made.frames} frames, for {whose}", title_justify="left")
    for name in ("figure", "mean", "deviation"):
        table.add_column(name, justify="left" if name == "figure" else "right")
    for name in FIGURES:
        figure = getattr(made, name)
        table.add_row(name.replace("_", " "), f"{figure.mean:.4g}", f"{figure.spread:.3g}")
    console().print(table)


def _write(bundle: Bundle, made: Reference, camera: str | None, out: Path | None, write: bool) -> None:
    from engines.bundle import OPERATING_POINT
    from engines.operating_point import write_operating_point

    point = _with(bundle.operating_point, made, camera)
    for file in [*([out] if out else []), *([bundle.path / OPERATING_POINT] if write else [])]:
        write_operating_point(point, file)
        tell(f"wrote {file}: {point.id}", err=True)


def _with(point: OperatingPoint, made: Reference, camera: str | None) -> OperatingPoint:
    from msgspec.structs import replace

    if camera is None:
        return replace(point, reference=made)
    return replace(point, camera_references={**point.camera_references, camera: made})
