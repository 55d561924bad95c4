"""Flat fields for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.flat_field import FlatFieldCard, FlatFieldFile, digest


def flat_field_file(
    offset: NDArray[np.uint16], gain: NDArray[np.uint16], height: int | None = None, serial: str = ""
) -> FlatFieldFile:
    """One of these planes, ``[H, W]``; per column, for frames of ``height`` rows, where they have one row."""
    per = "pixel" if height is None else "column"
    card = FlatFieldCard(
        name="top",
        per="pixel" if height is None else "column",
        height=height or offset.shape[0],
        width=offset.shape[1],
        camera_serial=serial,
        target=150.0,
        sha256=digest(per, offset, gain),
    )
    return FlatFieldFile(card, offset, gain)


def some_flat_field(dice: np.random.Generator, height: int, width: int, per_column: bool) -> FlatFieldFile:
    """Any that there can be, the largest offsets and gains among them."""
    shape = (1 if per_column else height, width)
    most = dice.choice([2000, 65536], 2)
    offset, gain = (dice.integers(0, one, shape).astype(np.uint16) for one in most)
    gain[dice.random(shape) < 0.1] = 65535
    return flat_field_file(offset, gain, height if per_column else None)
