"""Counts frames by the ids that a camera gives them.

In GigE Vision an id has 16 bits: it goes from 65535 to 1, as 0 is none. With extended ids, and in USB3 Vision, it has 64 bits.
"""

from __future__ import annotations

PERIOD = 65535
"""Ids of 16 bits: 1 to 65535."""
MOST_AHEAD = PERIOD // 2
"""A larger step of an id of 16 bits may as well be one back."""


class FrameIds:
    """The number of each frame, from the ids of one stream of a camera."""

    def __init__(self, wide: bool = False) -> None:
        """``wide``: ids have 64 bits. Where it is False they are taken as such from the first one above 65535 on."""
        self._wide = wide
        self._last: int | None = None
        self._number = -1

    def number(self, frame_id: int) -> int | None:
        """The number of the next frame: 0 for the first, then one more for each id; jumps where ids are missing.

        None where the id cannot come after the one before: the camera counts anew, or more than ``MOST_AHEAD`` frames are missing.
        """
        self._wide = self._wide or frame_id > PERIOD
        if self._last is None:
            step = 1
        elif self._wide:
            step = frame_id - self._last
        else:
            step = (frame_id - self._last) % PERIOD
            if step > MOST_AHEAD:
                return None
        if step < 1:
            return None
        self._last = frame_id
        self._number += step
        return self._number
