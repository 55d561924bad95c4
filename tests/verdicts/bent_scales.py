"""Scales with a lens that bends."""

from __future__ import annotations

import numpy as np

from engines.distortion import Distortion, reach_of
from inspector.config.calibrated_scale import CalibratedScale


def calibrated(
    height: int, width: int, lens: Distortion | None, mm_x: float = 0.2, mm_y: float = 0.2, serial: str = ""
) -> CalibratedScale:
    """As it would be read from a file, for frames of this size."""
    return CalibratedScale(
        mm_per_px_x=mm_x, mm_per_px_y=mm_y, file="top-scale.yaml", id="top-12345678", height=height, width=width, camera_serial=serial, lens=lens
    )  # fmt: skip


def bent_scale(dice: np.random.Generator, height: int, width: int) -> CalibratedScale:
    """Any lens that keeps the order of points, of square pixels or oblong ones."""
    kind = "radial" if dice.random() < 0.5 else "across"
    lens = Distortion(
        kind="radial" if kind == "radial" else "across",
        center_x_px=width * float(dice.uniform(0.3, 0.7)),
        center_y_px=height * float(dice.uniform(0.3, 0.7)),
        reach_px=reach_of(kind, height, width),
        k1=float(dice.uniform(-0.1, 0.1)),
        k2=float(dice.uniform(-0.03, 0.03)),
    )
    x, ratio = 10 ** dice.uniform(-3, 2), 10 ** dice.uniform(-0.5, 0.5)
    return calibrated(height, width, lens, min(x, 1000), min(x * ratio, 1000))
