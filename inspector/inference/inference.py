"""The loaded bundles, each in a child process of its own, and which of them inspect a frame.

The **active** bundle gives the verdicts. A **shadow** inspects the same frames, as far as there are observers' slots, and its
results are no verdicts. A bundle that is **loading** gets no frame until it is activated or made a shadow. An active bundle that was
replaced by another is the **standby**, which stays loaded and can be activated again at once, or is **retiring**: it finishes the frames
it has, and its child ends.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from engines.bundle import Bundle
from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from inspector.frames.background import Priority
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Reason
from inspector.frames.ring import FrameRing
from inspector.inference.dispatcher import Dispatcher, Listener
from inspector.inference.figures import InferenceFigures
from inspector.inference.messages import Forced
from inspector.inference.sampler import Sampler
from inspector.inference.state import State

log = logging.getLogger(__name__)


class Inference:
    """Inspects frames with the loaded bundles. ``submit`` may be called from any thread; ``load``, ``activate``, ``shadow`` and ``unload``
    from one thread only."""

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
        """The frames that the bundles inspect."""
        self._listener = listener
        self._hold = hold_while_down
        self._forced = forced or (lambda _: Forced.NO)
        self._stopped = False
        self._lock = threading.Lock()
        """Guards changes of ``others``, ``shadows`` and ``restarts``."""
        self.restarts = 0
        """Children of any bundle that ended unasked, so that another one was started in their place."""
        self.figures = InferenceFigures()
        """Of all bundles whose results are verdicts."""
        self.others: tuple[Dispatcher, ...] = ()
        """Loading, shadow and retiring bundles. The tuple is replaced, never changed: other threads read it without the lock."""
        self.shadows: tuple[Dispatcher, ...] = ()
        self.standby: Dispatcher | None = None
        """The bundle that was active before, while it stays loaded."""
        self.active = self._dispatcher(bundle)

    def start(self) -> None:
        """Start the child of the active bundle in the background; ``active.supervisor.wait_ready`` waits until it is ready."""
        self.active.supervisor.start()

    def load(self, bundle: Bundle, *, as_shadow: InferenceConfig | None = None) -> Dispatcher:
        """Load a further bundle, with the least priority on the processor; does not wait for it. ``as_shadow`` is the configuration of a child
        that keeps that priority.

        Raises UserError where there is no memory for its masks, and after ``stop``."""
        priority = Priority.LOADING if as_shadow is None else Priority.BACKGROUND
        loading = self._dispatcher(bundle, as_shadow, priority)
        with self._lock:
            if self._stopped:
                raise UserError(f"bundle {bundle.id}: cannot be loaded, the line stops")
            self.others = (*self.others, loading)
            loading.supervisor.start()
        return loading

    def activate(self, loaded: Dispatcher, *, keep: bool = False) -> None:
        """Make the bundle the active one for frames submitted from now on; frames submitted earlier stay with the previous bundle, which
        retires, or with ``keep`` becomes the standby. A standby from before retires."""
        self._require_beside(loaded)
        before, standby = self.active, self.standby
        with self._lock:
            # First: a camera that found the bundle both active and a shadow would submit its frame twice.
            self.shadows = _without(self.shadows, loaded)
            self.others = (*_without(self.others, loaded), before)
        self.active = loaded
        loaded.supervisor.serve()
        self.standby = before if keep else None
        for other in (before, standby):
            if other is not None and other is not loaded and other is not self.standby:
                self._retire(other)

    def release_standby(self) -> None:
        """End the child of the standby, where there is one."""
        standby, self.standby = self.standby, None
        if standby is not None:
            self._retire(standby)

    def shadow(self, loaded: Dispatcher, sampler: Sampler | None = None) -> None:
        """Make the bundle a shadow for frames submitted from now on: for those that ``sampler`` wants, or every one."""
        self._require_beside(loaded)
        loaded.sampler = sampler
        with self._lock:
            self.shadows = (*_without(self.shadows, loaded), loaded)

    def unload(self, loaded: Dispatcher, timeout_s: float = 0.3) -> None:
        """End the child of a bundle that is not the active one."""
        if loaded is self.active:
            raise ValueError(f"bundle {loaded.bundle.id} is active: activate another one first")
        with self._lock:
            self.shadows = _without(self.shadows, loaded)
        if loaded is self.standby:
            self.standby = None
        loaded.stop(timeout_s, Reason.ENGINE_DOWN, "the bundle was unloaded")
        self._forget(loaded)

    def loaded(self) -> list[tuple[str, Dispatcher]]:
        """The loaded bundles, each with its role: ``active``, ``shadow``, ``standby``, ``loading`` or ``retiring``. The same bundle may be there
        twice, while it replaces itself."""
        active, others, shadows, standby = self.active, self.others, self.shadows, self.standby
        roles = [("active", active)]
        for one in others:
            if one is not active:
                role = "shadow" if one in shadows else "standby" if one is standby else "loading"
                roles.append(("retiring" if one.retired else role, one))
        return roles

    @property
    def held(self) -> int:
        """Frames waiting or in flight, of all bundles."""
        return sum(dispatcher.held for dispatcher in (self.active, *self.others))

    @property
    def in_flight(self) -> int:
        """Those of them that are with a child."""
        return sum(dispatcher.in_flight for dispatcher in (self.active, *self.others))

    def submit(self, frame: LeasedFrame, to: Dispatcher | None = None) -> None:
        """Have a frame inspected by the active bundle, or by ``to`` where that was the active one when the frame was captured; inference
        holds its lease until it calls the listener. Never blocks."""
        active = to or self.active
        frame.lease.pass_on(active.holder)
        shadows = self.shadows
        shared = [(shadow, shadow.shared(frame, active)) for shadow in shadows] if shadows else []
        while not active.submit(frame):  # it was retired just now: its successor takes the frame
            active = self.active
            frame.lease.pass_on(active.holder)
        for shadow, copy in shared:
            # A shadow that became the active bundle meanwhile has the frame already.
            if copy is not None and (shadow is active or not shadow.submit(copy)):
                copy.lease.release()

    def look(self) -> None:
        """A deadline has passed: see whether the children still give results. ``Listener.silent`` tells."""
        for dispatcher in (self.active, *self.others):
            dispatcher.look()

    def take_oldest_waiting(self) -> LeasedFrame | None:
        """Take back the frame that has waited longest and is not in a child yet; None where there is none."""
        for dispatcher in (*self.others, self.active):
            frame = dispatcher.take_oldest_waiting()
            if frame is not None:
                return frame
        return None

    def stop(self, timeout_s: float) -> None:
        """End all children in parallel, by force after ``timeout_s``. Frames still held are given up as SHUTDOWN."""
        until_s = time.monotonic() + timeout_s
        with self._lock:
            self._stopped = True
            everyone = (self.active, *self.others)
        for dispatcher in everyone:
            dispatcher.supervisor.finish()
        for dispatcher in everyone:
            try:
                dispatcher.stop(max(0.05, until_s - time.monotonic()))
            except Exception:
                log.exception("bundle %s did not stop cleanly", dispatcher.bundle.id)

    def close(self) -> None:
        """Release the ring and all masks, after ``stop``; no frame may be read after this."""
        for dispatcher in (self.active, *self.others):
            dispatcher.supervisor.masks.close()
        self.ring.close()

    def _retire(self, dispatcher: Dispatcher) -> None:
        dispatcher.retire()
        if dispatcher.supervisor.state in (State.GIVEN_UP, State.STOPPED):
            self._forget(dispatcher)

    def _dispatcher(
        self, bundle: Bundle, as_shadow: InferenceConfig | None = None, priority: Priority = Priority.USUAL
    ) -> Dispatcher:
        return Dispatcher(
            bundle,
            as_shadow or self._config,
            self.ring,
            self._listener._replace(state=self._state_changed),
            hold_while_down=self._hold and as_shadow is None,
            forced=self._forced,
            figures=self.figures,
            priority=priority,
        )

    def _state_changed(self, source: Dispatcher, state: State, text: str) -> None:
        if state is State.RESTARTING:
            with self._lock:
                self.restarts += 1
        if state is State.STOPPED and source.retired:
            self._forget(source)
        self._listener.state(source, state, text)

    def _forget(self, dispatcher: Dispatcher) -> None:
        """Remove a bundle whose child has ended and that is not active. Its masks are unmapped when the last view of them is deleted."""
        with self._lock:
            self.others = _without(self.others, dispatcher)

    def _require_beside(self, loaded: Dispatcher) -> None:
        """Raise ValueError for a bundle that is active already, or retiring: it takes no further frame."""
        if loaded is self.active or loaded.retired:
            raise ValueError(f"bundle {loaded.bundle.id} is active already or retiring: load it again")


def _without(dispatchers: tuple[Dispatcher, ...], one: Dispatcher) -> tuple[Dispatcher, ...]:
    return tuple(other for other in dispatchers if other is not one)
