"""A rig: ring, inference and a listener that remembers."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engines.bundle import Bundle
from inspector.config.inference import InferenceConfig
from inspector.frames.clock import now_ns
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder
from inspector.frames.meta import FrameMeta
from inspector.frames.ring import FrameRing
from inspector.frames.size import FrameSize
from inspector.inference.dispatcher import Dispatcher, Listener
from inspector.inference.inference import Inference
from inspector.inference.state import State
from tests.tiny_bundle import frame_with

JUDGES: Any = None
"""Inference only passes them on."""


class Rig:
    """Inference on real shared memory with a real child; everything it tells is kept."""

    def __init__(self, bundle: Bundle, slots: int, hold: bool, options: dict[str, Any], forced: Any = None) -> None:
        self.size = FrameSize(bundle.height, bundle.width)
        self.ring = FrameRing(slots, self.size, observer_slots=4)
        self.camera = Holder("camera")
        self.results: queue.Queue = queue.Queue()
        self.given_up: queue.Queue = queue.Queue()
        self.states: list[tuple[State, str]] = []
        self.break_next_result = False
        self._changed = threading.Condition()
        config = InferenceConfig(
            **{"runtime": "openvino", "precision": "f32", "lanes": 2, "restart_first_s": 0.05, **options}
        )
        listener = Listener(self._results, self._lost, self._state)
        self.inference = Inference(config, bundle, self.ring, listener, hold_while_down=hold, forced=forced)
        self._next = 0

    @property
    def pid(self) -> int | None:
        """The active bundle's child."""
        return self.inference.active.supervisor.child_pid

    def _results(self, source: Dispatcher, results: Any) -> None:
        if self.break_next_result:
            self.break_next_result = False
            raise RuntimeError("the listener broke")
        for frame, result in results:
            self.results.put((frame.meta, result))

    def _lost(self, frames: Any, reason: Any, detail: str) -> None:
        for frame in frames:
            self.given_up.put((frame, reason, detail))

    def _state(self, source: Dispatcher, state: State, text: str) -> None:
        with self._changed:
            self.states.append((state, text))
            self._changed.notify_all()

    def wait_state(self, state: State, times: int = 1, timeout_s: float = 20) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: [s for s, _ in self.states].count(state) >= times, timeout_s), (
                self.states
            )

    def submit(self, frame: Any = None, deadline_ns: int | None = None) -> int:
        """Put a frame into a free slot and submit it; returns its number."""
        lease = self.ring.leases.acquire(self.camera)
        assert lease is not None
        self.ring.pixels(lease, self.size)[...] = frame_with([]) if frame is None else frame
        number, self._next = self._next, self._next + 1
        meta = FrameMeta(camera="top", frame=number, captured_ns=now_ns(), deadline_ns=deadline_ns)
        self.inference.submit(LeasedFrame(lease, meta, JUDGES))
        return number


@pytest.fixture
def make_rig(tiny_bundle: Bundle) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(
        bundle: Bundle | None = None,
        *,
        slots: int = 16,
        hold: bool = False,
        ready: bool = True,
        forced: Any = None,
        **options: Any,
    ) -> Rig:
        rig = Rig(bundle or tiny_bundle, slots, hold, options, forced)
        rigs.append(rig)
        rig.inference.start()
        if ready:
            assert rig.inference.active.supervisor.wait_ready(30)
        return rig

    yield make
    for rig in rigs:
        rig.inference.stop(1.0)
        rig.ring.close()
