"""The supervisor of one inference child: it starts the process, notices that it died or hangs, and starts the next one after a pause.

One thread per supervisor. It knows the child's state but not the frames: results, and frames that get no result because the child
ended, are handled by its client (the dispatcher).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

import msgspec

from engines.bundle import Bundle
from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from inspector.frames.background import Priority
from inspector.frames.clock import now_ns
from inspector.frames.outcome import Reason
from inspector.frames.ring import FrameRing
from inspector.inference.child import Child, ChildEnded
from inspector.inference.messages import (
    ChildFigures,
    Failed,
    InferenceResult,
    InferenceResults,
    Ready,
    WorkerSettings,
    WorkItem,
)
from inspector.inference.restarts import Restarts
from inspector.inference.state import TRANSITIONS, State

log = logging.getLogger(__name__)

_STATE_MARGIN_S = 5.0
"""For what is done in a state beyond its own limit: making a process, ending one."""


class Client(Protocol):
    """Callbacks of the supervisor. All methods are called from the supervisor's thread, never under its lock."""

    def entered(self, state: State, text: str) -> None:
        """The child's state changed; the text is for a person."""

    def ready(self, ready: Ready) -> None:
        """The child's engines are loaded and verified. Its state becomes READY after this."""

    def results(self, results: Sequence[InferenceResult], in_flight: int) -> None:
        """The child's engines have results, and ``in_flight`` frames may be with it from now on."""

    def figures(self, figures: ChildFigures) -> None:
        """The child's figures since the last call."""

    def stalled(self, now_ns: int) -> str:
        """Why the child counts as hung, one line; empty where it does not."""

    def gone(self, reason: Reason, text: str, *, restarts: bool) -> None:
        """The process has ended: its frames get no result, for the reason and text given, and it writes no more masks. ``restarts``: another
        one follows."""


class Supervisor:
    """Keeps one child process alive. Its methods may be called from any thread."""

    def __init__(
        self,
        config: InferenceConfig,
        bundle: Bundle,
        ring: FrameRing,
        client: Client,
        priority: Priority = Priority.USUAL,
    ) -> None:
        """The child loads ``bundle`` and reads the frames of ``ring``, with this ``priority`` on the processor. Raises
        UserError where there is no memory for its masks."""
        self._config = config
        self._settings = WorkerSettings(
            bundle=str(bundle.path),
            bundle_id=bundle.id,
            bundle_sha256=bundle.sha256,
            operating_point=bundle.operating_point,
            inference=config,
            priority=priority,
        )
        self.start_timeout_s = config.start_timeout_s
        """Longest time that loading the engines may take, seconds."""
        self._patience_s = min(0.25, config.stall_timeout_s / 4)
        self._client = client
        self._lock = threading.Lock()
        self._state = State.STARTING
        self._entered_ns = now_ns()
        """When it was entered, monotonic ns."""
        self._child: Child | None = None
        self._ready_ns: int | None = None
        self._restarts = Restarts(config)
        self._settled = threading.Event()
        self._first_failure = ""
        self._stopping = threading.Event()
        self._finished_for = Reason.SHUTDOWN, "the line stopped"
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._frames = ring.frames
        self.masks = ring.masks()
        """The masks that the child writes, each at the window of its frame; they are kept when the child ends."""
        self.device = ""
        """The device that computes; empty until the first child is ready."""
        self.cpu_fallback = False
        """Whether the device is the CPU because no GPU can be used."""
        self.runtime = ""
        """What the engines run on, by its name in the configuration; empty until the first child is ready."""

    def start(self) -> None:
        """Start the child in the background; ``wait_ready`` waits until it is ready."""
        self._entered_ns = now_ns()
        self._thread.start()

    def serve(self) -> None:
        """The bundle is active from now on: children that are started later load with the usual priority."""
        self._settings = msgspec.structs.replace(self._settings, priority=Priority.USUAL)

    def wait_ready(self, timeout_s: float) -> bool:
        """True once the first child is ready, False where it still loads after ``timeout_s``. Raises UserError when it could not start."""
        if not self._settled.wait(timeout_s):
            return False
        if self._first_failure:
            raise UserError(self._first_failure)
        return True

    @property
    def state(self) -> State:
        """The state of the child."""
        with self._lock:
            return self._state

    @property
    def child_pid(self) -> int | None:
        """Process id of the child; None while there is none."""
        with self._lock:
            return self._child.pid if self._child else None

    def submit(self, items: Sequence[WorkItem]) -> bool:
        """Send windows to the child; never waits. False where the child does not take them."""
        with self._lock:
            return self._state is State.READY and self._child is not None and self._child.submit(items)

    def finish(self, reason: Reason = Reason.SHUTDOWN, why: str = "the line stopped") -> None:
        """Ask the child to finish what it computes and then end; no other child is started. Frames that get no result by then are given
        up for ``reason``. Does not wait."""
        self._finished_for = reason, why
        self._stopping.set()
        with self._lock:
            if self._child is not None:
                self._child.ask_to_stop()

    def stop(self, timeout_s: float, reason: Reason = Reason.SHUTDOWN, why: str = "the line stopped") -> None:
        """``finish``, and wait for the child's end, by force after ``timeout_s``."""
        self.finish(reason, why)
        if self._thread.ident is None:
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            with self._lock:
                child = self._child
            if child is not None:
                child.kill()
            self._thread.join(timeout_s)

    @property
    def within_limit(self) -> bool:
        """Whether the child is in a state that ends by itself, loading or about to be started again, and for no longer than that may take."""
        with self._lock:
            limits_s = {State.STARTING: self.start_timeout_s, State.RESTARTING: self._restarts.pause_s}
            limit_s = limits_s.get(self._state)
            return limit_s is not None and now_ns() - self._entered_ns < (limit_s + _STATE_MARGIN_S) * 1e9

    # The supervisor's thread from here on.

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                ended = self._live()
                if self._stopping.is_set() or not self._recover(ended):
                    break
        except Exception as error:
            log.exception("an inference supervisor failed")
            if not self._settled.is_set():
                self._first_failure = f"inference could not start: internal error: {error}"
            self._end_child()
            self._give_up("internal error in an inference supervisor; see the log", Reason.INTERNAL)
        finally:
            self._end_child()
            if self._stopping.is_set():
                self._enter(State.STOPPED, "stopped")
                self._client.gone(*self._finished_for, restarts=False)
                if not self._settled.is_set():
                    self._first_failure = "inference was stopped before it was ready"
            self._settled.set()
            # Client and supervisor refer to each other; without this, masks of a retired bundle wait for the cyclic garbage collector.
            del self._client

    def _live(self) -> ChildEnded:
        """Run one child from start to end and return how it ended. An error ends this child only, not the supervisor."""
        self._ready_ns = None
        try:
            child = Child(self._frames, self.masks, self._settings, self._patience_s)
            with self._lock:
                self._child = child
            child.start()
            ended = self._converse(child)
        except OSError as error:  # no descriptor, process or memory to be had; perhaps later
            ended = ChildEnded(f"no process could be started: {error}", mendable=False)
        except Exception as error:
            log.exception("the inference child is ended for an internal error")
            ended = ChildEnded(f"internal error: {error}", mendable=False)
        self._end_child()
        self._restarts.failed(0.0 if self._ready_ns is None else (now_ns() - self._ready_ns) / 1e9)
        return ended

    def _converse(self, child: Child) -> ChildEnded:
        """Receive the child's messages until it ends, fails or hangs."""
        begun_ns = checked_ns = now_ns()
        while not self._stopping.is_set():
            message = child.receive()
            if isinstance(message, ChildEnded):
                return message
            if isinstance(message, Failed):
                if message.traceback:
                    log.error(
                        "the inference child met an internal error: %s; report this with the traceback",
                        message.reason,
                        extra={"traceback": message.traceback},
                    )
                return ChildEnded(message.reason, message.mendable)
            if isinstance(message, Ready):
                self._serve(message)
            elif isinstance(message, InferenceResults):
                self._client.results(message.results, message.in_flight)
            elif isinstance(message, ChildFigures):
                self._client.figures(message)
            if now_ns() - checked_ns > self._patience_s * 1e9:
                checked_ns = now_ns()
                trouble = self._still_loading(begun_ns) if self._ready_ns is None else self._client.stalled(checked_ns)
                if trouble:
                    return ChildEnded(trouble, mendable=False)
        return ChildEnded("stopped", mendable=False)

    def _serve(self, ready: Ready) -> None:
        self._ready_ns = now_ns()
        self.device = ready.device + (f" ({ready.note})" if ready.note else "")
        self.cpu_fallback = ready.cpu_fallback
        self.runtime = ready.runtime
        self._client.ready(ready)
        self._enter(State.READY, f"engines run on {self.device}")
        self._settled.set()

    def _still_loading(self, begun_ns: int) -> str:
        """An error text when loading takes too long; else empty."""
        limit_s = self._config.start_timeout_s
        return f"engines not loaded within {limit_s:g} s" if now_ns() - begun_ns > limit_s * 1e9 else ""

    def _recover(self, ended: ChildEnded) -> bool:
        """After a child's end: report it and pause before the next start. False when no further child is started."""
        if not self._settled.is_set():
            self._first_failure = ended.reason if ended.mendable else f"inference could not start: {ended.reason}"
            self._give_up(f"could not start: {ended.reason}", of_frames=f"inference child given up: {ended.reason}")
            return False
        if self._restarts.exhausted:
            text = f"inference child given up after {self._restarts.failures} failures: {ended.reason}"
            self._give_up(text, of_frames=f"inference child given up: {ended.reason}")
            return False
        pause_s = self._restarts.pause_s
        log.error("inference child ended: %s; restart in %.1f s", ended.reason, pause_s)
        self._enter(State.RESTARTING, f"inference child ended: {ended.reason}; restart in {pause_s:.1f} s")
        self._client.gone(Reason.ENGINE_DOWN, f"inference child ended: {ended.reason}", restarts=True)
        if not self._stopping.wait(pause_s):
            self._enter(State.STARTING, "inference child restarts")
        return True

    def _give_up(self, text: str, reason: Reason = Reason.ENGINE_DOWN, of_frames: str = "") -> None:
        self._enter(State.GIVEN_UP, text)
        self._client.gone(reason, of_frames or text, restarts=False)

    def _end_child(self) -> None:
        """Wait until the process has ended; after this its slots can be used again."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end(grace_s=0.2 if self._stopping.is_set() else 0.0)

    def _enter(self, state: State, text: str) -> None:
        with self._lock:
            if state is self._state:
                return
            if state not in TRANSITIONS[self._state]:
                raise AssertionError(f"inference cannot go from {self._state} to {state}")
            self._state, self._entered_ns = state, now_ns()
        self._client.entered(state, text)
