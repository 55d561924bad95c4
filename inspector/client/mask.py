"""Decodes the mask of a result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.protocol.codec import Packet
from inspector.protocol.masks import decode
from inspector.protocol.messages import LateBody, ResultBody

_MOST_PIXELS = 1 << 28


def mask_of(packet: Packet) -> NDArray[np.uint8] | None:
    """The class bitmask, ``uint8 [height, width]``: bit k is class ``packet.body.mask.bits[k]``; None for a message without one.

    Raises ValueError for a blob that is no mask of the announced size.
    """
    if not isinstance(packet.body, (ResultBody, LateBody)) or packet.body.mask is None:
        return None
    height, width = packet.body.mask.height_px, packet.body.mask.width_px
    if height * width > _MOST_PIXELS:
        raise ValueError(f"a mask of {height} x {width} pixels is refused; the most is {_MOST_PIXELS} pixels")
    return decode(packet.blob, height, width)
