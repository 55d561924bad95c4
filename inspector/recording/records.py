"""The records of a recording's indexes: one a line, ``CRC32 JSON``, appended only. A line that is not whole is left out by the reader."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Generic, TypeAlias, TypeVar

import msgspec

from engines.files.looking import unusable

LONGEST_LINE = 1 << 16
"""Bytes. Texts in a record are one line each; a longer line is damage."""
_MOST_OFFSET = 1 << 62


class _Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    pass


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the pixels of a frame are."""

    file: str
    """Relative to the camera's folder."""
    height: Annotated[int, msgspec.Meta(ge=1)]
    width: Annotated[int, msgspec.Meta(ge=1)]
    crc32: int
    """Of the pixels, row by row."""
    offset: Annotated[int, msgspec.Meta(ge=0, le=_MOST_OFFSET)] = 0
    """Of a raw file: bytes before the first pixel."""


class Frame(_Record, frozen=True, kw_only=True, tag="frame"):
    """A frame that arrived. Its fields are those of ``FrameMeta`` and ``Arrival``."""

    frame: int
    captured_ns: int
    """Monotonic ns of the machine that recorded."""
    phase: int
    """Number of the phase it belongs to."""
    place: Place | None = None
    """None where the camera delivered no usable pixels."""
    error: str = ""
    """Why not."""
    name: str = ""
    part: str = ""
    camera_ns: int | None = None
    camera_clock: str = ""
    encoder: int | None = None
    position_um: int | None = None
    travel_um: int | None = None
    position_source: str | None = None
    flat_field: str = ""
    """Identity of the flat field that the line applied; the recorded pixels are those before it."""


class Lost(_Record, frozen=True, kw_only=True, tag="lost"):
    """Frames that the camera lost."""

    frame: int
    """The first."""
    count: int
    position_um: int | None = None
    """Of the first, as the two below; None where it was not known."""
    travel_um: int | None = None
    position_source: str | None = None


class NotRecorded(_Record, frozen=True, kw_only=True, tag="not_recorded"):
    """Frames that arrived, and that the disk was too slow for."""

    frame: int
    """The first."""
    count: int


class Phase(_Record, frozen=True, kw_only=True, tag="phase"):
    """What holds for all cameras from one change to the next."""

    phase: int
    """Rises with each change."""
    run: str
    """Empty while no run is on."""
    paused: bool = False
    recipe: str = ""
    bundle: str = ""
    operating_point: str = ""


Record: TypeAlias = Frame | Lost | NotRecorded
R = TypeVar("R", bound=_Record)

_encode = msgspec.json.Encoder().encode


def line_of(record: _Record) -> bytes:
    """The record as a line of an index."""
    data = _encode(record)
    return b"%08x %s\n" % (zlib.crc32(data), data)


class RecordLines(Generic[R]):
    """The records of a file, in its order, read while they are asked for."""

    def __init__(self, path: Path, kind: object) -> None:
        """``kind`` is the type of its records, as ``Record`` or ``Phase``."""
        self._path = path
        self._decode = msgspec.json.Decoder(kind).decode
        self.damaged = 0
        """Lines left out so far because they are not as they were written."""
        self.cut_off = False
        """Whether the file ended in the middle of a line."""

    def __iter__(self) -> Iterator[R]:
        """Raises FileError where the file cannot be read."""
        try:
            with open(self._path, "rb") as file:
                yield from self._records(file)
        except OSError as error:
            raise unusable(self._path, error) from None

    def _records(self, file: BinaryIO) -> Iterator[R]:
        while line := file.readline(LONGEST_LINE):
            record = self._record(line)
            if record is not None:
                yield record
            elif line.endswith(b"\n"):
                self.damaged += 1
            elif len(line) < LONGEST_LINE:
                self.cut_off = True

    def _record(self, line: bytes) -> R | None:
        digest, _, data = line.rstrip(b"\n").partition(b" ")
        if not line.endswith(b"\n") or digest != b"%08x" % zlib.crc32(data):
            return None
        try:
            record: R = self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return record


def phases_of(path: Path) -> dict[int, Phase]:
    """The phases of a recording by number. Raises FileError where the file cannot be read."""
    return {phase.phase: phase for phase in RecordLines[Phase](path, Phase)}
