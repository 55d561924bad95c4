"""The outlines of what lies on the strip: trails, which run on along it, and spots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from inspector.capture.simulator.noise import stream
from inspector.capture.simulator.strip.looks import Look, look_of
from inspector.capture.simulator.strip.view import Mm
from inspector.capture.simulator.strip.waves import Wave
from inspector.frames.coil import Area, Face

_TAPER_MM = 25.0
"""Over this length a trail fades in and out at its ends; its outline is of full width up to them."""


class Shape(Protocol):
    """Something on the strip."""

    @property
    def kind(self) -> int:
        """Number of its class."""

    @property
    def look(self) -> Look:
        """What it looks like."""

    @property
    def area(self) -> Area:
        """Its box on the strip."""

    def local(self, along: Mm, across: Mm) -> tuple[Mm, Mm, Mm]:
        """Places in it, as ``looks`` counts them: ``u`` float64 ``[M, 1]``, ``v`` and ``r`` ``[M, N]``; of the places ``along`` ``[M]`` and ``across``
        ``[N]`` on the strip, mm. Its outline, and the truth, is where ``r`` is at most 1."""


@dataclass(frozen=True)
class Trail:
    """A band of even width that follows the strip and wanders a little across it."""

    kind: int
    face: Face
    from_mm: float
    to_mm: float
    x_mm: float
    """Of its middle line where it begins, but for the wandering."""
    half_mm: float
    """Half its width."""
    slant: float
    """How far it goes across for each mm along."""
    wander_mm: float
    wander: Wave
    area: Area
    """Its box, exact to 0.01 mm across the strip."""
    looks: tuple[int, int, int]
    """Seed, index and purpose of the random numbers of its look."""
    contrast: float

    @cached_property
    def look(self) -> Look:
        """Made when it is first drawn: most of a strip is only listed."""
        return look_of(self.kind, stream(*self.looks), (self.to_mm - self.from_mm) / 2, self.half_mm, self.contrast)

    def path(self, along: Mm) -> Mm:
        """Its middle line, mm across the strip."""
        u = along - self.from_mm
        return np.asarray(self.x_mm + self.slant * u + self.wander_mm * self.wander(u))

    def local(self, along: Mm, across: Mm) -> tuple[Mm, Mm, Mm]:
        u = (along - self.from_mm)[:, None]
        v = across[None, :] - self.path(along)[:, None]
        inside = np.minimum(along - self.from_mm, self.to_mm - along)[:, None]
        taper = min(_TAPER_MM, (self.to_mm - self.from_mm) / 2)
        return u, v, np.maximum(np.abs(v) / self.half_mm, 1 - inside / taper)


@dataclass(frozen=True)
class Spot:
    """An ellipse."""

    kind: int
    face: Face
    along_mm: float
    x_mm: float
    """Of its middle."""
    half_along_mm: float
    half_across_mm: float
    look: Look

    @property
    def area(self) -> Area:
        """Its box."""
        return Area(
            face=self.face,
            from_mm=self.along_mm - self.half_along_mm,
            to_mm=self.along_mm + self.half_along_mm,
            x_from_mm=self.x_mm - self.half_across_mm,
            x_to_mm=self.x_mm + self.half_across_mm,
        )

    def local(self, along: Mm, across: Mm) -> tuple[Mm, Mm, Mm]:
        u, v = (along - self.along_mm)[:, None], (across - self.x_mm)[None, :] + np.zeros((len(along), 1))
        return u, v, np.hypot(u / self.half_along_mm, v / self.half_across_mm)
