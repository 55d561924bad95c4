"""Where the long defects of a strip are: drawn at random, the same ones for whoever asks for a stretch."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from inspector.capture.simulator.defects import CLASS_NAMES
from inspector.capture.simulator.noise import Random, stream
from inspector.capture.simulator.strip.shapes import Trail
from inspector.capture.simulator.strip.view import Mm
from inspector.capture.simulator.strip.waves import Wave
from inspector.config.simulated_strip import APART_MM, LongDefectsConfig, StripConfig
from inspector.frames.coil import Area, Face

_BLOCK_MM = 100_000.0
"""Defects are drawn for each such stretch by itself: those that begin in it."""
_PURPOSE = {"top": 2000, "bottom": 4000}
"""Purposes of random streams, plus three times the number of the entry: its places, the paths of its defects, their looks."""
_MOST_IN_BLOCK = 10_000
"""Far more than chance draws."""
_WANDER_CELL_MM = 400.0
_WANDER = 0.1
"""How far a defect wanders to the sides (deviation), as a share of its width."""
_SAMPLE_MM = 5.0
"""The middle line, which bends over hundreds of mm, is looked at so often to find its box."""


class _Candidate(NamedTuple):
    trail: Trail
    rank: float
    """Of two that would touch the one of lower rank stays: a rule that needs no order."""


class LongDefects:
    """The long defects of one face."""

    def __init__(self, strip: StripConfig, face: Face) -> None:
        self._strip, self._face = strip, face
        self._longest_mm = max((one.length_m[1] for one in strip.long_defects), default=0.0) * 1000
        self._bands = [
            (CLASS_NAMES.index(mark.class_name), *mark.band_mm) for mark in strip.roll_marks if mark.face == face
        ]
        self._of_block = lru_cache(maxsize=32)(self._draw)
        self._left_of_block = lru_cache(maxsize=32)(self._thin)

    def between(self, from_mm: float, to_mm: float) -> list[Trail]:
        """Those of which some lies in a stretch along the strip, in the order of their beginnings."""
        if not self._strip.long_defects:
            return []
        return [
            trail
            for block in self._blocks(from_mm, to_mm)
            for trail in self._left_of_block(block)
            if trail.to_mm > from_mm and trail.from_mm < to_mm
        ]

    def _blocks(self, from_mm: float, to_mm: float) -> range:
        """Blocks in which what reaches into a stretch can begin; none lies before the head."""
        first, last = int((from_mm - self._longest_mm) // _BLOCK_MM), int(to_mm // _BLOCK_MM)
        return range(max(0, first), max(0, last + 1))

    def _thin(self, block: int) -> list[Trail]:
        """Those that begin in a block, without the ones that would touch another one or a roll mark."""
        return sorted((one.trail for one in self._of_block(block) if self._stays(one)), key=lambda trail: trail.from_mm)

    def _stays(self, one: _Candidate) -> bool:
        kind, area = one.trail.kind, one.trail.area
        if any(kind == other and _in_band(area, low, high) for other, low, high in self._bands):
            return False
        near = self._blocks(area.from_mm - APART_MM, area.to_mm + APART_MM)
        return not any(
            other.rank < one.rank and other.trail.kind == kind and _touch(other.trail.area, area)
            for block in near
            for other in self._of_block(block)
        )

    def _draw(self, block: int) -> list[_Candidate]:
        """All that would begin in a block."""
        found = []
        for entry, config in enumerate(self._strip.long_defects):
            purpose = _PURPOSE[self._face] + 3 * entry
            rng = stream(self._strip.seed, block, purpose)
            for number in range(int(rng.poisson(config.per_100_m))):
                begin, rank = (block + rng.random()) * _BLOCK_MM, rng.random()
                own = self._strip.seed, block * _MOST_IN_BLOCK + number
                trail = self._trail(stream(*own, purpose + 1), (*own, purpose + 2), config, begin)
                found.append(_Candidate(trail, rank))
        return found

    def _trail(self, rng: Random, looks: tuple[int, int, int], config: LongDefectsConfig, begin: float) -> Trail:
        length, width = rng.uniform(*config.length_m) * 1000, rng.uniform(*config.width_mm)
        where, side = rng.random(), rng.uniform(-0.5, 0.5)
        wander = Wave(rng, _WANDER_CELL_MM)
        # It goes a few mm in a metre to one side, and over all no further than three times its width.
        slant = side * min(0.01, 3 * width / length)
        lines: Mm = np.append(np.arange(0.0, length, _SAMPLE_MM), length)
        path = slant * lines + _WANDER * width * wander(lines)
        low, high = float(path.min()) - width / 2, float(path.max()) + width / 2
        x_mm = where * max(0.0, self._strip.width_mm - (high - low)) - low
        return Trail(
            kind=CLASS_NAMES.index(config.class_name),
            face=self._face,
            from_mm=begin,
            to_mm=begin + length,
            x_mm=x_mm,
            half_mm=width / 2,
            slant=slant,
            wander_mm=_WANDER * width,
            wander=wander,
            area=Area(face=self._face, from_mm=begin, to_mm=begin + length, x_from_mm=x_mm + low, x_to_mm=x_mm + high),
            looks=looks,
            contrast=config.contrast,
        )


def _in_band(area: Area, low_mm: float, high_mm: float) -> bool:
    return area.x_from_mm < high_mm + APART_MM and area.x_to_mm > low_mm - APART_MM


def _touch(one: Area, other: Area) -> bool:
    return (
        one.from_mm < other.to_mm + APART_MM
        and one.to_mm > other.from_mm - APART_MM
        and one.x_from_mm < other.x_to_mm + APART_MM
        and one.x_to_mm > other.x_from_mm - APART_MM
    )
