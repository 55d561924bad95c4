"""The four classes of defect, one painter each: ``paint(rng, canvas)`` draws every region of its class on one sheet and
enters each into the truth. Sizes, counts and places follow ``statistics``; looks follow the real frames."""

from __future__ import annotations

from collections.abc import Callable

from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.defects.corrosion import paint_corrosion
from inspector.capture.simulator.defects.inclusion import paint_inclusion
from inspector.capture.simulator.defects.pitting import paint_pitting
from inspector.capture.simulator.defects.scratches import paint_scratches
from inspector.capture.simulator.noise import Random

CLASS_NAMES = ("pitting", "inclusion", "scratches", "corrosion")
"""Name of each class, by class number."""
PITTING, INCLUSION, SCRATCHES, CORROSION = range(4)

PAINTERS: tuple[Callable[[Random, Canvas], None], ...] = (
    paint_pitting,
    paint_inclusion,
    paint_scratches,
    paint_corrosion,
)
"""Painter of each class, by class number."""
