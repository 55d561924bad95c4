"""A rendered target: known scale, seen straight on, with and without a lens that bends, noise and blur."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.scale.target import Points, Target

FINE = 3
"""So many samples a pixel, in both directions."""


@dataclass(frozen=True)
class Lens:
    """A camera looking straight at the sheet. A point at ``r`` from the centre is seen at ``r (1 + bend (r / reach)**2)``, as in the model of
    Brown (1971); ``across``: in the direction of the rows only."""

    height: int = 256
    width: int = 1600
    mm_per_px_x: float = 0.22
    mm_per_px_y: float = 0.22
    bend: float = 0.0
    across: bool = False
    angle_deg: float = 0.0
    """By which the target is turned."""
    center: tuple[float, float] | None = None
    """x, y; None: the middle of the frame."""

    @property
    def middle(self) -> tuple[float, float]:
        return self.center or ((self.width - 1) / 2, (self.height - 1) / 2)

    def seen_mm(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What of the sheet is seen at a pixel: mm from the middle of the frame."""
        dx, dy = x - self.middle[0], y - self.middle[1]
        reach = self.width / 2 if self.across else np.hypot(self.width, self.height) / 2
        seen = np.abs(dx) if self.across else np.hypot(dx, dy)
        straight = seen.copy()
        for _ in range(5 if self.bend else 0):  # Newton's method
            straight -= (straight * (1 + self.bend * (straight / reach) ** 2) - seen) / (
                1 + 3 * self.bend * (straight / reach) ** 2
            )
        factor = np.where(seen > 0, straight / np.maximum(seen, 1e-12), 1.0)
        return dx * factor * self.mm_per_px_x, dy * (1.0 if self.across else factor) * self.mm_per_px_y

    def render(self, target: Target, blur: float = 0.7, noise: float = 2.0, seed: int = 1) -> NDArray[np.uint8]:
        """A frame of the target, its middle in the middle of the frame."""
        y, x = np.mgrid[: self.height * FINE, : self.width * FINE].astype(np.float64)
        place_x, place_y = self.seen_mm((x + 0.5) / FINE - 0.5, (y + 0.5) / FINE - 0.5)
        angle = np.deg2rad(self.angle_deg)
        along = place_x * np.cos(angle) + place_y * np.sin(angle)
        down = -place_x * np.sin(angle) + place_y * np.cos(angle)
        points = target.points_mm()
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        dark = _dark(target, along + middle[0], down + middle[1], self.mm_per_px_x / FINE)
        grey = cv2.resize(200.0 - 160.0 * dark, (self.width, self.height), interpolation=cv2.INTER_AREA)
        grey = cv2.GaussianBlur(grey, (0, 0), blur)
        grey = grey + noise * np.random.default_rng(seed).standard_normal(grey.shape)
        return np.asarray(np.clip(np.rint(grey), 0, 255), np.uint8)


def _dark(target: Target, x: NDArray[np.float64], y: NDArray[np.float64], soft: float) -> NDArray[np.float64]:
    """How dark the target is at a place, 0 to 1. Edges are ``soft`` mm wide on either side: hard ones would lie on the grid of the samples."""
    pitch = target.pitch_mm
    if target.kind == "checkerboard":
        column, row = np.floor(x / pitch), np.floor(y / pitch)
        inside = (column >= -1) & (column < target.columns) & (row >= -1) & (row < target.rows)
        sides = (np.minimum(one - n * pitch, (n + 1) * pitch - one) for one, n in ((x, column), (y, row)))
        edge_x, edge_y = (np.clip(one / soft, 0, 1) for one in sides)
        return np.asarray(inside * (0.5 + 0.5 * edge_x * edge_y * np.where((column + row) % 2, -1, 1)))
    rows_apart = pitch / 2 if target.kind == "asymmetric-dots" else pitch
    row = np.clip(np.rint(y / rows_apart), 0, target.rows - 1)
    shift = (row % 2) / 2 if target.kind == "asymmetric-dots" else 0.0
    column = np.clip(np.rint(x / pitch - shift), 0, target.columns - 1)
    away = np.hypot(x - (column + shift) * pitch, y - row * rows_apart)
    return np.asarray(np.clip(0.5 + (0.22 * pitch - away) / (2 * soft), 0, 1))


def where_seen(lens: Lens, points_mm: Points) -> Points:
    """Where points of the sheet, mm from the middle of the frame, are seen, px."""
    x, y = points_mm[:, 0] / lens.mm_per_px_x, points_mm[:, 1] / lens.mm_per_px_y
    reach = lens.width / 2 if lens.across else np.hypot(lens.width, lens.height) / 2
    squared = x**2 if lens.across else x**2 + y**2
    factor = 1 + lens.bend * squared / reach**2
    return np.stack((lens.middle[0] + x * factor, lens.middle[1] + y * (1 if lens.across else factor)), axis=1)
