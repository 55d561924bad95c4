"""How each class of defect looks inside its outline, as a factor on the grey levels of the sheet below.

A look is a function of the place in the defect: ``u`` mm along it from where it begins or from its middle, ``v`` mm across from its middle line,
and ``r``, which is 1 on the outline and less inside.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from inspector.capture.simulator.defects import CLASS_NAMES
from inspector.capture.simulator.noise import Field, Random, step
from inspector.capture.simulator.strip.view import Mm
from inspector.capture.simulator.strip.waves import Relief, Wave

_THINNEST_PX = 0.7
"""Half width of a line: a thinner one would fall between the pixels."""
_STEP_MM = 1.0
"""Over this length a slope is measured that the lamp shines on."""


class Look(Protocol):
    """How a defect looks."""

    def __call__(self, u: Mm, v: Mm, r: Mm, px_mm: float) -> Field:
        """The factor on the grey levels, float32 ``[M, N]``, near 1 at the outline; ``u`` is float64 ``[M, 1]``, ``v`` and ``r`` ``[M, N]``, and
        ``px_mm`` the size of a pixel across the strip."""


class Lines:
    """Dark lines along the strip, side by side, with bright crumbs here and there: a scratch, or with thin and fewer ones a seam of slag."""

    def __init__(self, rng: Random, half_mm: float, contrast: float, *, thin: bool) -> None:
        count = int(rng.integers(2, 4)) if thin else int(rng.integers(3, 6))
        self._contrast = contrast
        self._places = (np.linspace(-0.6, 0.6, count) + rng.uniform(-0.12, 0.12, count)) * half_mm
        self._halves = rng.uniform(0.05, 0.11, count) * half_mm if thin else rng.uniform(0.08, 0.2, count) * half_mm
        self._depths = rng.uniform(0.75, 1.0, count) * contrast
        self._drift = [Wave(rng, 150.0) for _ in range(count)]
        self._wear = [Wave(rng, 45.0) for _ in range(count)]
        self._reach = 0.06 * half_mm
        self._crumbs = Relief(rng, 5.0, 2.5)
        self._where = Wave(rng, 120.0)
        self._bright = 0.0 if thin else float(rng.uniform(0.5, 1.0)) * contrast

    def __call__(self, u: Mm, v: Mm, r: Mm, px_mm: float) -> Field:
        fade = np.clip((1 - r) / 0.2, 0, 1)
        factor = np.ones_like(v)
        cover = np.zeros_like(v)
        for place, half, depth, drift, wear in zip(
            self._places, self._halves, self._depths, self._drift, self._wear, strict=True
        ):
            off = (v - place - drift(u) * self._reach) / max(half, _THINNEST_PX * px_mm)
            line = np.exp(-np.square(np.square(off))) * fade
            factor *= 1 - line * depth * np.clip(0.9 + 0.2 * wear(u), 0.5, 1.0)
            cover = np.maximum(cover, line)
        if self._bright:
            crumbs = step(self._crumbs(u, v), 1.1, 0.6) * np.clip(self._where(u), 0, 1)
            factor += crumbs * cover * self._bright
        return factor.astype(np.float32)


class Crust:
    """A dull crust with lumps that stand off the strip, lit from one side and with a torn edge: corrosion."""

    def __init__(self, rng: Random, contrast: float) -> None:
        self._contrast = contrast
        self._ragged = Relief(rng, 14.0, 8.0)
        self._lumps = Relief(rng, 11.0, 13.0)
        self._grit = Relief(rng, 3.5, 4.0)
        self._lamp = rng.uniform(0.25 * np.pi, 0.7 * np.pi)

    def __call__(self, u: Mm, v: Mm, r: Mm, px_mm: float) -> Field:
        cover = step((1 - r) - 0.12 * (1 + self._ragged(u, v)) * np.clip(r, 0, 1), 0.05, 0.2) * (r < 1)
        du, dv = _STEP_MM * np.sin(self._lamp), _STEP_MM * np.cos(self._lamp)
        near, far = self._height(u - du, v - dv), self._height(u + du, v + dv)
        slope, height = near - far, (near + far) / 2
        level = 1 - 0.75 * self._contrast + slope * (2.0 * self._contrast) + height * (0.12 * self._contrast)
        level = np.clip(level, 1 - self._contrast, 2.5)
        return np.asarray(1 + cover * (level - 1), dtype=np.float32)

    def _height(self, u: Mm, v: Mm) -> Field:
        return self._lumps(u, v) + self._grit(u, v) * np.float32(0.35)


class Pits:
    """Pits pressed into the strip, drawn out along it: dark floors with a lip that the lamp shines on. The same ones at each turn of a roll."""

    def __init__(self, rng: Random, half_along_mm: float, half_across_mm: float, contrast: float) -> None:
        count = int(rng.integers(2, 5))
        self._contrast = contrast
        self._lamp = rng.uniform(0.25 * np.pi, 0.7 * np.pi)
        self._size = half_along_mm, half_across_mm
        middles = np.linspace(-0.5, 0.5, count)
        rng.shuffle(middles)
        self._pits = [
            (
                float(middle + rng.uniform(-0.08, 0.08)),
                float(rng.uniform(-0.4, 0.4)),
                float(rng.uniform(0.22, 0.34)),
                float(rng.uniform(0.22, 0.36)),
            )
            for middle in middles
        ]

    def __call__(self, u: Mm, v: Mm, r: Mm, px_mm: float) -> Field:
        depth = self._depth(u, v)
        du, dv = _STEP_MM * np.sin(self._lamp), _STEP_MM * np.cos(self._lamp)
        slope = (self._depth(u + du, v + dv) - self._depth(u - du, v - dv)) * min(self._size)
        floor = 1 - self._contrast * step(depth, 0.45, 0.5)
        lip = np.clip(1 + slope * (0.25 * self._contrast), 0.4, 2.2)
        fade = np.clip((1 - r) / 0.15, 0, 1)
        return np.asarray(1 + fade * (floor * lip - 1), dtype=np.float32)

    def _depth(self, u: Mm, v: Mm) -> Field:
        along, across = u / self._size[0], v / self._size[1]
        pits = [np.exp(-np.square((along - y) / h) - np.square((across - x) / w)) for y, x, h, w in self._pits]
        return np.asarray(np.maximum.reduce(pits), dtype=np.float32)


def look_of(kind: int, rng: Random, half_along_mm: float, half_across_mm: float, contrast: float) -> Look:
    """The look of a defect of class ``kind`` that reaches so far from its middle; ``contrast`` is the share of the light that it takes where it is
    darkest."""
    name = CLASS_NAMES[kind]
    if name == "pitting":
        return Pits(rng, half_along_mm, half_across_mm, contrast)
    if name == "corrosion":
        return Crust(rng, contrast)
    return Lines(rng, half_across_mm, contrast, thin=name == "inclusion")
