"""Decoding by OpenCV, whose failures are of several kinds."""

from __future__ import annotations

import cv2
import numpy as np

from engines.images.picture import Values


def decoded(data: bytes, flags: int) -> Values:
    """The picture in ``data``, never turned by an orientation tag. Raises ValueError, or what OpenCV raises, for what it does not read."""
    if flags != cv2.IMREAD_UNCHANGED:
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if picture is None:
        raise ValueError  # OpenCV does not say why
    return np.asarray(picture)
