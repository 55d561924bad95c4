"""Reads each frame and mask once and keeps what the check of a data set needs, without the pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engines.data.dataset import LabelledFrame
from engines.data.hashing import Hash, hash_grid, perceptual_hash
from engines.data.images import Size
from engines.data.threads import in_threads
from engines.errors import DataError
from engines.images.blank import blank
from engines.images.decoder import Samples
from engines.metrics.regions import class_regions


@dataclass(frozen=True, slots=True)
class Brightness:
    """How much of its range a file uses."""

    highest: int
    """The brightest sample as stored, counted from black."""
    white: int
    """The value that is read as white."""


@dataclass(frozen=True, slots=True)
class FrameScan:
    """Figures of one frame and its mask."""

    hash: Hash
    digest: bytes
    """Of the pixels: frames with the same digest are identical."""
    areas_px: tuple[tuple[int, ...], ...]
    """Area of each connected region (8 neighbours), by class."""
    brightness: Brightness = Brightness(0, 255)
    blank: str = ""
    """Why the frame shows nothing; empty where it shows something."""
    problem: str = ""
    """Why the frame or its mask cannot be used, in a line; empty where they can."""


def scan_frames(
    frames: Sequence[LabelledFrame], class_count: int, size: Size, seen: Callable[[], None] = lambda: None
) -> list[FrameScan]:
    """Every frame scanned, in order; ``size`` is the height and width that the hash's grid follows.

    ``seen`` is called, from several threads, after each.
    """
    grid = hash_grid(*size)

    def scan(frame: LabelledFrame) -> FrameScan:
        try:
            samples, mask = frame.samples(), frame.mask()
        except DataError as error:
            return FrameScan(np.zeros(grid, np.int8), b"", ((),) * class_count, problem=str(error))
        finally:
            seen()
        pixels = samples.grey()
        digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
        areas = tuple(tuple(class_regions(mask, k).areas_px[1:].tolist()) for k in range(class_count))
        return FrameScan(perceptual_hash(pixels, grid), digest, areas, _brightness(samples), blank(pixels))

    return in_threads(scan, frames)


def _brightness(samples: Samples) -> Brightness:
    extreme = int(samples.values.min() if samples.white_is_zero else samples.values.max())
    return Brightness(samples.white - extreme if samples.white_is_zero else extreme, samples.white)
