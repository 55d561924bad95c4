"""Pictures of a flat field for a person: white before and after, and the light along a row."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.flat_field.estimate import Estimate
from calibration.flat_field.reference import Plane
from engines.files.writing import write_bytes

_WIDEST = 1600
_CHART = 240
_MARGIN = 30
_BEFORE, _AFTER, _INK = (40, 90, 200), (60, 140, 40), (40, 40, 40)
"""Blue, green, red, as OpenCV has them."""


def write_picture(made: Estimate, path: Path) -> None:
    """A PNG: the held-out white frames before and after on one scale of grey, bad pixels in red, and the means of their columns."""
    before, after = made.shown
    target = made.file.card.target
    low, high = (
        min(float(np.percentile(before, 0.5)), 0.8 * target),
        max(float(np.percentile(before, 99.5)), 1.2 * target),
    )
    bad = np.broadcast_to(made.bad.uncorrected, before.shape)
    parts = [
        _titled(f"before: deviation {made.before.deviation:.2%}", _grey(before, low, high, bad)),
        _titled(f"after: deviation {made.after.deviation:.2%}", _grey(after, low, high, bad)),
        _titled("mean of each column: before (red), after (green)", _chart(before, after)),
    ]
    width = max(one.shape[1] for one in parts)
    sheet = np.vstack([np.pad(one, ((0, 8), (0, width - one.shape[1]), (0, 0)), constant_values=255) for one in parts])
    write_bytes(path, bytes(cv2.imencode(".png", sheet)[1]))


def _grey(plane: Plane, low: float, high: float, bad: NDArray[np.bool_]) -> NDArray[np.uint8]:
    grey = np.clip((plane - low) / max(high - low, 1e-9) * 255, 0, 255).astype(np.uint8)
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    # Single pixels would not be seen.
    picture[cv2.dilate(bad.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0] = (0, 0, 255)
    shrink = min(1.0, _WIDEST / picture.shape[1])
    if shrink == 1.0:
        return picture.astype(np.uint8)
    size = (_WIDEST, max(1, round(picture.shape[0] * shrink)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _chart(before: Plane, after: Plane) -> NDArray[np.uint8]:
    width = min(_WIDEST, max(400, before.shape[1]))
    chart = np.full((_CHART, width, 3), 255, np.uint8)
    for level in range(0, 256, 50):
        y = _at(level)
        cv2.line(chart, (0, y), (width, y), (220, 220, 220), 1)
        cv2.putText(chart, str(level), (2, y - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _INK, 1, cv2.LINE_AA)
    for plane, colour in ((before, _BEFORE), (after, _AFTER)):
        means = plane.mean(axis=0)
        x = np.linspace(0, width - 1, len(means))
        points = np.stack((x, [_at(level) for level in means]), axis=1).astype(np.int32)
        cv2.polylines(chart, [points.reshape(-1, 1, 2)], False, colour, 1, cv2.LINE_AA)
    return chart


def _at(level: float) -> int:
    return round((_CHART - 25) * (1 - level / 255)) + 20  # room for the highest figure


def _titled(title: str, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    above = np.full((_MARGIN, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(above, title, (4, _MARGIN - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
    return np.vstack((above, picture))
