"""The bundles that are loaded, each in a child process of its own, and which of them looks at a frame.

The **active** bundle gives the verdicts. A **shadow** looks at the same frames beside it, as far as the observers' slots reach, and its
results change nothing. A bundle that is **loading** sees no frame until it is made one or the other. An active bundle that was
followed by another is **retiring**: it finishes the frames it has, and its child ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from engines.bundle import Bundle
from inspector.config.inference import InferenceConfig
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.meta import FrameMeta
from inspector.frames.ring import FrameRing
from inspector.inference.dispatcher import Dispatcher, Listener
from inspector.inference.messages import Forced
from inspector.inference.state import State


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
        self._lock = threading.Lock()
        """Over changes of ``_others``."""
        self.others: tuple[Dispatcher, ...] = ()
        """Loading, shadow or retiring. Replaced as a whole: cameras and supervisors read it meanwhile."""
        self.shadows: tuple[Dispatcher, ...] = ()
        self.active = self._dispatcher(bundle)

    def start(self) -> None:
        """Start the child of the active bundle in the background; ``active.supervisor.wait_ready`` says when it serves."""
        self.active.supervisor.start()

    def load(self, bundle: Bundle) -> Dispatcher:
        """Load a further bundle in the background. Raises UserError where there is no memory for its masks."""
        loading = self._dispatcher(bundle)
        with self._lock:
            self.others = (*self.others, loading)
        loading.supervisor.start()
        return loading

    def activate(self, loaded: Dispatcher) -> None:
        """The bundle gives the verdicts of the frames that come from now on; those that were submitted stay with the one before."""
        before = self.active
        with self._lock:
            self.others = (*_without(self.others, loaded), before)
        self.active = loaded
        self.shadows = _without(self.shadows, loaded)
        before.retire()
        if before.supervisor.state in (State.GIVEN_UP, State.STOPPED):
            self._forget(before)

    def shadow(self, loaded: Dispatcher) -> None:
        """The bundle looks at further frames beside the active one."""
        self.shadows = (*self.shadows, loaded)

    def unload(self, loaded: Dispatcher, timeout_s: float = 0.3) -> None:
        """End the child of a bundle that is not the active one."""
        self.shadows = _without(self.shadows, loaded)
        loaded.stop(timeout_s)
        self._forget(loaded)

    @property
    def held(self) -> int:
        """Frames waiting or in flight, of all bundles."""
        return sum(dispatcher.held for dispatcher in (self.active, *self.others))

    def submit(self, frame: LeasedFrame) -> None:
        """Have a frame inspected; its lease is inference's until the listener hears of it. Never blocks."""
        active = self.active
        frame.lease.pass_on(active.holder)
        shadows = self.shadows
        shared = [(shadow, frame.lease.share(shadow.shadow_holder)) for shadow in shadows] if shadows else []
        while not active.submit(frame):  # it was retired just now: its successor takes the frame
            active = self.active
            frame.lease.pass_on(active.holder)
        for shadow, lease in shared:
            if lease is not None and not shadow.submit(LeasedFrame(lease, frame.meta)):
                lease.release()

    def take_oldest_waiting(self) -> LeasedFrame | None:
        """Take back the frame that has waited longest and is not in a child yet; None where there is none."""
        for dispatcher in (*self.others, self.active):
            frame = dispatcher.take_oldest_waiting()
            if frame is not None:
                return frame
        return None

    def stop(self, timeout_s: float) -> None:
        """End all children side by side, by force after ``timeout_s``. Frames still held are given up as SHUTDOWN."""
        until_s = time.monotonic() + timeout_s
        everyone = (self.active, *self.others)
        for dispatcher in everyone:
            dispatcher.supervisor.finish()
        for dispatcher in everyone:
            dispatcher.stop(max(0.05, until_s - time.monotonic()))

    def close(self) -> None:
        """Let go of the ring and of all masks, after ``stop``; nobody may look at a frame any more."""
        for dispatcher in (self.active, *self.others):
            dispatcher.supervisor.masks.close()
        self.ring.close()

    def _dispatcher(self, bundle: Bundle) -> Dispatcher:
        listener = self._listener._replace(state=self._state_changed)
        return Dispatcher(bundle, self._config, self.ring, listener, hold_while_down=self._hold, forced=self._forced)

    def _state_changed(self, source: Dispatcher, state: State, text: str) -> None:
        if state is State.STOPPED and source.retired:
            self._forget(source)
        self._listener.state(source, state, text)

    def _forget(self, dispatcher: Dispatcher) -> None:
        """A bundle that is not the active one has no child any more. Its masks stay until nobody looks at them."""
        with self._lock:
            self.others = _without(self.others, dispatcher)
        self.ring.leases.take_back(dispatcher.shadow_holder)


def _without(dispatchers: tuple[Dispatcher, ...], one: Dispatcher) -> tuple[Dispatcher, ...]:
    return tuple(other for other in dispatchers if other is not one)
