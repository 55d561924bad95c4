"""Mask images: what a pixel value means, and its class bitmask."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.data.images import Grey, Size, read_stored
from engines.errors import DataError

_TOLD = 12
"""Most values in a message."""


class MaskStyle(str, Enum):
    """What a pixel value means."""

    CLASS_NUMBER = "class_number"
    """0 background, 1..K the class: no pixel can belong to two."""
    BITMASK = "bitmask"
    """Bit k set: the pixel belongs to class k."""
    BINARY = "binary"
    """Above 127: the pixel belongs to the one class there is, or to the one that the list of frames names."""


def read_mask_image(path: Path, size: Size | None = None) -> Grey:
    """A mask image as ``uint8 [H, W]``: what it stores, where that can be meant in one way only.

    Three equal channels count as one, a fourth that is opaque everywhere as none; of 16 bits, values up to 255 count as they are, and
    multiples of 257 as the 8-bit values they were made from. Raises DataError for any other image, or one that is not of ``size``.
    """
    stored = _one_channel(read_stored(path), path)
    if size is not None and stored.shape != size:
        found, expected = "x".join(map(str, stored.shape)), "x".join(map(str, size))
        raise DataError(f"{path}: is {found} pixels (height x width); expected {expected}, as its frame")
    if stored.dtype == np.uint8:
        return np.ascontiguousarray(stored, dtype=np.uint8)
    if stored.dtype.kind not in "ui":
        raise DataError(f"{path}: holds {stored.dtype} values; expected one 8-bit channel")
    if stored.size and not 0 <= int(stored.min()) <= int(stored.max()) <= 255:
        if stored.dtype != np.uint16 or (stored % 257).any():
            told = brief_values(np.unique(stored).tolist())
            raise DataError(
                f"{path}: holds the {stored.dtype} values {told}; expected one 8-bit channel, values up to 255"
            )
        stored = stored // 257
    return np.ascontiguousarray(stored, dtype=np.uint8)


def brief_values(values: Sequence[int]) -> str:
    """Rising values for a message: all, or the first and the last of many."""
    if len(values) <= _TOLD:
        return ", ".join(map(str, values))
    return f"{', '.join(map(str, values[: _TOLD - 2]))} ... {values[-1]} ({len(values)} values)"


def _one_channel(stored: NDArray[Any], path: Path) -> NDArray[Any]:
    """``[H, W]`` of an image whose channels say the same. Raises DataError for others, such as one whose colours mean classes."""
    if stored.ndim == 2:
        return stored
    colours, alpha = stored[..., :3], stored[..., 3:]
    if stored.shape[2] not in (3, 4) or not np.array_equal(colours, np.broadcast_to(colours[..., :1], colours.shape)):
        raise DataError(
            f"{path}: is a colour image ({stored.dtype} {list(stored.shape)}); expected one 8-bit channel that holds class numbers, bits, "
            "or 0 and 255"
        )
    if alpha.size and (alpha != np.iinfo(stored.dtype).max).any():
        raise DataError(f"{path}: is transparent in places; expected one 8-bit channel without transparency")
    return colours[..., 0]


def require_values(highest: int, style: MaskStyle, class_count: int, path: Path) -> None:
    """Raise DataError naming ``path`` where ``highest``, the highest value of a mask that is not binary, is outside the class list."""
    limit = class_count if style is MaskStyle.CLASS_NUMBER else (1 << class_count) - 1
    if highest > limit:
        raise DataError(
            f"{path}: holds the value {highest}; expected 0..{limit} "
            f"(mask style {style.value}, {class_count} class{'es' if class_count > 1 else ''})"
        )


def to_bitmask(stored: Grey, style: MaskStyle, class_count: int, path: Path, binary_class: int = 0) -> Grey:
    """The class bitmask of a stored mask. ``binary_class`` is the class of a binary mask.

    Raises DataError where a value is outside the class list; the message names ``path``.
    """
    if style is MaskStyle.BINARY:
        return (stored > 127).astype(np.uint8) * np.uint8(1 << binary_class)
    require_values(int(stored.max(initial=0)), style, class_count, path)
    if style is MaskStyle.BITMASK:
        return stored
    values = np.array([0, *(1 << bit for bit in range(class_count))], dtype=np.uint8)
    return np.asarray(values[stored], dtype=np.uint8)
