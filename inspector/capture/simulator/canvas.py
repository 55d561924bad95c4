"""The sheet while it is being drawn: reflectance, truth and the part of the frame the strip covers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.capture.simulator.noise import Field, Random, cloud, white


@dataclass(slots=True)
class Canvas:
    """What the painters work on. ``(left, right)`` are the columns the steel covers: ``left <= x < right``."""

    reflectance: Field
    """``float32 [H, W]``, 1 = the sheet's mean."""
    mask: NDArray[np.uint8]
    """``uint8 [H, W]``, bit k = class k."""
    left: int
    right: int
    scale: float
    """Px of this frame per px at the reference height."""
    light: float
    """Direction the light comes from, radians: 0 right, pi/2 below."""

    def visible_depth(self, depth: float) -> float:
        """``depth`` (share of the brightness a thin dark line takes away), raised where the grain would hide it."""
        steel = self.reflectance[::4, self.left : self.right]
        roughness = float(np.abs(np.diff(steel, axis=1)).mean())
        return min(0.75, max(depth, 3.0 * roughness))

    @property
    def height(self) -> int:
        return int(self.reflectance.shape[0])

    @property
    def width(self) -> int:
        return int(self.reflectance.shape[1])

    def window(self, x0: float, y0: float, width: float, height: float) -> Window:
        """The part of a ``width`` by ``height`` patch at (x0, y0) that lies inside the frame."""
        return Window(self, int(np.floor(x0)), int(np.floor(y0)), max(1, round(width)), max(1, round(height)))


class Window:
    """A patch of the canvas that may hang over its border. Painters compute the whole patch; the inside lands."""

    def __init__(self, canvas: Canvas, x0: int, y0: int, width: int, height: int) -> None:
        self.canvas, self.x0, self.y0, self.width, self.height = canvas, x0, y0, width, height
        top, bottom = min(max(0, y0), canvas.height), min(max(0, y0 + height), canvas.height)
        left, right = min(max(0, x0), canvas.width), min(max(0, x0 + width), canvas.width)
        bottom, right = max(top, bottom), max(left, right)
        self._outside = (slice(top, bottom), slice(left, right))
        self._inside = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))

    def grid(self) -> tuple[Field, Field]:
        """Coordinates of the patch, ``float32 [height, 1]`` rows and ``float32 [1, width]`` columns, from its corner."""
        rows = np.arange(self.height, dtype=np.float32)[:, None]
        columns = np.arange(self.width, dtype=np.float32)[None, :]
        return rows, columns

    def white(self, rng: Random) -> Field:
        """White noise over the patch, deviation 1."""
        return white(rng, self.height, self.width)

    def cloud(self, rng: Random, cell_y: float, cell_x: float) -> Field:
        """Smooth noise over the patch, of deviation 1, whose features are about ``cell_y`` by ``cell_x`` px."""
        return cloud(rng, self.height, self.width, cell_y, cell_x)

    def multiply(self, factor: Field) -> None:
        """Scale the reflectance by ``float32 [height, width]``."""
        self.canvas.reflectance[self._outside] *= factor[self._inside]

    def blend(self, cover: Field, level: Field | float) -> None:
        """Move the reflectance towards ``level`` where ``cover`` (0 to 1) says so."""
        target = level[self._inside] if isinstance(level, np.ndarray) else np.float32(level)
        part = self.canvas.reflectance[self._outside]
        part += cover[self._inside] * (target - part)

    def add(self, light: Field) -> None:
        """Add to the reflectance."""
        self.canvas.reflectance[self._outside] += light[self._inside]

    def mark(self, kind: int, visible: NDArray[np.bool_], margin: float, *, hull: bool = True) -> None:
        """Enter ``visible`` into the truth of class ``kind`` the way an inspector outlines it: with a margin around it and,
        with ``hull``, convex. Only steel inside the frame counts."""
        reach = max(1, round(margin))
        outline = np.pad(visible.astype(np.uint8), reach + 1)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        outline = np.asarray(cv2.dilate(outline, kernel), dtype=np.uint8)
        contours, _ = cv2.findContours(outline, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            shape = cv2.convexHull(contour) if hull else contour
            cv2.drawContours(outline, [shape], -1, 1, thickness=cv2.FILLED)
        around = Window(self.canvas, self.x0 - reach - 1, self.y0 - reach - 1, outline.shape[1], outline.shape[0])
        inside = outline[around._inside].astype(bool)
        columns = np.arange(around._outside[1].start, around._outside[1].stop)
        inside &= (columns >= self.canvas.left) & (columns < self.canvas.right)
        self.canvas.mask[around._outside][inside] |= np.uint8(1 << kind)
