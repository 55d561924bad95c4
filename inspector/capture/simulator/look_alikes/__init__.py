"""Harmless things that resemble defects: the reason the gate exists. Each was seen in real frames labelled clean.

Their mix follows the 48 real clean frames looked at; they appear on clean and defective sheets alike, so that their
presence alone says nothing. Only tread plate is, as in the real set, nearly always clean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.look_alikes.film import paint_film
from inspector.capture.simulator.look_alikes.glare import paint_glare, paint_lit_bands
from inspector.capture.simulator.look_alikes.marks import paint_chalk, paint_hair, paint_splinters
from inspector.capture.simulator.look_alikes.plate import paint_bars, paint_lentils
from inspector.capture.simulator.look_alikes.roll import paint_roll_marks, paint_seam, paint_wear
from inspector.capture.simulator.look_alikes.stains import (
    paint_drops,
    paint_grease,
    paint_scale_spots,
    paint_water_stains,
)
from inspector.capture.simulator.noise import Random


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A kind of look-alike: its name in the truth, its share among all, and its painter."""

    name: str
    share: float
    paint: Callable[[Random, Canvas], None]


LOOK_ALIKES = (
    LookAlike("water_stains", 0.20, paint_water_stains),
    LookAlike("chalk_marks", 0.13, paint_chalk),
    LookAlike("scale_spots", 0.10, paint_scale_spots),
    LookAlike("scars", 0.10, paint_drops),
    LookAlike("glare", 0.09, paint_glare),
    LookAlike("lit_bands", 0.07, paint_lit_bands),
    LookAlike("splinters", 0.07, paint_splinters),
    LookAlike("roll_marks", 0.06, paint_roll_marks),
    LookAlike("grease", 0.05, paint_grease),
    LookAlike("wear_stripe", 0.05, paint_wear),
    LookAlike("weld_seam", 0.03, paint_seam),
    LookAlike("hair", 0.02, paint_hair),
    LookAlike("peeled_film", 0.025, paint_film),
)
"""In the order they are drawn when several meet on a sheet."""

PLATES = (
    LookAlike("tread_plate_lentils", 0.5, paint_lentils),
    LookAlike("tread_plate_bars", 0.5, paint_bars),
)
PLATE_SHARE = (0.14, 0.01)
"""Share of tread plate among clean and among defective sheets with look-alikes (8 of 48 real clean frames)."""

_MORE = (0.45, 0.35, 0.15, 0.05)
"""Share of 1, 2, 3, 4 look-alikes on a sheet that has any."""


def choose_look_alikes(rng: Random, rate: float, *, defective: bool) -> tuple[LookAlike, ...]:
    """Which look-alikes a sheet gets, in drawing order; none on a share ``1 - rate`` of the sheets."""
    present, plate, which = rng.random(3)
    count = int(rng.choice(4, p=_MORE)) + 1
    shares = np.array([item.share for item in LOOK_ALIKES])
    chosen = rng.choice(len(LOOK_ALIKES), size=count, replace=False, p=shares / shares.sum())
    if present >= rate:
        return ()
    if plate < PLATE_SHARE[int(defective)]:
        return (PLATES[int(which >= 0.5)],)
    return tuple(LOOK_ALIKES[int(number)] for number in sorted(chosen))
