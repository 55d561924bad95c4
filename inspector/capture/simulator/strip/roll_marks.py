"""Where the marks of a roll are: one period after the other, counted from one place so that nothing adds up."""

from __future__ import annotations

import math
from typing import NamedTuple

from inspector.capture.simulator.defects import CLASS_NAMES
from inspector.capture.simulator.noise import stream
from inspector.capture.simulator.strip.looks import look_of
from inspector.capture.simulator.strip.shapes import Spot
from inspector.config.simulated_strip import StripConfig

_LOOK, _TURN = 114, 1000
"""Purposes of random streams; that of a roll's turns is ``_TURN`` and its number in the configuration."""
_FURTHEST = 3.0
"""A mark is off by at most so many standard deviations."""


class Turn(NamedTuple):
    """One turn of a roll."""

    number: int
    """Turns since the mark at the configured phase; negative before it."""
    spot: Spot
    """Where its mark is, or would be."""
    printed: bool


class RollMarks:
    """The marks of one row of the configuration."""

    def __init__(self, strip: StripConfig, number: int) -> None:
        self.config = strip.roll_marks[number]
        self.kind = CLASS_NAMES.index(self.config.class_name)
        self._seed, self._number = strip.seed, number
        half = self.config.length_mm / 2, self.config.width_mm / 2
        self._half = half
        self._look = look_of(self.kind, stream(strip.seed, number, _LOOK), *half, self.config.contrast)
        """The same at each turn: it is one place of the roll."""

    def between(self, from_mm: float, to_mm: float) -> list[Turn]:
        """The turns whose mark lies, at least with some of it, in a stretch along the strip; also those that printed none."""
        config = self.config
        reach = self._half[0] + _FURTHEST * config.jitter_mm
        first = math.ceil((from_mm - reach - config.phase_mm) / config.period_mm)
        last = math.floor((to_mm + reach - config.phase_mm) / config.period_mm)
        turns = (self._turn(number) for number in range(first, last + 1))
        return [turn for turn in turns if self._prints_at(turn) and _meets(turn.spot, from_mm, to_mm)]

    def _turn(self, number: int) -> Turn:
        config = self.config
        off, printed = 0.0, True
        if config.jitter_mm or config.missed:
            # Indices of a stream count from 0.
            rng = stream(self._seed, 2 * number if number >= 0 else -2 * number - 1, _TURN + self._number)
            off = min(_FURTHEST, max(-_FURTHEST, float(rng.standard_normal()))) * config.jitter_mm
            printed = bool(rng.random() >= config.missed)
        along = config.phase_mm + number * config.period_mm + off
        spot = Spot(self.kind, config.face, along, config.x_mm, *self._half, self._look)
        return Turn(number, spot, printed)

    def _prints_at(self, turn: Turn) -> bool:
        """Whether it lies in the stretch of the strip where the roll was damaged."""
        along, to_m = turn.spot.along_mm, self.config.to_m
        return along >= self.config.from_m * 1000 and (to_m is None or along <= to_m * 1000)


def _meets(spot: Spot, from_mm: float, to_mm: float) -> bool:
    return spot.area.to_mm > from_mm and spot.area.from_mm < to_mm
