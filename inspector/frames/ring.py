"""The frame ring: shared memory that cameras write and inference children read, and the leases of its slots.

Pixels are copied into it once and never leave; only slot numbers travel between processes. The parent alone keeps the leases, so that
those of a child or observer that died can be taken back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Lease, SlotLeases
from inspector.frames.planes import SharedPlanes
from inspector.frames.size import FrameSize


class FrameRing:
    """The planes of the frames and their leases."""

    def __init__(self, slots: int, size: FrameSize, observer_slots: int = 0, slot_px: int = 0) -> None:
        """``size`` is that of the frames that are inspected; ``slot_px`` is how many pixels the largest frame of a camera takes in its slot,
        where that is more than one of them. Raises UserError where there is not enough shared memory."""
        self.leases = SlotLeases(slots, observer_slots)
        self._slot = FrameSize(max(size.height, -(-slot_px // size.width)), size.width)
        self.frames = SharedPlanes.create(self.leases.total, self._slot)

    def masks(self) -> SharedPlanes:
        """Planes for the masks of one child, one for each slot; the caller closes them. Raises UserError where memory is too small."""
        return SharedPlanes.create(self.leases.total, self._slot)

    def pixels(self, lease: Lease, size: FrameSize) -> NDArray[np.uint8]:
        """The frame in a leased slot, uint8 [H, W], not a copy; to be used only as long as the lease is held."""
        return self.frames.view((lease.slot, 0), size)

    def judged(self, frame: LeasedFrame, size: FrameSize) -> NDArray[np.uint8]:
        """The frame as it is judged, uint8 [H, W], for as long as its lease is held: a view of the slot, or a copy where it lies there in
        several windows. ``size`` is that of the frames that are inspected."""
        if frame.layout is None:
            return self.pixels(frame.lease, size)
        return frame.layout.frame(self.plane(frame.lease))

    def plane(self, lease: Lease) -> NDArray[np.uint8]:
        """A leased slot, uint8 [bytes], C-contiguous, not a copy; to be used only as long as the lease is held."""
        plane: NDArray[np.uint8] = self.frames.array[lease.slot]
        return plane

    def close(self) -> None:
        """Release the memory; no slot may be used after this."""
        self.frames.close()
