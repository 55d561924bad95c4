"""The frame ring: shared memory that cameras write and inference children read, and who holds which slot of it.

Pixels are copied into it once and never leave; only slot numbers travel between processes. The parent alone keeps the leases, so that
those of a child or observer that died can be taken back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.frames.leases import Lease, SlotLeases
from inspector.frames.planes import SharedPlanes
from inspector.frames.size import FrameSize


class FrameRing:
    """The frames' planes and their leases."""

    def __init__(self, slots: int, size: FrameSize, observer_slots: int = 0) -> None:
        """``size`` is that of the largest camera's frames. Raises UserError where shared memory is too small."""
        self.leases = SlotLeases(slots, observer_slots)
        self._size = size
        self.frames = SharedPlanes.create(self.leases.total, size)

    def masks(self) -> SharedPlanes:
        """Planes for the masks of one child, a plane for each slot; the caller's to close. Raises UserError as for the frames."""
        return SharedPlanes.create(self.leases.total, self._size)

    def pixels(self, lease: Lease, size: FrameSize) -> NDArray[np.uint8]:
        """The frame in a leased slot, uint8 [H, W]; not a copy, and only as long as the lease is held."""
        return self.frames.view((lease.slot, 0), size)

    def close(self) -> None:
        """Remove the memory; nobody may use a slot any more."""
        self.frames.close()
