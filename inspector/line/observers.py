"""Observers look at a frame beside its road: its pixels, what a bundle found in it and the verdict, also after that has left.

An observer is offered every frame that was in the ring, when judging is done with it. To keep the pixels it takes a lease of its own,
which it may hold for as long as it likes: it holds one of the observers' slots and can never take one from a camera.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from inspector.frames.outcome import Outcome
from inspector.frames.planes import SharedPlanes
from inspector.inference.in_flight import LeasedFrame

log = logging.getLogger(__name__)


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
    """Who wants to look. Called on the road of a frame: it must be quick, may be called from several threads, and must not raise."""

    def inspected(self, inspected: Inspected) -> None:
        """A frame's inspection is over."""


class Observers:
    """All observers of a line; what one of them raises is logged and costs no frame its verdict."""

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self._observers = tuple(observers)

    def offer(self, frame: LeasedFrame, outcome: Outcome, masks: SharedPlanes | None = None) -> None:
        """Show a frame to each of them, see ``Inspected``."""
        for observer in self._observers:
            try:
                observer.inspected(Inspected(frame, outcome, masks))
            except Exception:
                log.exception("an observer failed on frame %d of %s", frame.meta.frame, frame.meta.camera)
