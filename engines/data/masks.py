"""Mask images: what a pixel value means, and its class bitmask."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import numpy as np

from engines.data.images import Grey, Size, read_stored
from engines.errors import DataError


class MaskStyle(str, Enum):
    """What a pixel value means."""

    CLASS_NUMBER = "class_number"
    """0 background, 1..K the class: no pixel can belong to two."""
    BITMASK = "bitmask"
    """Bit k set: the pixel belongs to class k."""
    BINARY = "binary"
    """Above 127: the pixel belongs to the one class there is, or to the one that the list of frames names."""


def read_mask_image(path: Path, size: Size | None = None) -> Grey:
    """A mask image as stored, ``uint8 [H, W]``; three equal channels count as one.

    Raises DataError for what is no 8-bit grey image, or not of ``size``.
    """
    stored = read_stored(path)
    if stored.ndim == 3 and stored.shape[2] == 3 and (stored == stored[..., :1]).all():
        stored = stored[..., 0]
    if stored.ndim != 2 or stored.dtype != np.uint8:
        raise DataError(f"{path}: is {stored.dtype} {list(stored.shape)}; expected one 8-bit channel")
    if size is not None and stored.shape != size:
        found, expected = "x".join(map(str, stored.shape)), "x".join(map(str, size))
        raise DataError(f"{path}: is {found} pixels (height x width); expected {expected}, as its frame")
    return np.ascontiguousarray(stored, dtype=np.uint8)


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


def classes_in(mask: Grey) -> tuple[int, ...]:
    """Indices of the classes a bitmask holds."""
    bits = int(np.bitwise_or.reduce(mask, axis=None))
    return tuple(k for k in range(8) if bits >> k & 1)
