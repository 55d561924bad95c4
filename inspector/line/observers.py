"""The observers of a line, which are shown its frames (``inspector.frames.leased_frame.Observer``) but give no verdicts.

An observer is shown every frame whose inspection is over. To keep the pixels it takes a lease of its own,
which it may hold for as long as it likes: it holds one of the observers' slots and can never take one from a camera.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from inspector.frames.leased_frame import Inspected, LeasedFrame, Observer
from inspector.frames.outcome import Outcome

log = logging.getLogger(__name__)


class Observers:
    """All observers of a line. An exception in one of them is logged; the frame still gets its verdict."""

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self._observers = tuple(observers)

    def add(self, observer: Observer) -> None:
        """Show it every frame from now on. ``add`` and ``remove`` are for one thread at a time."""
        self._observers = (*self._observers, observer)

    def remove(self, observer: Observer) -> None:
        """Show it no further frame; a call of it may still be under way."""
        self._observers = tuple(other for other in self._observers if other is not observer)

    def offer(
        self, frame: LeasedFrame, outcome: Outcome, mask: NDArray[np.uint8] | None = None, *, is_verdict: bool = False
    ) -> None:
        """Show an inspected frame to each observer; the arguments are the fields of ``Inspected``."""
        for observer in self._observers:
            try:
                observer.inspected(Inspected(frame, outcome, mask, is_verdict))
            except Exception:
                log.exception("an observer failed on frame %d of %s", frame.meta.frame, frame.meta.camera)
