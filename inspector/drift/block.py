"""Sums over the frames of a quarter window: all that is kept of them, so that a window of any length takes the same memory."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from engines.drift.look import Look, tile_counts
from engines.drift.reference import FIGURES, Reference

Floats = NDArray[np.float64]
PICTURED = 8
"""Every so many frames one is added to the mean picture."""
PICTURE_WIDTH = 800
"""The mean picture takes every pixel, or every second, third, ... one, so that it is at most about so wide, px."""


class Block:
    """Sums over frames of one camera. Not thread-safe."""

    def __init__(self, reference: Reference, height: int, width: int) -> None:
        self._edges = [getattr(reference, name).edges for name in FIGURES]
        self.height, self.width = height, width
        """Of the frames, px."""
        tiles = tile_counts(height, width)
        self.frames = 0
        self.last_frame = -1
        """Number of the last frame added."""
        self.counts: list[Floats] = [np.zeros(len(edges) + 1) for edges in self._edges]
        """Frames in each bin of the reference, by figure."""
        self.brightness = 0.0
        self.tiles: Floats = np.zeros(tiles)
        """Sums of the tiles' brightness as a share of the frame's, over the frames in which the group lies on the sheet."""
        self.on_sheet: Floats = np.zeros(tiles[1])
        """Those frames."""
        self.columns: Floats = np.zeros(width)
        self.squares: Floats = np.zeros(width)
        """Sums of each column's mean grey level, and of its square."""
        self._step = max(1, -(-width // PICTURE_WIDTH))
        self.picture: Floats = np.zeros((-(-height // self._step), -(-width // self._step)))
        self.pictured = 0

    def add(self, seen: Look, gate_score: float, pixels: NDArray[np.uint8], frame: int) -> None:
        """Add a frame, of which ``seen`` are the figures and ``pixels`` uint8 ``[H, W]``."""
        values = (gate_score, seen.brightness, seen.contrast, seen.sharpness)
        for counts, edges, value in zip(self.counts, self._edges, values, strict=True):
            counts[bisect_right(edges, value)] += 1
        self.brightness += seen.brightness
        part = slice(seen.first, seen.stop)
        self.tiles[:, part] += seen.tiles[:, part] * (1 / seen.brightness)
        self.on_sheet[part] += 1
        self.columns += seen.columns
        self.squares += seen.columns * seen.columns
        if not self.frames % PICTURED:
            self.picture += pixels[:: self._step, :: self._step]
            self.pictured += 1
        self.frames += 1
        self.last_frame = max(self.last_frame, frame)

    def include(self, other: Block) -> None:
        """Add the frames of ``other``, which has the same reference and frame size."""
        for counts, more in zip(self.counts, other.counts, strict=True):
            counts += more
        for mine, more in (
            (self.tiles, other.tiles),
            (self.on_sheet, other.on_sheet),
            (self.columns, other.columns),
            (self.squares, other.squares),
            (self.picture, other.picture),
        ):
            mine += more
        self.brightness += other.brightness
        self.frames += other.frames
        self.pictured += other.pictured
        self.last_frame = max(self.last_frame, other.last_frame)
