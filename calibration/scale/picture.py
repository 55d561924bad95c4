"""A picture of a scale for a person: the points that were found, and how far each is off."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.scale.estimate import Estimate
from engines.files.writing import write_bytes

ENLARGED = 50
"""How much longer the arrows are than what they show."""
_MARGIN = 26
_FOUND, _OFF, _INK = (60, 160, 40), (40, 40, 220), (40, 40, 40)
"""Blue, green, red, as OpenCV has them."""


def write_picture(made: Estimate, number: int, frame: NDArray[np.uint8], path: Path) -> None:
    """A PNG of one of the frames (uint8 ``[H, W]``) that the scale was made of."""
    assert made.fit is not None, "distances have no points"
    picture = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)
    for (x, y), (off_x, off_y) in zip(made.seen[number].px, made.fit.left_px[number], strict=True):
        at = (round(x), round(y))
        cv2.circle(picture, at, 3, _FOUND, 1, cv2.LINE_AA)
        cv2.line(picture, at, (round(x + ENLARGED * off_x), round(y + ENLARGED * off_y)), _OFF, 1, cv2.LINE_AA)
    above = np.full((_MARGIN, picture.shape[1], 3), 255, np.uint8)
    title = f"found (green), off by (red, {ENLARGED} times as long): {made.fit.residual_px:.3f} px rms"
    cv2.putText(above, title, (4, _MARGIN - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
    write_bytes(path, bytes(cv2.imencode(".png", np.vstack((above, picture)))[1]))
