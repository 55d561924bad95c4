"""What one reading of a frame and its mask shows: enough to check a data set without keeping pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engines.data.dataset import LabelledFrame
from engines.data.hashing import Hash, hash_grid, perceptual_hash
from engines.data.images import Grey, Size
from engines.data.threads import in_threads
from engines.errors import DataError


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a frame."""

    hash: Hash
    digest: bytes
    """Of the pixels: frames with the same digest are identical."""
    areas_px: tuple[tuple[int, ...], ...]
    """Area of each connected region (8 neighbours), by class."""
    problem: str = ""
    """Why the frame or its mask cannot be used, in a line; empty where they can."""


def look_at(
    frames: Sequence[LabelledFrame], class_count: int, size: Size, seen: Callable[[], None] = lambda: None
) -> list[Look]:
    """A look at every frame, in order; ``size`` is the height and width that the hash's grid follows.

    ``seen`` is called, from several threads, after each.
    """
    grid = hash_grid(*size)

    def look(frame: LabelledFrame) -> Look:
        try:
            pixels, mask = frame.stored(), frame.mask()
        except DataError as error:
            return Look(np.zeros(grid, np.int8), b"", ((),) * class_count, str(error))
        finally:
            seen()
        digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
        areas = tuple(_areas_px((mask >> k & 1).astype(np.uint8)) for k in range(class_count))
        return Look(perceptual_hash(pixels, grid), digest, areas)

    return in_threads(look, frames)


def _areas_px(region: Grey) -> tuple[int, ...]:
    if not region.any():
        return ()
    _, _, stats, _ = cv2.connectedComponentsWithStats(region, connectivity=8)
    return tuple(int(area) for area in stats[1:, cv2.CC_STAT_AREA])
