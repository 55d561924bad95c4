"""``inspector calibrate scale``: from frames of a ruled target, or from known distances, to millimetres per pixel."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, number_option
from inspector.cli.output import print_json, tell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from calibration.scale.distances import Distance
    from calibration.scale.estimate import Camera, Estimate
    from calibration.scale.target import Target

PITCH_MM = Limits(0, 10_000, above=True)
_DISTANCE = 'X1,Y1 X2,Y2 MM, e.g. "100,128 1500,130 350.5"'


class TargetName(str, Enum):
    """What is printed on the target."""

    CHECKERBOARD = "checkerboard"
    DOTS = "dots"
    ASYMMETRIC_DOTS = "asymmetric-dots"


def calibrate_scale(
    frames: Annotated[
        str, typer.Argument(metavar="FRAMES", help="Frames of the target: one file, a folder, or a glob.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, e.g. top-scale.yaml.")],
    target: Annotated[TargetName, typer.Option(help="What is printed on the target.")] = TargetName.CHECKERBOARD,
    grid: Annotated[
        str | None, typer.Option(help="Inner corners, or dots, of the target: columns x rows, e.g. 11x8.")
    ] = None,
    pitch_mm: Annotated[
        float | None, number_option("--pitch-mm", PITCH_MM, help="From one corner or dot to the next in a row, mm.")
    ] = None,
    distance: Annotated[
        list[str] | None,
        typer.Option(help=f"A known distance on the frame, in place of a target: {_DISTANCE}; at least two."),
    ] = None,
    line_scan: Annotated[
        bool, typer.Option("--line-scan", help="The lens bends along the rows only: rows come one after the other.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="Name of the scale; default: that of the file.")] = None,
    serial: Annotated[str, typer.Option(help="Serial number of the camera: a line refuses the file for another.")] = "",
    report: Annotated[Path | None, typer.Option(help="Folder for pictures of the points that were found.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Measure the size of a pixel on the sheet, and how the lens bends, from frames of a flat target or from known distances.

    Lay the target where the sheet runs, flat, and let it fill the frame; the camera looks straight down. Every corner or dot has to be
    seen. With --distance, FRAMES is a frame on which the points were read. `scale_file: FILE` of the camera in line.yaml applies it.

    Example: `inspector calibrate scale target.png --grid 60x9 --pitch-mm 5 --out top-scale.yaml`
    """
    from engines.scale import write_scale

    files, shown = _frames(frames, out, report)
    camera = _camera(shown[0], out, name, serial, line_scan)
    distances = [_distance(text) for text in distance or ()]
    if distances:
        made = _of_distances(distances, camera, grid, pitch_mm, report)
    else:
        made = _of_target(shown, files, _target(target, grid, pitch_mm), camera)
    if as_json:
        import msgspec

        card = made.card
        print_json(
            {
                "id": card.id,
                "mm_per_px_x": card.mm_per_px_x,
                "mm_per_px_y": card.mm_per_px_y,
                "distortion": msgspec.to_builtins(card.distortion),
                **made.figures,
            }
        )
    else:
        _print(made)
    for warning in made.warnings:
        tell(f"inspector: {warning}", err=True)
    write_scale(made.card, out)
    tell(f"wrote {out}: {made.card.id}", err=True)
    if report is not None:
        _draw(made, shown, report)


def _frames(given: str, out: Path, report: Path | None) -> tuple[list[Path], list[NDArray[np.uint8]]]:
    """The files and what they show. Raises UserError, DataError or FileError, also where what is written would be one of them, or among them."""
    from engines.files.looking import expanded
    from engines.files.writing import check_output, output_folder, refuse_folders
    from engines.images.frame_files import FrameFiles
    from inspector.capture.replay.listing import list_files
    from inspector.cli.report_folder import frame_folders

    place = str(expanded(given))
    files = list_files(place)
    check_output(out, {f"the frame {file.name}": file for file in files}, "--out")
    if report is not None:
        refuse_folders(report, frame_folders(place, files, report), "--report")
        output_folder(report, "--report")
    return files, list(FrameFiles(files))


def _camera(frame: NDArray[np.uint8], out: Path, name: str | None, serial: str, line_scan: bool) -> Camera:
    from calibration.scale.estimate import Camera
    from inspector.cli.camera_calibration import calibration_name, camera_serial

    height, width = frame.shape
    return Camera(calibration_name(out, name), height, width, camera_serial(serial), line_scan)


def _target(kind: TargetName, grid: str | None, pitch_mm: float | None) -> Target:
    """Raises UserError where the options describe none."""
    import re

    from calibration.scale.target import Target
    from inspector.errors import UserError

    if grid is None or pitch_mm is None:
        missing = "--grid" if grid is None else "--pitch-mm"
        raise UserError(
            f"{missing}: is needed to know the target, e.g. --grid 11x8 --pitch-mm 12; or give --distance twice"
        )
    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", grid.strip())
    columns, rows = (int(found[1]), int(found[2])) if found else (0, 0)
    if columns < 3 or rows < 3:
        raise UserError(f"--grid: found {grid[:40]!r}, expected columns x rows of at least 3 each, e.g. 11x8")
    if kind is TargetName.ASYMMETRIC_DOTS and rows % 2 == 0:
        raise UserError(
            f"--grid: found {rows} rows; asymmetric dots can be told from their mirror only with an odd number"
        )
    return Target(kind.value, columns, rows, pitch_mm)


def _distance(text: str) -> Distance:
    """Raises UserError."""
    from calibration.scale.distances import Distance
    from inspector.cli.options import read_number
    from inspector.errors import UserError

    parts = text.replace(",", " ").split()
    if len(parts) != 5:
        raise UserError(f"--distance: found {text[:60]!r}, expected {_DISTANCE}")
    x1, y1, x2, y2 = (read_number("--distance", part, Limits(-1, 1e6)) for part in parts[:4])
    return Distance((x1, y1), (x2, y2), read_number("--distance", parts[4], Limits(0, 1e7, above=True)))


def _of_distances(
    distances: list[Distance], camera: Camera, grid: str | None, pitch_mm: float | None, report: Path | None
) -> Estimate:
    from calibration.scale.estimate import from_distances
    from inspector.errors import UserError

    for option, given in (("--grid", grid), ("--pitch-mm", pitch_mm), ("--report", report)):
        if given is not None:
            raise UserError(f"{option}: is for a target; leave it out with --distance")
    return from_distances(distances, camera)


def _of_target(shown: list[NDArray[np.uint8]], files: list[Path], target: Target, camera: Camera) -> Estimate:
    from calibration.scale.estimate import from_target

    return from_target(shown, [str(file) for file in files], target, camera)


def _print(made: Estimate) -> None:
    from calibration.scale.estimate import extent_mm
    from inspector.cli.output import console, shown

    card, figures, fit = made.card, made.figures, made.fit
    along, across = extent_mm(card)
    rows = [
        ("frames", f"{figures.get('frames', 1)} of {card.height}x{card.width} pixels"),
        ("along a row", f"{card.mm_per_px_x:.6g} mm per pixel: {along:.1f} mm in all"),
        ("from row to row", f"{card.mm_per_px_y:.6g} mm per pixel: {across:.1f} mm in all"),
    ]
    if fit is None:
        rows.append(("distances", f"{figures['distances']}, given back to {figures['largest_error']:.2%}"))
        rows.append(("lens", "not known: taken to bend nothing"))
    else:
        rows.append(("target", figures["target"]))
        rows.append(("covers", f"{fit.coverage[0]:.0%} of the width, {fit.coverage[1]:.0%} of the height"))
        rows.append(
            ("points", f"{figures['points']}, {fit.residual_px:.3f} px off (rms), at most {fit.largest_px:.3f} px")
        )
        lens = card.distortion
        if lens is None:
            rows.append(("lens", "bends nothing that can be measured"))
        else:
            rows.append(
                (
                    "lens",
                    f"{lens.kind}, moves points by up to {figures['largest_distortion_px']:g} px (k1 {lens.k1:.4f}, k2 {lens.k2:.4f}); "
                    f"without it {fit.straight_residual_px:.3f} px off",
                )
            )
    out = console()
    for label, text in rows:
        out.print(shown(f"{label:18}{text}"), soft_wrap=True)


def _draw(made: Estimate, shown: list[NDArray[np.uint8]], report: Path) -> None:
    from calibration.scale.picture import write_picture

    for number, frame in enumerate(shown):
        write_picture(made, number, frame, report / f"target-{number}.png")
    tell(f"wrote {len(shown)} picture{'s' if len(shown) > 1 else ''} to {report}", err=True)
