"""The directories of a TIFF file (TIFF 6.0) or BigTIFF, in either byte order."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engines.images.files import Source
from engines.images.picture import damaged

SUBFILE, OLD_SUBFILE = 254, 255
WIDTH, HEIGHT = 256, 257
BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 258, 259, 262, 266
STRIP_OFFSETS, CHANNELS, ROWS_PER_STRIP, STRIP_BYTES = 273, 277, 278, 279
PLANAR, PREDICTOR = 284, 317
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
SAMPLE_FORMAT = 339

_READ = frozenset(
    {SUBFILE, OLD_SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, STRIP_OFFSETS, CHANNELS}
    | {ROWS_PER_STRIP, STRIP_BYTES, PLANAR, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, SAMPLE_FORMAT}
)
_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
"""Field types that these tags have: BYTE, SHORT, LONG, LONG8."""
_MOST_DIRECTORIES = 1000
_MOST_ENTRIES = 4096
_MOST_VALUES = 1 << 20

Tags = dict[int, tuple[int, ...]]
"""Values by tag, of the tags that matter here."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the numbers of a file are written."""

    order: Literal["<", ">"]
    big: bool

    def numbers(self, data: bytes, letters: str) -> tuple[int, ...]:
        """Unpacked in the order of the file."""
        return struct.unpack(self.order + letters, data)


def read_directories(source: Source) -> tuple[Form, list[Tags]]:
    """The directories of the main chain, in order. Raises BadFrameError where they are damaged or never end."""
    start = source.read(0, 16)
    form = Form("<" if start[:2] == b"II" else ">", start[2:4] in (b"+\0", b"\0+"))
    try:
        at = form.numbers(start[8:16], "Q")[0] if form.big else form.numbers(start[4:8], "I")[0]
        return form, list(_chain(source, form, at))
    except struct.error:
        raise damaged("TIFF", source.size) from None


def _chain(source: Source, form: Form, at: int) -> Iterator[Tags]:
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) == _MOST_DIRECTORIES:
            raise damaged("TIFF", source.size, f"its directories do not end within {_MOST_DIRECTORIES}")
        seen.add(at)
        count_bytes, entry_bytes, next_bytes = (8, 20, 8) if form.big else (2, 12, 4)
        (count,) = form.numbers(source.read(at, count_bytes), "Q" if form.big else "H")
        if count > _MOST_ENTRIES:
            raise damaged("TIFF", source.size, f"a directory of {count} entries")
        body = source.read(at + count_bytes, count * entry_bytes + next_bytes)
        entries = [body[one * entry_bytes : (one + 1) * entry_bytes] for one in range(count)]
        (at,) = form.numbers(body[count * entry_bytes :], "Q" if form.big else "I")
        yield dict(_values(source, form, entry) for entry in entries if form.numbers(entry[:2], "H")[0] in _READ)


def _values(source: Source, form: Form, entry: bytes) -> tuple[int, tuple[int, ...]]:
    tag, kind = form.numbers(entry[:4], "HH")
    (count,) = form.numbers(entry[4:12] if form.big else entry[4:8], "Q" if form.big else "I")
    letter = _NUMBERS.get(kind)
    if letter is None or not 1 <= count <= _MOST_VALUES:
        raise damaged("TIFF", source.size, f"tag {tag} has {count} values of type {kind}")
    size = count * struct.calcsize("=" + letter)
    place = entry[12:] if form.big else entry[8:]
    if size > len(place):
        (at,) = form.numbers(place, "Q" if form.big else "I")
        place = source.read(at, size)
    return tag, form.numbers(place[:size], f"{count}{letter}")
