"""A flat field: what evens out the light and the sensor of one camera, in a file of its own.

The file is a zip archive of ``card.yaml`` and two grey PNG pictures of 16 bits, ``offset.png`` and ``gain.png``, so that it can be looked at
without this program. A corrected pixel is ``(raw - offset) x gain``, rounded half up, 0 to 255. ``calibration.flat_field`` makes it,
``inspector.capture.flat_field`` applies it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from engines.errors import BadFrameError, FileError
from engines.files.names import Name
from engines.files.reading import decoded, read_bytes
from engines.files.typed import typed
from engines.files.writing import write_bytes
from engines.files.yaml_text import parse_yaml, yaml_text
from engines.images.decoder import Decoder

FORMAT = 1
OFFSET_ONE = 256
"""One grey level of an offset."""
GAIN_ONE = 4096
"""A gain of 1."""
MOST_GAIN = 65535 / GAIN_ONE
_STEPS = GAIN_ONE * OFFSET_ONE
"""So many steps of the product are one grey level."""
MOST_BYTES = 512 << 20
_CARD, _OFFSET, _GAIN = "card.yaml", "offset.png", "gain.png"
_DATE = (1980, 1, 1, 0, 0, 0)
"""In the archive, so that the same content gives the same file."""
Side = Annotated[int, Meta(ge=1, le=65536)]


class FlatFieldCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a flat field is for and how it was made."""

    format: int = FORMAT
    name: Name
    per: Literal["pixel", "column"]
    """``pixel``: every pixel has its own offset and gain (area camera). ``column``: one row serves for all rows (line scan)."""
    height: Side
    width: Side
    """Of the frames it was made of."""
    camera_serial: Annotated[str, Meta(max_length=100)] = ""
    """Serial number of the camera; empty where it was not told."""
    target: Annotated[float, Meta(gt=0, le=255)]
    """Grey level of the evenly lit white reference after the correction."""
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Of offset and gain."""
    made: dict[str, Any] = {}
    """Date, frames and figures; for people, not read by the line."""


@dataclass(frozen=True, slots=True, eq=False)
class FlatFieldFile:
    """The content of a file."""

    card: FlatFieldCard
    offset: NDArray[np.uint16]
    """``[height, width]``, or ``[1, width]`` per column; in 1/256 of a grey level."""
    gain: NDArray[np.uint16]
    """The same, in 1/4096."""

    @property
    def id(self) -> str:
        """Name and digest: on every verdict of a frame that it was applied to."""
        return f"{self.card.name}-{self.card.sha256[:8]}"


def correct(
    pixels: NDArray[np.uint8], offset: NDArray[np.uint16], gain: NDArray[np.uint16], out: NDArray[np.uint8]
) -> None:
    """Write the corrected frame (``pixels``, uint8 ``[H, W]``) into ``out``, uint8 ``[H, W]``: what the correction is, in numpy."""
    above = np.maximum(pixels.astype(np.uint32) * np.uint32(OFFSET_ONE), offset) - offset
    above *= gain  # less than 2**32: 255 x 256 x 65535
    above += np.uint32(_STEPS // 2)
    above //= np.uint32(_STEPS)
    np.minimum(above, np.uint32(255), out=out, casting="unsafe")


def digest(per: str, offset: NDArray[np.uint16], gain: NDArray[np.uint16]) -> str:
    """SHA-256 of all that changes a pixel."""
    told = hashlib.sha256(f"flat field {FORMAT} {per} {offset.shape}".encode())
    told.update(offset.astype("<u2").tobytes())
    told.update(gain.astype("<u2").tobytes())
    return told.hexdigest()


def write_flat_field(file: FlatFieldFile, path: Path) -> None:
    """Write it, whole or not at all. Raises FileError."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (
            (_CARD, yaml_text(msgspec.to_builtins(file.card)).encode()),
            (_OFFSET, _png(file.offset)),
            (_GAIN, _png(file.gain)),
        ):
            archive.writestr(zipfile.ZipInfo(name, _DATE), data)
    write_bytes(path, packed.getvalue())


def read_flat_field(path: Path, serial: str | None = None) -> FlatFieldFile:
    """The flat field in ``path``. ``serial`` is that of the camera whose frames it is for; None where it is not known.

    Raises FileError where the file is damaged, of another version, or for another camera.
    """
    parts = _members(path)
    card = typed(parse_yaml(decoded(parts[_CARD], path), str(path)), FlatFieldCard, str(path), "flat field")
    if card.format != FORMAT:
        raise FileError(f"{path}: flat field format {card.format}, this version reads {FORMAT}; calibrate again")
    if serial and card.camera_serial and serial != card.camera_serial:
        raise FileError(
            f"{path}: was made with camera {card.camera_serial}, this camera is {serial}; give its own flat field"
        )
    shape = (1 if card.per == "column" else card.height, card.width)
    offset, gain = (_plane(parts[name], shape, path) for name in (_OFFSET, _GAIN))
    if digest(card.per, offset, gain) != card.sha256:
        raise damaged(path, "its digest is not that of its card")
    return FlatFieldFile(card, offset, gain)


def damaged(path: Path, why: str) -> FileError:
    """The error for a file that is no whole flat field."""
    return FileError(f"{path}: is no flat field, or a damaged one ({why}); calibrate again")


def _members(path: Path) -> dict[str, bytes]:
    data = read_bytes(path, MOST_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            names = sorted(one.filename for one in listed)
            # Stored, not compressed: what is read is no larger than the file.
            stored = all(one.compress_type == zipfile.ZIP_STORED and one.file_size <= len(data) for one in listed)
            if names != sorted((_CARD, _OFFSET, _GAIN)) or not stored:
                raise damaged(path, f"expected {_CARD}, {_OFFSET} and {_GAIN}, stored without compression")
            return {one.filename: archive.read(one) for one in listed}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise damaged(path, str(error) or type(error).__name__) from None


def _plane(data: bytes, shape: tuple[int, int], path: Path) -> NDArray[np.uint16]:
    try:
        values = Decoder(*shape).stored_in(data)
    except BadFrameError as error:
        raise damaged(path, str(error)) from None
    if values.dtype != np.uint16 or values.ndim != 2:
        raise damaged(path, f"a plane is {values.dtype} {list(values.shape)}")
    return np.ascontiguousarray(values, dtype=np.uint16)


def _png(values: NDArray[np.uint16]) -> bytes:
    return bytes(cv2.imencode(".png", values)[1])
