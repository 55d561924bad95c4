"""Where the long defects of a strip are: drawn at random, the same ones for whoever asks for a stretch."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from inspector.capture.simulator.defects import CLASS_NAMES
from inspector.capture.simulator.noise import stream
from inspector.capture.simulator.strip.shapes import Trail
from inspector.capture.simulator.strip.view import Mm
from inspector.capture.simulator.strip.waves import Wave
from inspector.coil.findings import Area, Face
from inspector.config.simulated_strip import APART_MM, LongDefectsConfig, StripConfig

_BLOCK_MM = 100_000.0
"""Defects are drawn for each such stretch by itself: those that begin in it."""
_PURPOSE = {"top": 110, "bottom": 111}
"""Of random streams, beside those of a sheet, of faults and of wear."""
_WANDER_CELL_MM = 400.0
_SAMPLE_MM = 1.0
"""The middle line is looked at so often to find its box."""


class _Candidate(NamedTuple):
    trail: Trail
    rank: float
    """Of two that would touch the one of lower rank stays: a rule that needs no order."""


class LongDefects:
    """The long defects of one face."""

    def __init__(self, strip: StripConfig, face: Face) -> None:
        self._strip, self._face = strip, face
        self._config: LongDefectsConfig | None = strip.long_defects
        self._bands = [
            (CLASS_NAMES.index(mark.class_name), *mark.band_mm) for mark in strip.roll_marks if mark.face == face
        ]
        self._of_block = lru_cache(maxsize=32)(self._draw)
        self._left_of_block = lru_cache(maxsize=32)(self._thin)

    def between(self, from_mm: float, to_mm: float) -> list[Trail]:
        """Those of which some lies in a stretch along the strip, in the order of their beginnings."""
        if self._config is None or to_mm <= 0:
            return []
        return [
            trail
            for block in self._blocks(from_mm, to_mm)
            for trail in self._left_of_block(block)
            if trail.to_mm > from_mm and trail.from_mm < to_mm
        ]

    def _blocks(self, from_mm: float, to_mm: float) -> range:
        """Blocks in which what reaches into a stretch can begin."""
        assert self._config is not None
        longest = self._config.length_m[1] * 1000
        return range(max(0, int((from_mm - longest) // _BLOCK_MM)), max(0, int(to_mm // _BLOCK_MM) + 1))

    def _thin(self, block: int) -> list[Trail]:
        """Those that begin in a block, without the ones that would touch another one or a roll mark."""
        return sorted((one.trail for one in self._of_block(block) if self._stays(one)), key=lambda trail: trail.from_mm)

    def _stays(self, one: _Candidate) -> bool:
        area = one.trail.area
        if any(kind == one.trail.kind and _in_band(area, low, high) for kind, low, high in self._bands):
            return False
        near = self._blocks(area.from_mm - APART_MM, area.to_mm + APART_MM)
        return not any(
            other.rank < one.rank and other.trail.kind == one.trail.kind and _touch(other.trail.area, area)
            for block in near
            for other in self._of_block(block)
        )

    def _draw(self, block: int) -> list[_Candidate]:
        config = self._config
        assert config is not None
        rng = stream(self._strip.seed, block, _PURPOSE[self._face])
        found = []
        for number in range(int(rng.poisson(config.per_100_m))):
            begin, length = rng.uniform(0, _BLOCK_MM), rng.uniform(*config.length_m) * 1000
            width, where, which, slant, rank = rng.uniform(*config.width_mm), *rng.random(4)
            kind = CLASS_NAMES.index(config.classes[int(which * len(config.classes))])
            trail = self._trail(block, number, kind, (block * _BLOCK_MM + begin, length), (width, where, slant - 0.5))
            found.append(_Candidate(trail, rank))
        return found

    def _trail(
        self, block: int, number: int, kind: int, along: tuple[float, float], across: tuple[float, float, float]
    ) -> Trail:
        """``along``: where it begins and its length, mm; ``across``: its width, mm, its place as a share of the room for it, and its slant, -0.5 to
        0.5 of what it may be."""
        assert self._config is not None
        (begin, length), (width, where, slant) = along, across
        rng = stream(self._strip.seed, block * 10_000 + number, _PURPOSE[self._face] + 2)
        wander = Wave(rng, _WANDER_CELL_MM)
        # It goes a few mm in a metre to one side, and over all no further than three times its width.
        drift = slant * min(0.01 * length, 3 * width)
        wander_mm = 0.1 * width
        lines = np.append(np.arange(0.0, length, _SAMPLE_MM), length)
        line: Mm = drift / length * lines + wander_mm * wander(lines)
        low, high = float(line.min()) - width / 2, float(line.max()) + width / 2
        x_mm = where * max(0.0, self._strip.width_mm - (high - low)) - low
        area = Area(face=self._face, from_mm=begin, to_mm=begin + length, x_from_mm=x_mm + low, x_to_mm=x_mm + high)
        return Trail(
            kind=kind,
            face=self._face,
            from_mm=begin,
            to_mm=begin + length,
            x_mm=x_mm,
            half_mm=width / 2,
            slant=drift / length,
            wander_mm=wander_mm,
            wander=wander,
            area=area,
            looks=rng,
            contrast=self._config.contrast,
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
