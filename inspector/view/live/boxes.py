"""What is drawn on a map: boxes in typed arrays, which only grow at the end, so that a page is sent those that it has not."""

from __future__ import annotations

import struct
import sys
from array import array

MOST = 200_000
"""Boxes that are kept; of more, the older half is left out, and pages are sent all of them again."""
CHUNK = 16_384
"""Boxes in one message."""
_HEAD = struct.Struct("<6I")


class Boxes:
    """Boxes on the strip, mm: along it from its head, across it from the reference edge. For one thread at a time."""

    def __init__(self, generation: int) -> None:
        """``generation``: a number that no other map of this line has."""
        self.generation = generation
        """Changes where boxes that were sent are no longer there."""
        self.left_out = 0
        """Boxes that are not kept any more."""
        self._columns = [array("f") for _ in range(4)]
        self._kinds = bytearray()
        self._faces = bytearray()

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, along_mm: float, x_mm: float, length_mm: float, width_mm: float, kind: int, face: int) -> None:
        """The nearer ends, the sizes, the number of the class, and the face: 0 top, 1 bottom."""
        if len(self._kinds) >= MOST:
            self._halve()
        for column, value in zip(self._columns, (along_mm, x_mm, length_mm, width_mm), strict=True):
            column.append(value)
        self._kinds.append(kind)
        self._faces.append(face)

    def message(self, line: int, first: int) -> tuple[bytes, int]:
        """A binary message with the boxes from number ``first`` on, at most ``CHUNK``; and the number behind the last one in it. ``line``: its place
        among those of the page.

        Six uint32: place of the line, generation, first, count, boxes in all, boxes left out. Then the columns, each of ``count``: float32 along, across,
        length, width; uint8 class, face. Little endian."""
        last = min(len(self), first + CHUNK)
        parts = [_HEAD.pack(line, self.generation, first, last - first, len(self), self.left_out)]
        parts += [_little(column[first:last]) for column in self._columns]
        parts += [bytes(self._kinds[first:last]), bytes(self._faces[first:last])]
        return b"".join(parts), last

    def _halve(self) -> None:
        half = len(self) // 2
        self._columns = [column[half:] for column in self._columns]
        self._kinds, self._faces = self._kinds[half:], self._faces[half:]
        self.left_out += half
        self.generation += 1


def _little(values: array[float]) -> bytes:
    if sys.byteorder == "big":
        values = array("f", values)
        values.byteswap()
    return values.tobytes()
