"""``inspector calibrate flat-field``: from dark and white frames to a file that evens out light and sensor of a camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, number_option
from inspector.cli.output import print_json, tell

if TYPE_CHECKING:
    from calibration.flat_field.estimate import Estimate, Wanted
    from engines.images.frame_files import FrameFiles

PICTURE = "flat-field.png"


def calibrate_flat_field(
    dark: Annotated[str, typer.Option(help="Frames without any light: a folder, a glob or a list.")],
    white: Annotated[str, typer.Option(help="Frames of an even white sheet, in focus or not.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, e.g. top-flat.zip.")],
    name: Annotated[str | None, typer.Option(help="Name of the flat field; default: that of the file.")] = None,
    line_scan: Annotated[
        bool, typer.Option("--line-scan", help="One offset and gain per column, for frames of any number of rows.")
    ] = False,
    target: Annotated[
        float | None,
        number_option(
            "--target", Limits(1, 255), help="Grey level of white afterwards; default: the mean of the white frames."
        ),
    ] = None,
    serial: Annotated[str, typer.Option(help="Serial number of the camera: a line refuses the file for another.")] = "",
    report: Annotated[Path | None, typer.Option(help="Folder for a picture of white before and after.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Even out the light and the sensor of a camera, from frames of darkness and of white.

    Take at least 8 frames of each, better 32 or more: the dark ones with the lens covered, the white ones of an even white sheet under
    the lamps of the line, with white at 150 to 230 and moved between frames. `flat_field: FILE` of the camera in line.yaml applies it.

    Example: `inspector calibrate flat-field --dark dark/ --white white/ --out top-flat.zip --report flat-report`
    """
    from calibration.flat_field.estimate import with_figures
    from engines.flat_field import write_flat_field

    wanted = _wanted(out, name, line_scan, target, serial)
    frames = {option: _frames(option, given, out, report) for option, given in (("--dark", dark), ("--white", white))}
    if report is not None:
        from engines.files.writing import output_folder

        output_folder(report, "--report")
    made = _estimated(frames["--dark"], frames["--white"], wanted)
    if as_json:
        card = made.file.card
        print_json({"id": made.file.id, "per": card.per, "target": card.target, **made.figures})
    else:
        _print(made)
    _warn(made)
    write_flat_field(with_figures(made), out)
    tell(f"wrote {out}: {made.file.id}", err=True)
    if report is not None:
        from calibration.flat_field.picture import write_picture

        write_picture(made, report / PICTURE)
        tell(f"wrote {report / PICTURE}", err=True)


def _wanted(out: Path, name: str | None, line_scan: bool, target: float | None, serial: str) -> Wanted:
    from calibration.flat_field.estimate import Wanted
    from inspector.cli.camera_calibration import calibration_name, camera_serial

    return Wanted(calibration_name(out, name), line_scan, target, camera_serial(serial))


def _frames(option: str, given: str, out: Path, report: Path | None) -> FrameFiles:
    """The frames of an option. Raises UserError or FileError, also where what is written would be one of them, or among them."""
    from engines.errors import DataError
    from engines.files.looking import expanded
    from engines.files.writing import check_output, refuse_folders
    from engines.images.frame_files import FrameFiles
    from inspector.capture.replay.listing import list_files
    from inspector.cli.report_folder import frame_folders
    from inspector.errors import UserError

    place = str(expanded(given))
    try:
        files = list_files(place)
        frames = FrameFiles(files)
    except (UserError, DataError) as error:
        raise UserError(f"{option}: {error}") from None
    check_output(out, {f"the frame {file.name} of {option}": file for file in files}, "--out")
    if report is not None:
        refuse_folders(report, frame_folders(place, files, report), "--report")
    return frames


def _estimated(dark: FrameFiles, white: FrameFiles, wanted: Wanted) -> Estimate:
    from itertools import count

    from calibration.flat_field.estimate import estimate
    from inspector.cli.progress import counting
    from inspector.errors import UserError

    if dark.size != white.size:
        sizes = [f"{height}x{width}" for height, width in (dark.size, white.size)]
        raise UserError(
            f"--dark: frames of {sizes[0]} pixels, but those of --white have {sizes[1]}; give frames of one camera"
        )
    with counting("reading frames", len(dark) + len(white)) as progress:
        number = count(1)
        return estimate(dark, white, white.size, wanted, lambda: progress(next(number)))


def _print(made: Estimate) -> None:
    from inspector.cli.output import console, shown

    card, figures, bad = made.file.card, made.figures, made.bad
    rows = [
        ("frames", f"{made.frames[0]} dark, {made.frames[1]} white, of {card.height}x{card.width} pixels"),
        ("grey levels", f"dark {made.dark_mean:.1f}, white {made.white_mean:.1f}, white afterwards {card.target:g}"),
        ("corrected per", f"{card.per}, gain {figures['gain'][0]:g} to {figures['gain'][1]:g}"),
        (
            "unevenness of white",
            f"{made.before.deviation:.2%} before, {made.after.deviation:.2%} after (standard deviation)",
        ),
        ("", f"{made.before.spread:.2%} before, {made.after.spread:.2%} after (1 to 99 % of the pixels)"),
        ("change of brightness", f"{made.flicker:.2%} between the white frames"),
    ]
    what = "columns" if card.per == "column" else "pixels"
    for kind, flags, told in (
        ("dead", bad.dead, "left as they are"),
        ("saturated", bad.saturated, "left as they are"),
        ("hot", bad.hot, "corrected"),
    ):
        number = int(flags.sum())
        places = figures.get(f"{kind}_at", [])
        where = ", at " + " ".join(",".join(map(str, place)) for place in places[:5]) if places else ""
        more = " ..." if where and number > 5 else ""
        rows.append((f"{kind} {what}", f"{number}{f' ({told}){where}{more}' if number else ''}"))
    out = console()
    for label, text in rows:
        out.print(shown(f"{label:22}{text}"), soft_wrap=True)


def _warn(made: Estimate) -> None:
    from calibration.flat_field.estimate import UNSTEADY

    if made.flicker > UNSTEADY:
        tell(
            f"inspector: the brightness of the white frames changes by up to {made.flicker:.1%}; let the lamp warm up, and look at its supply",
            err=True,
        )
