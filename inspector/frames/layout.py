"""How a frame lies in its slot where it is not simply one window of the bundle's size: in several windows, or in a part of one.

The frame that is judged is put together again from the windows: every mask is cut to what its window shows of the frame, and where
windows overlap a pixel has the classes of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inspector.frames.size import FrameSize


class Piece(NamedTuple):
    """One window, of the size of the bundle's frames."""

    offset: int
    """Pixels from the beginning of the slot's plane."""
    x: int
    y: int
    """Where in the judged frame the part that the window shows begins."""
    shown_x: int
    shown_y: int
    """Where in the window that part begins."""
    width: int
    height: int
    """Size of that part; the rest of the window is padding."""


class Layout(NamedTuple):
    """All windows of a frame, in the order of their offsets."""

    judged: FrameSize
    """Size of the frame that is judged, and of its mask."""
    inspected: FrameSize
    """Size of a window."""
    pieces: tuple[Piece, ...]

    def merged(self, parts: Iterable[tuple[Piece, NDArray[np.uint8]]]) -> NDArray[np.uint8]:
        """The mask of the judged frame, ``uint8 [H, W]``, of the masks of some of its windows, each ``uint8`` of the window's size."""
        whole = np.zeros(self.judged, np.uint8)
        for piece, mask in parts:
            target = whole[piece.y : piece.y + piece.height, piece.x : piece.x + piece.width]
            np.bitwise_or(target, self._shown(piece, mask), out=target)
        return whole

    def frame(self, plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The judged frame, ``uint8 [H, W]``, from the slot (``uint8`` [bytes]); a view where one window is all of it, padding included."""
        if len(self.pieces) == 1 and self.judged == self.inspected:
            (piece,) = self.pieces
            return plane[piece.offset : piece.offset + self.inspected.pixels].reshape(self.inspected)
        whole = np.zeros(self.judged, np.uint8)
        for piece in self.pieces:
            window = plane[piece.offset : piece.offset + self.inspected.pixels].reshape(self.inspected)
            whole[piece.y : piece.y + piece.height, piece.x : piece.x + piece.width] = self._shown(piece, window)
        return whole

    @staticmethod
    def _shown(piece: Piece, window: NDArray[np.uint8]) -> NDArray[np.uint8]:
        left, top = piece.shown_x, piece.shown_y
        return window[top : top + piece.height, left : left + piece.width]
