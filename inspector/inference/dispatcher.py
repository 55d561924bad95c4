"""The dispatcher of one loaded bundle: sends frames to its child, receives results, and gives up frames that get none.

Cameras call ``submit``, which never blocks. Everything else runs in the supervisor's thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from engines.bundle import Bundle
from inspector.config.inference import InferenceConfig
from inspector.frames.background import Priority
from inspector.frames.clock import now_ns
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Reason
from inspector.frames.ring import FrameRing
from inspector.inference.figures import InferenceFigures
from inspector.inference.identity import identity_of
from inspector.inference.in_flight import InFlightQueue
from inspector.inference.messages import ChildFigures, Forced, InferenceResult, Ready, WorkItem
from inspector.inference.sampler import Sampler
from inspector.inference.state import State, refusal
from inspector.inference.supervisor import Supervisor


class Listener(NamedTuple):
    """The callbacks of inference. All are called from the supervisor's thread or from ``submit`` and ``stop``, never under a lock."""

    results: Callable[[Dispatcher, Sequence[tuple[LeasedFrame, InferenceResult]]], None]
    """The bundle's engines have results; the leases now belong to the listener."""
    given_up: Callable[[Sequence[LeasedFrame], Reason, str], None]
    """These frames get no result, for the reason and detail given; the leases now belong to the listener."""
    state: Callable[[Dispatcher, State, str], None]
    """The state of the bundle's child changed; the text is for a person."""
    silent: Callable[[Dispatcher, str], None] = lambda source, why: None
    """Why the bundle's child is silent: deadlines pass and no result comes. Empty: it has given a result again. Where the child ends, its
    state says so instead. Also called by the thread that calls ``look``."""


class Dispatcher:
    """The frames of one bundle, whose child a supervisor keeps alive. Every method may be called from any thread."""

    def __init__(
        self,
        bundle: Bundle,
        config: InferenceConfig,
        ring: FrameRing,
        listener: Listener,
        *,
        hold_while_down: bool,
        forced: Callable[[FrameMeta], Forced],
        figures: InferenceFigures,
        priority: Priority = Priority.USUAL,
    ) -> None:
        """``figures`` count what is done for frames that are no shadow's. ``hold_while_down`` keeps frames until the child is back
        (offline); else they are given up at once. A bundle whose child has the ``priority`` BACKGROUND is never to give verdicts.

        Raises UserError where there is no memory for the masks."""
        self.bundle = bundle
        self.identity = identity_of(bundle)
        self.holder = Holder(f"inference {bundle.id}")
        self.shadow_holder = Holder(f"shadow {bundle.id}", observer=True)
        """Holder of the leases while this bundle is a shadow."""
        self.sampler: Sampler | None = None
        """Chooses the frames that this bundle is shown as a shadow; None: every frame."""
        self.background = priority is Priority.BACKGROUND
        self.supervisor = Supervisor(config, bundle, ring, self, priority)
        self._config = config
        self._listener = listener
        self._hold = hold_while_down
        self._forced = forced
        self._figures = figures
        self._lock = threading.Lock()
        self._state = State.STARTING
        """The supervisor's state as last reported by ``entered``."""
        self._served = False
        """Whether any child of the bundle has been ready."""
        self._queue = InFlightQueue()
        self._verdicts = False
        """Whether its last results were of captured frames, and not a shadow's."""
        self.retired = False
        """True: it takes no further frame."""

    @property
    def held(self) -> int:
        """Frames waiting or in flight."""
        with self._lock:
            return len(self._queue)

    @property
    def in_flight(self) -> int:
        """Frames that are with the child."""
        with self._lock:
            return self._queue.in_flight

    def submit(self, frame: LeasedFrame) -> bool:
        """Have a frame inspected; the dispatcher holds its lease until it calls the listener. False where it is retired and takes none."""
        stale: list[LeasedFrame] = []
        refused, first = "", False
        with self._lock:
            if self.retired:
                return False
            if self._state is State.READY or (self._hold and self._state in (State.STARTING, State.RESTARTING)):
                self._queue.add(frame)
                # A child that has enough takes further frames with its next results, all in one message.
                if self._queue.hungry:
                    stale = self._pump()
            else:
                refused = refusal(self._state)
                first = self._state is State.STARTING and not self._served
        if refused:
            reason = Reason.ENGINE_STARTING if first else Reason.ENGINE_DOWN
            self._listener.given_up([frame], reason, "the engines are being loaded" if first else refused)
        self._give_up_stale(stale)
        return True

    @property
    def behind(self) -> bool:
        """Whether a frame waits for the child, or the oldest it has is late (``in_flight.is_late``)."""
        with self._lock:
            return self._queue.behind(now_ns())

    def shared(self, frame: LeasedFrame, active: Dispatcher) -> LeasedFrame | None:
        """The frame for this bundle as a shadow, with a lease of its own, before it is submitted to ``active``; None where it is not to see
        it. It has no deadline: an answer that comes late is one all the same."""
        sampler = self.sampler
        if sampler is not None and not sampler.wants(frame.meta, active, self):
            return None
        lease = frame.lease.share(self.shadow_holder)
        if lease is not None:
            meta = msgspec.structs.replace(frame.meta, deadline_ns=None)
            return frame._replace(lease=lease, meta=meta, shadow=True)
        if sampler is not None:
            sampler.no_slot(frame.meta)
        return None

    def take_oldest_waiting(self) -> LeasedFrame | None:
        """Take back the frame that has waited longest and is not in the child yet; None where there is none. Frames for a shadow stay."""
        with self._lock:
            return self._queue.take_oldest_waiting()

    def retire(self) -> None:
        """Take no further frame; the child ends when the last one has its result."""
        with self._lock:
            self.retired = True
            empty = not self._queue
        if empty:
            self.supervisor.finish()

    def stop(self, timeout_s: float, reason: Reason = Reason.SHUTDOWN, why: str = "the line stopped") -> None:
        """End the child, by force after ``timeout_s``. Frames still held are given up for ``reason``, as is every later one."""
        self.supervisor.stop(timeout_s, reason, why)
        with self._lock:
            self._state = State.STOPPED
        self._give_up(reason, why)

    @property
    def silent(self) -> bool:
        """Whether deadlines have passed since the child gave its last result."""
        with self._lock:
            return self._queue.silent

    def look(self) -> None:
        """A deadline has passed: see whether the child still gives results."""
        with self._lock:
            why = self._queue.look(now_ns()) if self._state is State.READY else ""
        if why:
            self._listener.silent(self, why)

    # Called by the supervisor, in its thread.

    def entered(self, state: State, text: str) -> None:
        """See ``supervisor.Client``."""
        with self._lock:
            self._state = state
            stale = self._pump()
        self._give_up_stale(stale)
        self._listener.state(self, state, text)

    def ready(self, ready: Ready) -> None:
        """See ``supervisor.Client``."""
        with self._lock:
            self._served = True
            self._queue.limit = self._queue.enough = self._config.in_flight or ready.in_flight

    def results(self, results: Sequence[InferenceResult], in_flight: int) -> None:
        """See ``supervisor.Client``."""
        now = now_ns()
        with self._lock:
            self._queue.limit = self._config.in_flight or in_flight
            answered = self._queue.finished(results, now)
            was_silent, self._queue.silent = self._queue.silent, False
            stale = self._pump()
            done = self.retired and not self._queue
        self._give_up_stale(stale)
        if answered:
            self._verdicts = answered[0][0].gets_verdict
            self._listener.results(self, answered)
        if was_silent:
            self._listener.silent(self, "")
        if done:
            self.supervisor.finish()

    def figures(self, figures: ChildFigures) -> None:
        """See ``supervisor.Client``."""
        if self._verdicts:
            self._figures.take_in(figures)

    def stalled(self, now_ns: int) -> str:
        """See ``supervisor.Client``."""
        with self._lock:
            return self._queue.stalled(now_ns, self._config.stall_timeout_s)

    def gone(self, reason: Reason, text: str, *, restarts: bool) -> None:
        """See ``supervisor.Client``."""
        self._give_up(reason, text, waiting=not (self._hold and restarts))
        with self._lock:
            done = self.retired and not self._queue
        if done:
            self.supervisor.finish()

    # Frames in and out. The lock is held where a method says so.

    def _pump(self) -> list[LeasedFrame]:
        """Lock held. Send waiting frames to the child, up to ``in_flight``; return those whose deadline has passed."""
        if self._state is not State.READY:
            return []
        now = now_ns()
        due, stale = self._queue.next_for_child(now)
        if not due:
            return stale
        if self.supervisor.submit(
            [WorkItem(*window, forced) for one in due for forced in (self._forced_of(one),) for window in one.windows]
        ):
            self._figures.sent(due, now)
        else:
            self._queue.take_back(due)
        return stale

    def _forced_of(self, frame: LeasedFrame) -> Forced:
        """A golden frame goes through both engines, whatever the gate says of it."""
        return Forced.LET_THROUGH if frame.golden else self._forced(frame.meta)

    def _give_up_stale(self, stale: list[LeasedFrame]) -> None:
        if stale:
            self._listener.given_up(stale, Reason.DEADLINE, "deadline passed before the engines were free")

    def _give_up(self, reason: Reason, detail: str, *, waiting: bool = True) -> None:
        """Give up the frames in flight and, unless told otherwise, those that wait."""
        with self._lock:
            frames = self._queue.give_up_in_flight()
            if waiting:
                frames += self._queue.give_up_waiting()
        if frames:
            self._listener.given_up(frames, reason, detail)
