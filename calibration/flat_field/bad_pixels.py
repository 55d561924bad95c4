"""Pixels of a sensor that a flat field cannot mend, told from their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.flat_field.reference import Plane

Flags = NDArray[np.bool_]

SATURATED_FRAMES = 0.01
"""A pixel that is 255 in a larger share of the white frames: its true value is not known."""
LEAST_RESPONSE = 0.05
"""Of the median of all pixels: less is dead, whatever its neighbours are."""
UNLIKE = 0.5
"""A response that differs from its neighbours' by a larger share of it is dead or stuck."""
HOT = 16.0
"""A pixel is hot where its dark level is so many grey levels above its neighbours'."""
_REACH = 2
"""Neighbours are so many pixels away; a stripe of up to as many is told from them."""


@dataclass(frozen=True, slots=True)
class BadPixels:
    """Flags of the same shape as the reference, ``[H, W]`` or ``[1, W]``."""

    dead: Flags
    """Their answer to light is none, or unlike their neighbours'. They are not corrected."""
    saturated: Flags
    """Too bright in the white reference. They are not corrected."""
    hot: Flags
    """Bright in the dark. They are corrected like others."""

    @property
    def uncorrected(self) -> Flags:
        """Those that stay as the camera delivers them."""
        return self.dead | self.saturated


def find_bad_pixels(dark: Plane, white: Plane, saturated: Plane) -> BadPixels:
    """``dark`` and ``white`` are mean grey levels, ``saturated`` is the share of white frames in which a pixel is 255."""
    too_bright = saturated > SATURATED_FRAMES
    response = white - dark
    beside = neighbours(response)
    dead = (response < LEAST_RESPONSE * np.median(response)) | (np.abs(response - beside) > UNLIKE * beside)
    return BadPixels(dead & ~too_bright, too_bright, dark - neighbours(dark) > HOT)


def neighbours(plane: Plane) -> Plane:
    """The median around each pixel: of 5 x 5, or of 9 in a plane of one row."""
    if plane.shape[0] > 1:
        return cv2.medianBlur(plane.astype(np.float32), 2 * _REACH + 1).astype(np.float64)
    reach = 2 * _REACH
    padded = np.pad(plane[0], reach, mode="edge")
    median: Plane = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1)
    return median[None]
