"""What the child refuses to pass on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engines.bundle import Bundle
from engines.runtime.engine import Engines
from engines.runtime.load import load_engines
from inspector.frames.ring import FrameRing
from inspector.frames.size import FrameSize
from inspector.inference.cascade import Cascade
from inspector.inference.messages import ChildFigures, InferenceResult, InferenceResults, Stop, Work, WorkItem
from inspector.inference.pace import Pace
from inspector.inference.worker import Loop, Planes
from tests.tiny_bundle import frame_with

USUAL = 12
"""Frames in flight."""


class Watched:
    """An engine of the CPU runtime, and the batches it was given; the answers come when they are let go."""

    def __init__(self, engine: Any, in_flight: int) -> None:
        self._engine = engine
        self.max_batch, self.in_flight = engine.max_batch, in_flight
        self.sizes: list[int] = []
        self.under_way = self.most_under_way = 0
        self.held = threading.Semaphore(0)

    def enqueue(self, frames: Any, *rest: Any, **options: Any) -> None:
        *masks, done = rest
        self.sizes.append(len(frames))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)

        def later(answer: Any) -> None:
            self.held.acquire()
            self.under_way -= 1
            done(answer)

        self._engine.enqueue(frames, *masks, lambda answer: threading.Thread(target=later, args=(answer,)).start())


class WatchedEngines:
    """Both engines of the CPU runtime as a device that takes two batches of each at a time."""

    idle_s = None

    def __init__(self, engines: Engines) -> None:
        self.gate, self.segmenter = Watched(engines.gate, 2), Watched(engines.segmenter, 2)
        self.in_flight = 4


class Cascading:
    """The child's loop in a thread, over ring memory."""

    def __init__(self, bundle: Bundle, engines: Engines, segmenter_max_wait_us: int) -> None:
        self.engines = WatchedEngines(engines)
        size = FrameSize(bundle.height, bundle.width)
        self.ring = FrameRing(32, size)
        self.planes = Planes(self.ring.frames, self.ring.masks(), size)
        self.mail: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[InferenceResult] = queue.SimpleQueue()
        self.sending = threading.Semaphore(1000)
        """Messages that can be sent before the loop is held."""
        self.waits_to_send = False
        self.messages: list[int] = []
        """Results in each message."""
        self.in_flight: set[int] = set()
        self.figures: list[ChildFigures] = []
        cascade = Cascade(0.5, 4, 4, 0, segmenter_max_wait_us * 1000)
        loop = Loop(
            cascade, self.engines, self.planes, self.mail, self._report, (0.5, 0.5), Pace(USUAL, any_batch=False)
        )  # type: ignore[arg-type]
        self.thread = threading.Thread(target=loop.run)
        self.thread.start()

    def _report(self, message: Any) -> bool:
        if isinstance(message, ChildFigures):
            self.figures.append(message)
            return True
        assert isinstance(message, InferenceResults)
        self.waits_to_send = True
        self.sending.acquire()
        self.messages.append(len(message.results))
        self.in_flight.add(message.in_flight)
        for result in message.results:
            self.results.put(result)
        return True

    def send(self, slots: dict[int, bool]) -> None:
        for slot, defective in slots.items():
            self.planes.frames.view((slot, 0), self.planes.size)[...] = frame_with([(192, 3)] if defective else [])
        self.mail.put(Work([WorkItem(slot) for slot in slots]))

    def take(self, count: int) -> dict[int, InferenceResult]:
        found = [self.results.get(timeout=10) for _ in range(count)]
        return {result.slot: result for result in found}

    def close(self) -> None:
        for engine in (self.engines.gate, self.engines.segmenter):
            engine.held.release(1000)
        self.sending.release(1000)
        self.mail.put(Stop())
        self.thread.join(10)
        self.planes.masks.close()
        self.ring.close()


@pytest.fixture
def cascading(tiny_bundle: Bundle) -> Iterator[Callable[[int], Cascading]]:
    engines = load_engines(tiny_bundle, runtime="openvino", precision="f32", max_batch=4).engines
    opened: list[Cascading] = []

    def make(segmenter_max_wait_us: int) -> Cascading:
        opened.append(Cascading(tiny_bundle, engines, segmenter_max_wait_us))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
    engines.close()


def wait_for(met: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if met():
            return
        pause.wait(0.01)
    raise AssertionError("not within 10 s")


def test_each_engine_has_two_batches_and_no_more(cascading: Callable[[int], Cascading]) -> None:
    line = cascading(0)
    gate, segmenter = line.engines.gate, line.engines.segmenter
    line.send(dict.fromkeys(range(20), True))
    wait_for(lambda: gate.under_way == 2)
    gate.held.release(3)
    # Two batches are with the segmenter, a third one's frames wait for room there: the gate goes on all the same.
    wait_for(lambda: segmenter.under_way == 2 and gate.under_way == 2)
    assert line.results.empty(), (
        "no slot is answered, and so none is reused, while a copy from or to it may be under way"
    )
    gate.held.release(100)
    segmenter.held.release(100)
    found = line.take(20)
    assert set(found) == set(range(20))
    assert all(answer.let_through and answer.pixels == (0, 9) for answer in found.values())
    assert (gate.most_under_way, segmenter.most_under_way) == (2, 2)
    assert gate.sizes == segmenter.sizes == [4] * 5


def test_let_through_frames_of_many_gate_batches_are_segmented_together(cascading: Callable[[int], Cascading]) -> None:
    line = cascading(1_000_000)
    line.engines.gate.held.release(100)
    line.engines.segmenter.held.release(100)
    line.send({slot: slot % 4 == 0 for slot in range(16)})
    found = line.take(16)
    assert line.engines.segmenter.sizes == [4]
    assert {slot for slot, answer in found.items() if answer.let_through} == {0, 4, 8, 12}


def test_a_lone_let_through_frame_waits_no_longer_than_it_must(cascading: Callable[[int], Cascading]) -> None:
    line = cascading(50_000)
    line.engines.gate.held.release(100)
    line.engines.segmenter.held.release(100)
    line.send({3: True, 4: False})
    assert line.take(2)[3].let_through
    assert line.engines.segmenter.sizes == [1]


def test_results_that_are_there_together_are_one_message(cascading: Callable[[int], Cascading]) -> None:
    line = cascading(0)
    gate, segmenter = line.engines.gate, line.engines.segmenter
    line.sending = threading.Semaphore(0)
    line.send(dict.fromkeys(range(8), True))
    gate.held.release(2)
    wait_for(lambda: segmenter.under_way == 2)
    line.send(dict.fromkeys(range(8, 16), False))
    wait_for(lambda: gate.under_way == 2)
    segmenter.held.release(1)
    wait_for(lambda: line.waits_to_send)
    segmenter.held.release(1)
    gate.held.release(2)
    wait_for(lambda: line.mail.qsize() == 3)
    line.sending.release(2)
    assert set(line.take(16)) == set(range(16))
    assert line.messages == [4, 12], "what was done while the first message was sent goes with the second"
    assert min(line.in_flight) >= USUAL
