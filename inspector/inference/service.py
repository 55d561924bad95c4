"""The parent's side of inference: frames out to the child, answers back, and a child that is always there again.

One thread keeps the child: it starts it, takes its answers, notices that it died or hangs, gives up its frames, and starts the next
one after a pause. Cameras only ever enter ``submit``, which never blocks.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from inspector.frames.clock import now_ns
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Reason
from inspector.frames.ring import RingMemory
from inspector.inference.child import Child, ChildEnded
from inspector.inference.in_flight import Held, InFlightQueue
from inspector.inference.messages import Answer, Answers, Failed, Forced, Ready, WorkerSettings
from inspector.inference.restarts import Restarts
from inspector.inference.state import TRANSITIONS, State, refusal

log = logging.getLogger(__name__)


class Listener(NamedTuple):
    """Who is told. All are called from the keeper's thread or from ``submit``, never under a lock."""

    answered: Callable[[Sequence[tuple[FrameMeta, Answer]]], None]
    """The engines answered; the slots now belong to the listener."""
    given_up: Callable[[Sequence[Held], Reason, str], None]
    """These frames get no answer, for the reason and detail given; the slots now belong to the listener."""
    state: Callable[[State, str], None]
    """The child's state changed; the text is for a person."""


class InferenceService:
    """Keeps one inference child and the frames it works on."""

    def __init__(
        self,
        config: InferenceConfig,
        bundle: Path,
        memory: RingMemory,
        listener: Listener,
        *,
        hold_while_down: bool,
        forced: Callable[[FrameMeta], Forced] | None = None,
    ) -> None:
        """``hold_while_down`` keeps frames until the child is back (offline); else they are given up at once."""
        self._config = config
        self._settings = WorkerSettings(bundle=str(bundle), inference=config)
        self._patience_s = min(0.25, config.stall_timeout_s / 4)
        self._memory = memory
        self._listener = listener
        self._hold = hold_while_down
        self._forced = forced or (lambda _: Forced.NO)
        self._lock = threading.Lock()
        self._state = State.STARTING
        self._frames = InFlightQueue()
        self._child: Child | None = None
        self._ready_ns: int | None = None
        self._restarts = Restarts(config)
        self._settled = threading.Event()
        self._first_failure = ""
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="inference-keeper", daemon=True)
        self.device = ""
        """What computes, once ready."""
        self.cpu_fallback = False
        """Whether that is a CPU in place of a GPU."""

    def start(self) -> None:
        """Start the child in the background; ``wait_ready`` says when it serves."""
        self._keeper.start()

    def wait_ready(self, timeout_s: float) -> bool:
        """True once the first child serves, False while it still loads. Raises UserError when it could not start."""
        if not self._settled.wait(timeout_s):
            return False
        if self._first_failure:
            raise UserError(self._first_failure)
        return True

    @property
    def state(self) -> State:
        """Where the child is in its life."""
        with self._lock:
            return self._state

    @property
    def child_pid(self) -> int | None:
        """Process id of the child that serves or loads now."""
        with self._lock:
            return self._child.pid if self._child else None

    @property
    def held(self) -> int:
        """Frames waiting or in flight."""
        with self._lock:
            return len(self._frames)

    def submit(self, slot: int, meta: FrameMeta) -> None:
        """Have the frame in ``slot`` inspected; the slot is inference's until the listener hears of it. Never blocks."""
        with self._lock:
            if self._state is State.READY or (self._hold and self._state in (State.STARTING, State.RESTARTING)):
                self._frames.add(Held(slot, meta))
                stale = self._pump()
                refused = ""
            else:
                stale, refused = [], refusal(self._state)
        if refused:
            self._listener.given_up([Held(slot, meta)], Reason.ENGINE_DOWN, refused)
        self._give_up_stale(stale)

    def take_oldest_waiting(self) -> Held | None:
        """Take back the frame that has waited longest and is not in the child yet; None where there is none."""
        with self._lock:
            return self._frames.take_oldest_waiting()

    def stop(self, timeout_s: float) -> None:
        """End the child, by force after ``timeout_s``. Frames still held are given up as SHUTDOWN."""
        self._stopping.set()
        with self._lock:
            child = self._child
            if child is not None:
                child.ask_to_stop()
        if self._keeper.ident is not None:
            self._keeper.join(timeout_s)
            if self._keeper.is_alive() and child is not None:
                child.kill()
                self._keeper.join(timeout_s)
        self._give_up(Reason.SHUTDOWN, "the line stopped")

    # The keeper's thread from here on.

    def _keep(self) -> None:
        try:
            while not self._stopping.is_set():
                ended = self._live()
                if self._stopping.is_set():
                    break
                if not self._recover(ended):
                    return
        except Exception as error:
            log.exception("the inference keeper failed")
            if not self._settled.is_set():
                self._first_failure = f"inference could not start: internal error: {error}"
            self._enter(State.GIVEN_UP, "internal error in the inference keeper; see the log")
            self._give_up(Reason.INTERNAL, "internal error in the inference keeper")
        finally:
            self._kill_child()
            if self._stopping.is_set():
                self._enter(State.STOPPED, "stopped")
            self._settled.set()

    def _live(self) -> ChildEnded:
        """One child from start to end. Returns how it ended; whatever goes wrong with it ends it alone, not the keeper."""
        self._ready_ns = None
        try:
            child = Child(self._memory, self._settings, self._patience_s)
            with self._lock:
                self._child = child
            child.start()
            ended = self._converse(child)
        except OSError as error:  # no descriptor, process or memory to be had; perhaps later
            ended = ChildEnded(f"no process could be started: {error}", mendable=False)
        except Exception as error:
            log.exception("the inference child is ended for an internal error")
            ended = ChildEnded(f"internal error: {error}", mendable=False)
        self._kill_child()
        self._restarts.failed(0.0 if self._ready_ns is None else (now_ns() - self._ready_ns) / 1e9)
        return ended

    def _converse(self, child: Child) -> ChildEnded:
        """Take what the child says until it ends or is in trouble."""
        begun_ns = checked_ns = now_ns()
        while not self._stopping.is_set():
            message = child.receive()
            if isinstance(message, ChildEnded):
                return message
            if isinstance(message, Failed):
                return ChildEnded(message.reason, message.mendable)
            if isinstance(message, Ready):
                self._ready_ns = now_ns()
                self._serve(message)
            elif isinstance(message, Answers):
                self._take_answers(message)
            if now_ns() - checked_ns > self._patience_s * 1e9:
                checked_ns = now_ns()
                trouble = self._still_loading(begun_ns) if self._ready_ns is None else self._stalled()
                if trouble:
                    return ChildEnded(trouble, mendable=False)
        return ChildEnded("stopped", mendable=False)

    def _serve(self, ready: Ready) -> None:
        self.device = ready.device + (f" ({ready.note})" if ready.note else "")
        self.cpu_fallback = ready.cpu_fallback
        with self._lock:
            self._frames.limit = self._config.in_flight or ready.in_flight
        self._enter(State.READY, f"engines run on {self.device}")
        with self._lock:
            stale = self._pump()
        self._give_up_stale(stale)
        self._settled.set()

    def _take_answers(self, message: Answers) -> None:
        now = now_ns()
        with self._lock:
            answered = [(self._frames.answered(answer.slot, now), answer) for answer in message.answers]
            stale = self._pump()
        self._give_up_stale(stale)
        self._listener.answered(answered)

    def _still_loading(self, begun_ns: int) -> str:
        """What to say when loading takes too long; else empty."""
        limit_s = self._config.start_timeout_s
        return f"engines not loaded within {limit_s:g} s" if now_ns() - begun_ns > limit_s * 1e9 else ""

    def _stalled(self) -> str:
        with self._lock:
            return self._frames.stalled(now_ns(), self._config.stall_timeout_s)

    def _recover(self, ended: ChildEnded) -> bool:
        """After a child's end: give up its frames, pause, go on. False when there is no going on."""
        first_start = not self._settled.is_set()
        pause_s = self._restarts.pause_s
        if first_start or self._restarts.exhausted:
            if first_start:
                self._first_failure = ended.reason if ended.mendable else f"inference could not start: {ended.reason}"
            failures = self._restarts.failures
            self._enter(
                State.GIVEN_UP,
                f"could not start: {ended.reason}"
                if first_start
                else f"inference child given up after {failures} failures: {ended.reason}",
            )
            self._give_up(Reason.ENGINE_DOWN, f"inference child given up: {ended.reason}")
            return False
        log.error("inference child ended: %s; restart in %.1f s", ended.reason, pause_s)
        self._enter(State.RESTARTING, f"inference child ended: {ended.reason}; restart in {pause_s:.1f} s")
        self._give_up(Reason.ENGINE_DOWN, f"inference child ended: {ended.reason}", waiting=not self._hold)
        if self._stopping.wait(pause_s):
            return True
        self._enter(State.STARTING, "inference child restarts")
        return True

    def _kill_child(self) -> None:
        """The child is dead for certain: from now on its slots can be used again."""
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
            self._state = state
        self._listener.state(state, text)

    # Frames in and out. The lock is held where a method says so.

    def _pump(self) -> list[Held]:
        """Lock held. Hand waiting frames to the child as far as it has room; return those whose deadline has passed."""
        if self._state is not State.READY or self._child is None:
            return []
        due, stale = self._frames.next_for_child(now_ns())
        if due and not self._child.submit([(held.slot, self._forced(held.meta)) for held in due]):
            self._frames.take_back(due)
        return stale

    def _give_up_stale(self, stale: list[Held]) -> None:
        if stale:
            self._listener.given_up(stale, Reason.DEADLINE, "deadline passed before the engines were free")

    def _give_up(self, reason: Reason, detail: str, *, waiting: bool = True) -> None:
        """Give up the frames in flight and, unless told otherwise, those that wait."""
        with self._lock:
            frames = self._frames.give_up_in_flight()
            if waiting:
                frames += self._frames.give_up_waiting()
        if frames:
            self._listener.given_up(frames, reason, detail)
