"""Smooth random lines and fields over the strip. Each is a function of the place in mm alone, whatever pixels ask for it."""

from __future__ import annotations

import cv2
import numpy as np

from inspector.capture.simulator.noise import Field, Random
from inspector.capture.simulator.strip.view import Mm

_KNOTS = 512
_CELLS = 256


class Wave:
    """A smooth line of deviation about 1 through random knots ``cell_mm`` apart. It repeats after 512 knots."""

    def __init__(self, rng: Random, cell_mm: float) -> None:
        self._cell = cell_mm
        self._knots = rng.standard_normal(_KNOTS)

    def __call__(self, places: Mm) -> Mm:
        """At ``places``, mm."""
        at = places / self._cell
        knot = np.floor(at).astype(np.int64)
        t = at - knot
        before, here, after, last = (self._knots[(knot + k) % _KNOTS] for k in (-1, 0, 1, 2))
        # Catmull-Rom: through every knot, without corners.
        bend = (2 * before - 5 * here + 4 * after - last) * t + (3 * (here - after) + last - before) * t * t
        return np.asarray((here + 0.5 * t * (after - before + bend)) * 1.25)


class Relief:
    """A smooth field of deviation about 1, its features about ``cell_mm`` along and across. It repeats after 256 of them."""

    def __init__(self, rng: Random, along_mm: float, across_mm: float) -> None:
        self._cell = along_mm, across_mm
        self._tile = rng.standard_normal((_CELLS, _CELLS), dtype=np.float32)

    def __call__(self, u: Mm, v: Mm) -> Field:
        """At ``u`` mm along, float64 ``[M, 1]``, and ``v`` mm across, ``[M, N]``; float32 ``[M, N]``."""
        # Modulo in double precision: in single precision a place 100 m along would be off by a hundredth of a mm, and another one at each frame.
        rows = np.mod(u / self._cell[0], _CELLS).astype(np.float32)
        columns = np.mod(v, self._cell[1] * _CELLS).astype(np.float32) / np.float32(self._cell[1])
        rows = np.ascontiguousarray(np.broadcast_to(rows, columns.shape))
        field = cv2.remap(self._tile, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
        return np.asarray(field * np.float32(1.3), dtype=np.float32)
