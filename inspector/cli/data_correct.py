"""``inspector data correct``: recorded frames as a line with a flat field would see them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.output import tell


def correct(
    frames: Annotated[str, typer.Argument(metavar="FRAMES", help="Recorded frames: a folder, a glob or a list.")],
    flat_field: Annotated[Path, typer.Option("--flat-field", help="File of `inspector calibrate flat-field`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the corrected frames; new or empty.")],
) -> None:
    """Write recorded frames as a line with a flat field would see them, as PNG files of the same names.

    Recordings hold frames as the camera delivers them. For a line with a flat field, train, calibrate thresholds and make the
    reference of the drift watch on corrected ones.

    Example: `inspector data correct recordings/ --flat-field top-flat.zip --out corrected/`
    """
    import cv2
    import numpy as np

    from engines.errors import BadFrameError
    from engines.files.looking import entries, expanded
    from engines.files.writing import output_folder, write_bytes
    from engines.flat_field import read_flat_field
    from engines.images.decoder import Decoder
    from inspector.capture.flat_field import FlatField
    from inspector.capture.replay.listing import list_files
    from inspector.cli.progress import counting
    from inspector.errors import UserError

    files = list_files(str(expanded(frames)))
    correction, decoder = FlatField(read_flat_field(flat_field)), Decoder()
    names = _names(files)
    output_folder(out, "--out")
    if entries(out):
        raise UserError(f"--out {out}: is not empty; name a new folder")
    with counting("correcting frames", len(files)) as progress:
        for number, (file, name) in enumerate(zip(files, names, strict=True), start=1):
            try:
                pixels = decoder.decode(file)
            except BadFrameError as error:
                raise UserError(f"{file}: {error}; leave it out") from None
            if problem := correction.refusal(pixels):
                raise UserError(f"{file}: {problem}")
            corrected = np.empty_like(pixels)
            correction.apply(pixels, corrected)
            write_bytes(out / name, bytes(cv2.imencode(".png", corrected)[1]))
            progress(number)
    tell(f"wrote {len(files)} frames to {out}, corrected by {correction.id}", err=True)


def _names(files: list[Path]) -> list[str]:
    """The files to write. Raises UserError where two would have one name."""
    from inspector.errors import UserError

    first: dict[str, Path] = {}
    for file in files:
        before = first.setdefault(f"{file.stem}.png", file)
        if before != file:
            raise UserError(
                f"{file}: would be written as {before} is, {file.stem}.png; correct them one after the other"
            )
    return list(first)
