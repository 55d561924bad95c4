"""The golden frames of a bundle: their list, and the frames themselves, decoded from memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from engines.bundle.manifest import FileName
from engines.errors import BadFrameError, BundleError, FileError
from engines.files.reading import decoded
from engines.files.typed import typed
from engines.files.yaml_text import parse_yaml
from engines.images.decoder import Decoder

Score = Annotated[float, Meta(ge=0, le=1)]
SCORE_TOLERANCE = 2e-2
"""Largest permitted difference of a score (probability) from the golden one."""
MASK_AGREEMENT = 0.995
"""Smallest permitted share of a golden frame's pixels whose bitmask is the golden one."""
MOST_FRAMES = 1000
MOST_PIXELS = 1 << 30
"""Of all golden frames together, which are in memory while engines are loaded."""


class GoldenFrame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One frame of the self-test, with the expected answers of the engines."""

    frame: FileName
    """Grey PNG, relative to the bundle."""
    mask: FileName
    """PNG of the class bitmask, relative to the bundle."""
    gate_score: Score
    scores: tuple[Score, ...]
    """Maximum probability per class."""


class Golden(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``golden/golden.yaml``."""

    thresholds: tuple[Score, ...]
    """Mask thresholds that the masks were made with, one per class; later changes of the operating point do not affect them."""
    frames: Annotated[tuple[GoldenFrame, ...], Meta(min_length=1, max_length=MOST_FRAMES)]


@dataclass(frozen=True, slots=True)
class GoldenSample:
    """A golden frame in memory: ``frame`` and ``mask`` are uint8 [H, W]."""

    frame: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    gate_score: float
    scores: tuple[float, ...]


def parse_golden(data: bytes, path: Path, classes: int, frame_pixels: int) -> Golden:
    """The list that was read from ``path``, for so many classes and frames of so many pixels. Raises BundleError."""
    try:
        golden = typed(parse_yaml(decoded(data, path), str(path)), Golden, str(path), "list of golden frames")
    except FileError as error:
        raise BundleError(str(error)) from None
    if len(golden.frames) * frame_pixels > MOST_PIXELS:
        raise BundleError(
            f"{path}: frames: {len(golden.frames)} have more than {MOST_PIXELS} px; keep fewer in the bundle"
        )
    found = {"thresholds": len(golden.thresholds)}
    found |= {f"frames[{number}].scores": len(frame.scores) for number, frame in enumerate(golden.frames)}
    for key, count in found.items():
        if count != classes:
            raise BundleError(f"{path}: {key}: found {count} numbers, expected one for each of {classes} classes")
    return golden


def decode_image(data: bytes, path: Path, height: int, width: int) -> NDArray[np.uint8]:
    """The grey 8-bit image that was read from ``path``; one of another size is not decoded. Raises BundleError."""
    try:
        image = Decoder(height, width).stored_in(data)
    except BadFrameError as error:
        raise BundleError(f"{path}: {error}; copy the bundle again") from None
    if image.dtype != np.uint8 or image.ndim != 2:
        raise BundleError(f"{path}: expected a grey 8-bit PNG of {height}x{width}; copy the bundle again")
    return np.ascontiguousarray(image, dtype=np.uint8)
