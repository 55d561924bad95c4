"""Measures what a flat field costs in the copy into the slot, beside the plain copy, both in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.flat_field import GAIN_ONE, OFFSET_ONE, FlatFieldCard, FlatFieldFile, digest
from inspector.capture.flat_field import COMPILED, FlatField
from inspector.capture.preparation import Preparation
from inspector.frames.size import FrameSize

ROUNDS = 20


class CopyCost(msgspec.Struct, frozen=True, kw_only=True):
    """Median time of a pixel on its way into the slot, ns."""

    plain_ns: float
    """Copied without a change."""
    per_pixel_ns: float
    """With an offset and a gain for each pixel."""
    per_column_ns: float
    """With those of the column."""
    compiled: bool

    @property
    def ratio(self) -> float:
        """How many times as long as the plain copy an area camera's frame takes."""
        return self.per_pixel_ns / self.plain_ns


def copy_cost(frames: Sequence[NDArray[np.uint8]]) -> CopyCost:
    """The three, in turn on each frame; frames and slots lie where they are in no cache, as a camera's are."""
    size = FrameSize(*frames[0].shape)
    preparations = {
        "plain": Preparation(size),
        "pixel": Preparation(size, flat_field=_some(size, per_column=False)),
        "column": Preparation(size, flat_field=_some(size, per_column=True)),
    }
    slots = np.zeros((len(frames), size.pixels), np.uint8)
    times: dict[str, list[int]] = {name: [] for name in preparations}
    for _ in range(ROUNDS):
        for frame, slot in zip(frames, slots, strict=True):
            for name, preparation in preparations.items():
                times[name].append(_took_ns(preparation.write, frame, slot))
    found = {name: statistics.median(one) / size.pixels for name, one in times.items()}
    return CopyCost(
        plain_ns=found["plain"], per_pixel_ns=found["pixel"], per_column_ns=found["column"], compiled=COMPILED
    )


def _took_ns(
    write: Callable[[NDArray[np.uint8], NDArray[np.uint8]], None], frame: NDArray[np.uint8], slot: NDArray[np.uint8]
) -> int:
    begun = time.perf_counter_ns()
    write(frame, slot)
    return time.perf_counter_ns() - begun


def _some(size: FrameSize, *, per_column: bool) -> FlatField:
    """As of a lens that darkens the edges; what the numbers are does not change the time."""
    height = 1 if per_column else size.height
    across = np.linspace(-1, 1, size.width)
    gain = np.repeat(np.rint(GAIN_ONE * (1 + 0.5 * across**2)).astype(np.uint16)[None], height, axis=0)
    offset = np.full_like(gain, 3 * OFFSET_ONE)
    per = "column" if per_column else "pixel"
    card = FlatFieldCard(
        name="bench", per="column" if per_column else "pixel", height=size.height, width=size.width, target=150.0,
        sha256=digest(per, offset, gain),
    )  # fmt: skip
    return FlatField(FlatFieldFile(card, offset, gain))
