"""Outlines of the regions of a bitmask, drawn on a frame shown smaller or larger than it is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.report.pictures.drawing import Colour, Picture

Outline = NDArray[np.float64]
"""``float64 [n, 2]``: x, y along a closed line."""

_SUBPIXEL_BITS = 4
_DASH_PX, _GAP_PX = 6.0, 5.0


def outlines(region: NDArray[np.bool_], scale: float) -> list[Outline]:
    """Outer and inner outlines of the true pixels, at pixel centres, in the coordinates of the scaled frame."""
    found, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return [(one.reshape(-1, 2).astype(np.float64) + 0.5) * scale - 0.5 for one in found]


def draw_solid(picture: Picture, lines: list[Outline], colour: Colour, thickness: int = 2) -> None:
    """Closed solid lines."""
    fixed = [np.rint(one * (1 << _SUBPIXEL_BITS)).astype(np.int32) for one in lines]
    cv2.polylines(picture, fixed, True, colour, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def draw_dashed(picture: Picture, lines: list[Outline], colour: Colour, thickness: int = 1) -> None:
    """Closed dashed lines."""
    for line in lines:
        for dash in _dashes(np.concatenate([line, line[:1]])):
            fixed = np.rint(dash * (1 << _SUBPIXEL_BITS)).astype(np.int32)
            cv2.polylines(picture, [fixed], False, colour, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _dashes(line: Outline) -> list[Outline]:
    """Pieces of a polyline, ``_DASH_PX`` long with ``_GAP_PX`` between them along its length."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    pieces = []
    for begin in np.arange(0.0, max(along[-1], 1e-9), _DASH_PX + _GAP_PX):
        end = min(begin + _DASH_PX, along[-1])
        at = np.concatenate([[begin], along[(along > begin) & (along < end)], [end]])
        pieces.append(np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], axis=1))
    return pieces
