"""A frame whose pixels are in the ring, as it goes from stage to stage, and what observers are shown of it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from inspector.frames.leases import Lease
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome
from inspector.frames.planes import SharedPlanes, Window


class LeasedFrame(NamedTuple):
    """A frame and the lease of the slot its pixels are in."""

    lease: Lease
    meta: FrameMeta

    @property
    def shadow(self) -> bool:
        """Whether the frame is looked at beside the active bundle: its result gives no verdict."""
        return self.lease.holder is not None and self.lease.holder.observer

    @property
    def window(self) -> Window:
        """What the child is to look at: the whole frame."""
        return self.lease.slot, 0


class Inspected(NamedTuple):
    """A frame whose inspection is over, however it ended."""

    frame: LeasedFrame
    """Its lease is valid during the call; ``frame.lease.share`` gives the observer one of its own."""
    outcome: Outcome
    """What came of it. That is the frame's verdict unless the ledger had one already, or the frame is a shadow's (``frame.shadow``)."""
    masks: SharedPlanes | None
    """The mask planes of the bundle that inspected the frame (``outcome.bundle``): its mask is at the frame's window; None where the
    segmenter did not run."""


class Observer(Protocol):
    """Looks at frames beside the line: archive, recorder, comparison with a shadow.

    Called for every frame that was in the ring, also those that pass, when its inspection is over; from several threads, between two
    frames: it must be quick and must not raise."""

    def inspected(self, inspected: Inspected) -> None:
        """A frame's inspection is over."""
