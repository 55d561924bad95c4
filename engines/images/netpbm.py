"""PBM, PGM and PPM, binary and plain (netpbm.sourceforge.net/doc/pgm.html). Their header states what is white: maxval."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from engines.errors import BadFrameError
from engines.images.files import Source
from engines.images.picture import Picture, Values, damaged, grey_of_rgb, one_frame
from engines.images.scaling import to_eight_bits

_KINDS = {b"P1": "PBM", b"P2": "PGM", b"P3": "PPM", b"P4": "PBM", b"P5": "PGM", b"P6": "PPM"}
_PLAIN = (b"P1", b"P2", b"P3")
_MOST_HEADER_BYTES = 1 << 16
_SPACE = b" \t\n\v\f\r"
_GAP = rb"(?:[ \t\n\v\f\r]|#[^\n\r]*[\n\r])+"
_NUMBER = _GAP + rb"([0-9]{1,9})"
_HEADER = re.compile(rb"(P[1-6])" + _NUMBER + _NUMBER)
_MAXVAL = re.compile(_NUMBER)
_BETWEEN = re.compile(rb"[ \t\n\v\f\r\0]*")
_MOST_COUNTED = 1000
_COMMENT = re.compile(rb"#[^\n\r]*")


@dataclass(frozen=True, slots=True)
class NetpbmPicture(Picture):
    """A picture of 1 or 3 samples a pixel."""

    magic: bytes
    channels: int
    starts_at: int
    """Offset of the first sample."""

    @property
    def states_white(self) -> bool:
        """See ``Picture``."""
        return True

    def grey(self, data: bytes) -> Values:
        """See ``Picture``."""
        values = self._samples(data)
        return values[..., 0] if self.channels == 1 else grey_of_rgb(values)

    def stored(self, data: bytes) -> Values:
        """See ``Picture``. A bitmap gives 0 and 255."""
        values = self._samples(data)
        if self.kind == "PBM":
            values = to_eight_bits(values, 1, white_is_zero=False)
        return values[..., 0] if self.channels == 1 else values

    def _samples(self, data: bytes) -> Values:
        flat = self._plain(data) if self.magic in _PLAIN else self._binary(data)
        if self.kind == "PBM":
            flat = np.asarray(1 - flat, dtype=np.uint8)  # a set bit is black
        return flat.reshape(self.height, self.width, self.channels)

    def _binary(self, data: bytes) -> Values:
        body = data[self.starts_at : self.starts_at + self._bytes]
        if len(body) < self._bytes:
            raise damaged(self.kind, len(data))
        one_frame(self._count(data), "pictures")
        if self.magic == b"P4":
            rows = np.frombuffer(body, np.uint8).reshape(self.height, -1)
            return np.unpackbits(rows, axis=1, count=self.width)
        return np.frombuffer(body, ">u2").astype(np.uint16) if self.bits > 8 else np.frombuffer(body, np.uint8)

    @property
    def _bytes(self) -> int:
        if self.magic == b"P4":
            return self.height * ((self.width + 7) // 8)
        return self.height * self.width * self.channels * (2 if self.bits > 8 else 1)

    def _count(self, data: bytes) -> int:
        """How many pictures follow each other, this one included; other bytes behind the picture do no harm."""
        picture, at = self, 0
        for number in range(1, _MOST_COUNTED):
            at += picture.starts_at + picture._bytes
            between = _BETWEEN.match(data, at)
            at = between.end() if between else at
            following = data[at : at + _MOST_HEADER_BYTES]
            if not _HEADER.match(following):
                return number
            picture = _picture(following, len(data))
        return _MOST_COUNTED

    def _plain(self, data: bytes) -> Values:
        body = _COMMENT.sub(b" ", data[self.starts_at :])
        wanted = self.height * self.width * self.channels
        if body.translate(None, b"0123456789" + _SPACE):
            raise damaged(self.kind, len(data), "it holds what is no number")
        if self.magic == b"P1":
            values = np.frombuffer(body.translate(None, _SPACE), np.uint8).astype(np.int64) - ord("0")
        else:
            values = np.fromstring(body.decode("ascii"), np.int64, sep=" ") if body.strip() else np.zeros(0, np.int64)
        if len(values) != wanted:
            raise damaged(self.kind, len(data), f"{len(values)} numbers; expected {wanted}")
        if values.max() > (1 if self.magic == b"P1" else (1 << self.bits) - 1):
            raise damaged(self.kind, len(data), f"it holds the value {values.max()}")
        return values.astype(np.uint16 if self.bits > 8 else np.uint8)


def read_netpbm(source: Source) -> NetpbmPicture:
    """The header. Raises BadFrameError."""
    return _picture(source.read(0, _MOST_HEADER_BYTES), source.size)


def _picture(start: bytes, size: int) -> NetpbmPicture:
    kind = _KINDS[start[:2]]
    found = _HEADER.match(start)
    if found is None:
        raise damaged(kind, size)
    magic, width, height = found[1], int(found[2]), int(found[3])
    at, maxval = found.end(), 1
    if kind != "PBM":
        stated = _MAXVAL.match(start, at)
        if stated is None:
            raise damaged(kind, size)
        at, maxval = stated.end(), int(stated[1])
    if not 1 <= maxval <= 65535:
        raise BadFrameError(f"is a {kind} whose maxval is {maxval}; expected 1 to 65535")
    bits = 8 if maxval < 256 else 16
    # One character of white space stands between the header and binary samples.
    return NetpbmPicture(kind, height, width, bits, maxval, magic, 3 if kind == "PPM" else 1, at + 1)
