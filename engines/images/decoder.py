"""Decodes image files to the grey pixels of a frame. Every file of pixels that Inspector reads comes through here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.errors import BadFrameError
from engines.images.bounds import MOST_PIXELS, most_bytes
from engines.images.files import ImageFile, MemorySource, open_image
from engines.images.formats import read_header
from engines.images.picture import Picture, Values, by_size, damaged
from engines.images.raw import raw_picture
from engines.images.raw_format import RawFormat
from engines.images.scaling import to_eight_bits
from engines.images.suffixes import RAW_SUFFIX


@dataclass(frozen=True, slots=True)
class Samples:
    """The grey samples of a file at its own depth."""

    values: Values
    """``uint8`` or ``uint16 [height, width]``, as the file has them."""
    white: int
    """The value that becomes 255."""
    white_is_zero: bool
    """Whether the values count down from white."""

    def grey(self) -> NDArray[np.uint8]:
        """``uint8 [height, width]``, C-contiguous: 255 x value / white, rounded, at most 255."""
        return to_eight_bits(self.values, self.white, self.white_is_zero)


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes one file at a time; may be shared by threads.

    Size and bytes are known before anything is decoded. Where a size is expected a picture of another one is refused; where none is
    (data sets), one of more than ``MOST_PIXELS``.
    """

    height: int | None = None
    width: int | None = None
    white_level: int | None = None
    """The value that becomes 255 where samples have more than 8 bits. None: what the file states (PGM's maxval, the depth of packed
    samples), else 65535."""
    raw: RawFormat | None = None
    """What raw files hold."""

    def decode(self, path: Path) -> NDArray[np.uint8]:
        """The frame in ``path`` as ``uint8 [height, width]``, C-contiguous. Raises BadFrameError."""
        return self.samples(path).grey()

    def samples(self, path: Path) -> Samples:
        """The frame in ``path`` before it is brought to 8 bits. Raises BadFrameError."""
        with open_image(path) as file:
            return self._samples(self._header(file, path), file.whole())

    def decode_in(self, data: bytes) -> NDArray[np.uint8]:
        """As ``decode``, of the bytes of a file that was read before. Raises BadFrameError."""
        return self._samples(self._sized(MemorySource(data)), data).grey()

    def _samples(self, picture: Picture, data: bytes) -> Samples:
        values = _decoded(picture, picture.grey, data)
        deep = picture.bits > 8 and self.white_level is not None
        if not deep and picture.states_white and values.max() > picture.white:
            raise BadFrameError(f"holds the value {values.max()}, above its own maxval {picture.white}")
        white = self.white_level if deep and self.white_level is not None else picture.white
        return Samples(values, white, picture.white_is_zero)

    def stored(self, path: Path) -> Values:
        """The samples as stored, ``[height, width]`` or with channels behind, for masks. Raises BadFrameError."""
        with open_image(path) as file:
            picture = self._header(file, path)
            return _decoded(picture, picture.stored, file.whole())

    def size(self, path: Path) -> tuple[int, int]:
        """Height and width, from the header. Raises BadFrameError."""
        with open_image(path) as file:
            picture = self._header(file, path)
        return picture.height, picture.width

    def stored_in(self, data: bytes) -> Values:
        """As ``stored``, of the bytes of a file that was read before. Raises BadFrameError."""
        picture = self._sized(MemorySource(data))
        return _decoded(picture, picture.stored, data)

    def _header(self, file: ImageFile, path: Path) -> Picture:
        if path.suffix.lower() != RAW_SUFFIX:
            return self._sized(file)
        picture = raw_picture(self.raw, file.size, self.height, self.width)
        self._require_size(picture)
        return picture

    def _sized(self, source: ImageFile | MemorySource) -> Picture:
        """The header, once the sizes are found right. Of a file that is too large, no more than the header is read."""
        expected = self._expected
        if expected is not None and source.size > most_bytes(*expected):
            raise self._too_large(source, expected)
        picture = _header_of(source)
        self._require_size(picture)
        most = most_bytes(picture.height, picture.width)
        if source.size > most:
            size = by_size((picture.height, picture.width))
            raise BadFrameError(f"has {source.size} bytes; a picture of {size} pixels has at most {most}")
        return picture

    def _too_large(self, source: ImageFile | MemorySource, expected: tuple[int, int]) -> BadFrameError:
        """Says another size in pixels where the header does, which explains more than a number of bytes."""
        try:
            picture = _header_of(source)
        except BadFrameError:
            picture = None
        if picture is not None and (picture.height, picture.width) != expected:
            return _other_size((picture.height, picture.width), expected)
        return BadFrameError(f"has {source.size} bytes; a frame has at most {most_bytes(*expected)}")

    @property
    def _expected(self) -> tuple[int, int] | None:
        return None if self.height is None or self.width is None else (self.height, self.width)

    def _require_size(self, picture: Picture) -> None:
        found = (picture.height, picture.width)
        if min(found) < 1:
            raise BadFrameError(f"is {by_size(found)} pixels (height x width): nothing to see")
        if self._expected is not None and found != self._expected:
            raise _other_size(found, self._expected)
        if self._expected is None and found[0] * found[1] > MOST_PIXELS:
            raise BadFrameError(
                f"is {by_size(found)} pixels (height x width); at most {MOST_PIXELS} in all are decoded"
            )


def _other_size(found: tuple[int, int], expected: tuple[int, int]) -> BadFrameError:
    return BadFrameError(f"is {by_size(found)} pixels (height x width); expected {by_size(expected)}")


def _header_of(source: ImageFile | MemorySource) -> Picture:
    try:
        return read_header(source)
    except BadFrameError:
        raise
    except Exception as error:
        raise damaged("image", source.size, _told(error)) from None


def _decoded(picture: Picture, decode: Callable[[bytes], Values], data: bytes) -> Values:
    """The samples. Whatever goes wrong in a decoder costs this file alone."""
    try:
        values = decode(data)
    except BadFrameError:
        raise
    except Exception as error:
        raise damaged(picture.kind, len(data), _told(error)) from None
    if values.dtype not in (np.uint8, np.uint16) or values.shape[:2] != (picture.height, picture.width):
        raise damaged(picture.kind, len(data), f"it gives {values.dtype} {list(values.shape)}")
    return values


def _told(error: Exception) -> str:
    """An error of a library in one short line; empty where it says nothing."""
    text = " ".join(str(error).split()) or ("" if type(error) is ValueError else type(error).__name__)
    return text if len(text) <= 120 else f"{text[:117]}..."
