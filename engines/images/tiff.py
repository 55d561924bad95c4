"""TIFF: grey or RGB of 1 to 16 bits. Decoded here, so that depth, white and damage mean the same whatever the bits and the compression.

What would have to be guessed at is refused by its tag: signed and floating-point samples, palettes, CMYK, JPEG within TIFF.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.errors import BadFrameError
from engines.images import tiff_tags as tag
from engines.images.files import Source
from engines.images.picture import Picture, Values, by_size, damaged, grey_of_rgb, one_frame
from engines.images.tiff_strips import COMPRESSIONS, decompress, unpack_bits

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType: a smaller copy of another page, and a transparency mask."""
_FORMATS = {2: "signed", 3: "floating-point", 4: "undefined", 5: "complex", 6: "complex"}
_HORIZONTAL = 2
_LARGEST_SMALL_TILE = 1 << 22
"""Pixels that a tile may have however small the picture."""


@dataclass(frozen=True, slots=True)
class TiffPicture(Picture):
    """A picture in strips or tiles; ``tags`` are those of its directory."""

    form: tag.Form
    tags: tag.Tags
    stored_bits: int
    channels: int
    photometric: int

    @property
    def white_is_zero(self) -> bool:
        """See ``Picture``."""
        return self.photometric == _WHITE_IS_ZERO

    def grey(self, data: bytes) -> Values:
        """See ``Picture``."""
        samples = self._samples(data)
        return grey_of_rgb(samples) if self.photometric == _RGB else samples[..., 0]

    def stored(self, data: bytes) -> Values:
        """See ``Picture``. The numbers are those of the file, wherever its white is."""
        samples = self._samples(data)
        return samples[..., 0] if self.channels == 1 else samples

    def _samples(self, data: bytes) -> Values:
        """``[height, width, channels]``."""
        if tag.TILE_WIDTH not in self.tags:
            rows = min(self._one(tag.ROWS_PER_STRIP, self.height), self.height)
            heights = [min(rows, self.height - top) for top in range(0, self.height, rows)]
            content = self._content(data, tag.STRIP_OFFSETS, tag.STRIP_BYTES, heights, self.width)
            return self._numbers(b"".join(content), self.height, self.width)
        rows, columns = self.tags[tag.TILE_HEIGHT][0], self.tags[tag.TILE_WIDTH][0]
        if rows * columns > max(4 * self.height * self.width, _LARGEST_SMALL_TILE):
            raise damaged(self.kind, len(data), f"tiles of {by_size((rows, columns))} pixels")
        places = [(top, left) for top in range(0, self.height, rows) for left in range(0, self.width, columns)]
        tiles = self._content(data, tag.TILE_OFFSETS, tag.TILE_BYTES, [rows] * len(places), columns)
        out = np.empty((self.height, self.width, self.channels), np.uint16 if self.bits > 8 else np.uint8)
        for (top, left), tile in zip(places, tiles, strict=True):
            target = out[top : top + rows, left : left + columns]
            target[:] = self._numbers(tile, rows, columns)[: target.shape[0], : target.shape[1]]
        return out

    def _content(self, data: bytes, places: int, lengths: int, heights: list[int], width: int) -> list[bytes]:
        """The decompressed strips or tiles, whose heights are given."""
        offsets, sizes = self.tags[places], self.tags[lengths]
        if min(len(offsets), len(sizes)) < len(heights):
            raise damaged(
                self.kind, len(data), f"{min(len(offsets), len(sizes))} strips or tiles; expected {len(heights)}"
            )
        pieces = [data[offset : offset + size] for offset, size, _ in zip(offsets, sizes, heights, strict=False)]
        row_bytes = -(-width * self.channels * self.stored_bits // 8)
        return decompress(pieces, self._one(tag.COMPRESSION, 1), [rows * row_bytes for rows in heights], row_bytes)

    def _numbers(self, content: bytes, rows: int, width: int) -> Values:
        """The samples of a strip or tile, ``[rows, width, channels]``."""
        if self.stored_bits not in (8, 16):
            return unpack_bits(content, rows, width * self.channels, self.stored_bits).reshape(
                rows, width, self.channels
            )
        dtype = np.dtype(f"{self.form.order}u{self.stored_bits // 8}")
        values: Values = np.frombuffer(content, dtype).reshape(rows, width, self.channels)
        if self._one(tag.PREDICTOR, 1) == _HORIZONTAL:
            return np.asarray(np.cumsum(values, axis=1, dtype=dtype.newbyteorder("=")))
        return values.astype(dtype.newbyteorder("="), copy=False)

    def _one(self, which: int, default: int) -> int:
        return self.tags.get(which, (default,))[0]


def read_tiff(source: Source) -> TiffPicture:
    """The header. Raises BadFrameError, also where there is more than one page.

    Pages are the directories of the main chain, whatever their sizes; reduced copies and transparency masks that are marked as such are none.
    """
    form, directories = tag.read_directories(source)
    pages = [tags for tags in directories if not _is_beside(tags)]
    one_frame(len(pages))
    if not pages or not {tag.WIDTH, tag.HEIGHT} <= pages[0].keys():
        raise damaged("TIFF", source.size)
    return _picture(form, pages[0], source.size)


def _is_beside(tags: tag.Tags) -> bool:
    new, old = tags.get(tag.SUBFILE, (0,))[0], tags.get(tag.OLD_SUBFILE, (1,))[0]
    return bool(new & (_REDUCED | _MASK)) or old == 2


def _picture(form: tag.Form, tags: tag.Tags, size: int) -> TiffPicture:
    all_bits = tags.get(tag.BITS, (1,))
    bits, channels = all_bits[0], tags.get(tag.CHANNELS, (1,))[0]
    photometric = tags.get(tag.PHOTOMETRIC, (-1,))[0]
    _refuse_what_is_no_grey_or_rgb(tags, photometric, channels)
    if len(set(all_bits)) > 1 or not (bits in (8, 16) or (channels == 1 and 1 <= bits <= 16)):
        raise BadFrameError(f"is a TIFF of {channels} x {bits} bits; expected 1 to 16 bits of grey, or 8 or 16 of RGB")
    parts = (tag.TILE_WIDTH, tag.TILE_HEIGHT, tag.TILE_OFFSETS, tag.TILE_BYTES)
    if not set(parts if tag.TILE_WIDTH in tags else (tag.STRIP_OFFSETS, tag.STRIP_BYTES)) <= tags.keys():
        raise damaged("TIFF", size, "it does not say where its pixels are")
    depth = 8 if bits <= 8 else 16
    (width,), (height,) = tags[tag.WIDTH][:1], tags[tag.HEIGHT][:1]
    return TiffPicture("TIFF", height, width, depth, (1 << bits) - 1, form, tags, bits, channels, photometric)


def _refuse_what_is_no_grey_or_rgb(tags: tag.Tags, photometric: int, channels: int) -> None:
    compression = tags.get(tag.COMPRESSION, (1,))[0]
    if compression not in COMPRESSIONS:
        raise BadFrameError(f"is a TIFF of Compression {compression}; expected none, LZW, Deflate or PackBits")
    if photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        stated = "no PhotometricInterpretation" if photometric < 0 else f"PhotometricInterpretation {photometric}"
        raise BadFrameError(f"is a TIFF of {stated}; expected 0 or 1 (grey) or 2 (RGB)")
    if not (3 if photometric == _RGB else 1) <= channels <= 8:
        raise BadFrameError(f"is a TIFF of {channels} samples a pixel and PhotometricInterpretation {photometric}")
    kind = next((one for one in tags.get(tag.SAMPLE_FORMAT, (1,)) if one != 1), 1)
    if kind != 1:
        raise BadFrameError(
            f"holds {_FORMATS.get(kind, 'unknown')} samples (SampleFormat {kind}); expected unsigned ones"
        )
    planar, fill_order = tags.get(tag.PLANAR, (1,))[0], tags.get(tag.FILL_ORDER, (1,))[0]
    if planar != 1 and channels > 1:
        raise BadFrameError(f"is a TIFF of PlanarConfiguration {planar}; expected 1, the samples of a pixel together")
    if fill_order != 1:
        raise BadFrameError(f"is a TIFF of FillOrder {fill_order}; expected 1")
    predictor = tags.get(tag.PREDICTOR, (1,))[0]
    if predictor != 1 and not (predictor == _HORIZONTAL and tags.get(tag.BITS, (1,))[0] in (8, 16)):
        raise BadFrameError(f"is a TIFF of Predictor {predictor}; expected 1, or 2 for 8 or 16 bits")
