"""The scale of one camera, in millimetres per pixel, and the distortion of its lens: a YAML file of its own.

Measurements are corrected by it, never pixels. ``calibration.scale`` makes the file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engines.distortion import Distortion
from engines.errors import FileError
from engines.files.names import Name
from engines.files.typed import read_typed
from engines.files.writing import write_text
from engines.files.yaml_text import on_one_line, yaml_text

FORMAT = 1
MmPerPx = Annotated[float, Meta(gt=0, le=1000)]
Side = Annotated[int, Meta(ge=1, le=65536)]


class ScaleCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file holds."""

    format: int = FORMAT
    name: Name
    height: Side
    width: Side
    """Of the frames it is for."""
    camera_serial: Annotated[str, Meta(max_length=100)] = ""
    """Serial number of the camera; empty where it was not told."""
    mm_per_px_x: MmPerPx
    mm_per_px_y: MmPerPx
    """Along a row, and from one row to the next; with a distortion those of corrected places."""
    distortion: Distortion | None = None
    """None: the lens bends nothing that could be measured, or it is not known."""
    sha256: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""
    """Of all that changes a measurement."""
    made: dict[str, Any] = {}
    """Date, target and figures; for people, not read by the line."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that changes a measurement, in the order of the fields."""
        lens = self.distortion
        numbers = [self.height, self.width, self.mm_per_px_x, self.mm_per_px_y]
        if lens is not None:
            numbers += [lens.center_x_px, lens.center_y_px, lens.reach_px, lens.k1, lens.k2]
        # As 1.0 where YAML has 1.
        told = (FORMAT, lens.kind if lens else "", [float(number) for number in numbers])
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()

    @property
    def id(self) -> str:
        """Name and digest: on every verdict whose figures are in mm by it."""
        return f"{self.name}-{self.digest[:8]}"


def write_scale(card: ScaleCard, path: Path) -> None:
    """Write it, with its digest, whole or not at all. Raises FileError."""
    tree = msgspec.to_builtins(msgspec.structs.replace(card, sha256=card.digest))
    write_text(path, yaml_text(tree | {"made": on_one_line(tree["made"])}))


def read_scale(path: Path, serial: str | None = None) -> ScaleCard:
    """The scale in ``path``. ``serial`` is that of the camera that it is for; None where it is not known.

    Raises FileError where the file is damaged, of another version, or for another camera.
    """
    card = read_typed(path, ScaleCard, "scale")
    if card.format != FORMAT:
        raise FileError(f"{path}: scale format {card.format}, this version reads {FORMAT}; calibrate again")
    if card.sha256 != card.digest:
        raise FileError(f"{path}: is a damaged scale (its digest is not that of its content); calibrate again")
    if serial and card.camera_serial and serial != card.camera_serial:
        raise FileError(
            f"{path}: was made with camera {card.camera_serial}, this camera is {serial}; give its own scale"
        )
    return card
