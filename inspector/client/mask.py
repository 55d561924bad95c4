"""Decodes the mask of a result. Needs numpy, which nothing else here does, so that a subscriber to verdicts installs without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.errors import UserError
from inspector.protocol.codec import Packet
from inspector.protocol.messages import LateBody, ResultBody

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_PIXELS = 1 << 28


def mask_of(packet: Packet) -> NDArray[np.uint8] | None:
    """The class bitmask, ``uint8 [height, width]``: bit k is class ``packet.body.mask.bits[k]``; None for a message without one.

    Raises ValueError for a blob that is no mask of the announced size, and UserError where numpy is not installed.
    """
    try:
        from inspector.protocol.masks import decode
    except ModuleNotFoundError as error:
        raise UserError(f"a mask needs {error.name}, which is not installed: pip install numpy") from None
    if not isinstance(packet.body, (ResultBody, LateBody)) or packet.body.mask is None:
        return None
    height, width = packet.body.mask.height_px, packet.body.mask.width_px
    if height * width > _MOST_PIXELS:
        raise ValueError(f"a mask of {height} x {width} pixels is refused; the most is {_MOST_PIXELS} pixels")
    return decode(packet.blob, height, width)
