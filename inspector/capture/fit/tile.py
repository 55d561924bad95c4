"""``tile``: a frame is cut into overlapping tiles of the bundle's size, which lie in its slot one after the other.

Together they cover the whole frame; the first and the last of each row and column end where the frame does, and those between are spread
evenly, so that neighbours overlap by at least the overlap that is asked for. A frame that is smaller than a tile in one direction is filled up
in that direction, at the right or below.
"""

from __future__ import annotations

import mmap

from inspector.capture.fit.fit import Grey
from inspector.capture.fit.padding import PadWith, padded
from inspector.config.fit import FitMode
from inspector.errors import UserError
from inspector.frames.fitted import Fitted
from inspector.frames.layout import Layout, Piece
from inspector.frames.size import FrameSize

MOST_TILES = 256


class Tile:
    """The whole frame of the camera is the judged one (a ``Fit``)."""

    mode: FitMode = "tile"

    def __init__(self, inspected: FrameSize, camera: FrameSize, overlap_px: int, pad_with: PadWith) -> None:
        """Raises UserError for an overlap as large as a tile in a direction that takes several, and for too many tiles."""
        self.camera: FrameSize | None = camera
        self.judged = camera
        self._inspected = inspected
        self._pad_with = pad_with
        for length, side in zip(camera, inspected, strict=True):
            if length > side <= overlap_px:
                raise UserError(
                    f"fit.overlap_px: {overlap_px}; expected less than a side of a tile, which is {inspected}"
                )
        places = [
            (x, y)
            for y in starts(camera.height, inspected.height, overlap_px)
            for x in starts(camera.width, inspected.width, overlap_px)
        ]
        if len(places) > MOST_TILES:
            raise UserError(
                f"fit: frames of {camera} are {len(places)} tiles of {inspected}; at most {MOST_TILES} are inspected as one frame"
            )
        # Every window begins on a memory page, as slots do.
        step = -(-inspected.pixels // mmap.PAGESIZE) * mmap.PAGESIZE
        width, height = min(inspected.width, camera.width), min(inspected.height, camera.height)
        pieces = tuple(Piece(number * step, x, y, 0, 0, width, height) for number, (x, y) in enumerate(places))
        self._layout = Layout(camera, inspected, pieces)
        self.slot_px = (len(pieces) - 1) * step + inspected.pixels
        self.fitted = Fitted("tile", camera)

    def refusal(self, size: FrameSize) -> str:
        """See ``Fit``."""
        return "" if size == self.camera else f"fit.size says {self.camera}"

    def layout(self, size: FrameSize) -> Layout:
        """See ``Fit``."""
        return self._layout

    def write(self, pixels: Grey, plane: Grey) -> None:
        """See ``Fit``."""
        size = self._inspected
        for piece in self._layout.pieces:
            window = plane[piece.offset : piece.offset + size.pixels].reshape(size)
            part = pixels[piece.y : piece.y + piece.height, piece.x : piece.x + piece.width]
            window[...] = part if part.shape == size else padded(part, size, self._pad_with)


def starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin along one side of a frame, px."""
    if length <= tile:
        return [0]
    tiles = -(-(length - overlap) // (tile - overlap))
    return [round(number * (length - tile) / (tiles - 1)) for number in range(tiles)]
