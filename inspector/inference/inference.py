"""The bundles that are loaded, each in a child process of its own, and which of them looks at a frame.

The **active** bundle gives the verdicts. A **shadow** looks at the same frames beside it, as far as the observers' slots reach, and its
results change nothing. A bundle that is **loading** sees no frame until it is made one or the other. An active bundle that was
followed by another is **retiring**: it finishes the frames it has, and its child ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from engines.bundle import Bundle
from inspector.config.inference import InferenceConfig
from inspector.frames.meta import FrameMeta
from inspector.frames.ring import FrameRing
from inspector.inference.dispatcher import Dispatcher, Listener
from inspector.inference.in_flight import LeasedFrame
from inspector.inference.messages import Forced


class Inference:
    """Frames go in by ``submit``, from any thread. ``load``, ``activate``, ``shadow`` and ``unload`` are one thread's business."""

    def __init__(
        self,
        config: InferenceConfig,
        bundle: Bundle,
        ring: FrameRing,
        listener: Listener,
        *,
        hold_while_down: bool,
        forced: Callable[[FrameMeta], Forced] | None = None,
    ) -> None:
        """``bundle`` is the first active one. ``hold_while_down`` keeps frames until a child is back (offline); else they are given
        up at once."""
        self._config = config
        self.ring = ring
        """Where the frames lie that the bundles look at."""
        self._listener = listener
        self._hold = hold_while_down
        self._forced = forced or (lambda _: Forced.NO)
        self.active = self._dispatcher(bundle)
        self.shadows: tuple[Dispatcher, ...] = ()
        self._others: list[Dispatcher] = []
        """Loading, shadow or retiring."""

    def start(self) -> None:
        """Start the child of the active bundle in the background; ``active.supervisor.wait_ready`` says when it serves."""
        self.active.supervisor.start()

    def load(self, bundle: Bundle) -> Dispatcher:
        """Load a further bundle in the background. Raises UserError where there is no memory for its masks."""
        loading = self._dispatcher(bundle)
        self._others.append(loading)
        loading.supervisor.start()
        return loading

    def activate(self, loaded: Dispatcher) -> None:
        """The bundle gives the verdicts of the frames that come from now on; those that were submitted stay with the one before."""
        before, self.active = self.active, loaded
        self.shadows = tuple(shadow for shadow in self.shadows if shadow is not loaded)
        self._others = [*(other for other in self._others if other is not loaded), before]
        before.retire()

    def shadow(self, loaded: Dispatcher) -> None:
        """The bundle looks at further frames beside the active one."""
        self.shadows = (*self.shadows, loaded)

    def unload(self, loaded: Dispatcher, timeout_s: float = 0.3) -> None:
        """End the child of a bundle that is not the active one."""
        self.shadows = tuple(shadow for shadow in self.shadows if shadow is not loaded)
        self._others.remove(loaded)
        loaded.stop(timeout_s)
        self.ring.leases.take_back(loaded.shadow_holder)

    @property
    def held(self) -> int:
        """Frames waiting or in flight, of all bundles."""
        return sum(dispatcher.held for dispatcher in (self.active, *self._others))

    def submit(self, frame: LeasedFrame) -> None:
        """Have a frame inspected; its lease is inference's until the listener hears of it. Never blocks."""
        active = self.active
        frame.lease.pass_on(active.holder)
        shared = [(shadow, frame.lease.share(shadow.shadow_holder)) for shadow in self.shadows]
        while not active.submit(frame):  # it was retired just now: its successor takes the frame
            active = self.active
            frame.lease.pass_on(active.holder)
        for shadow, lease in shared:
            if lease is not None and not shadow.submit(LeasedFrame(lease, frame.meta)):
                lease.release()

    def take_oldest_waiting(self) -> LeasedFrame | None:
        """Take back the frame that has waited longest and is not in a child yet; None where there is none."""
        for dispatcher in (*self._others, self.active):
            frame = dispatcher.take_oldest_waiting()
            if frame is not None:
                return frame
        return None

    def stop(self, timeout_s: float) -> None:
        """End all children side by side, by force after ``timeout_s``. Frames still held are given up as SHUTDOWN."""
        until_s = time.monotonic() + timeout_s
        everyone = (self.active, *self._others)
        for dispatcher in everyone:
            dispatcher.supervisor.finish()
        for dispatcher in everyone:
            dispatcher.stop(max(0.05, until_s - time.monotonic()))

    def _dispatcher(self, bundle: Bundle) -> Dispatcher:
        return Dispatcher(
            bundle, self._config, self.ring, self._listener, hold_while_down=self._hold, forced=self._forced
        )
