"""Waiting for engines that are asynchronous: order, how many batches are under way, and what a failure leaves behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.bundle import Bundle
from engines.errors import EngineError
from engines.runtime.load import load_engines
from engines.runtime.runner import GateRequest, SegmenterRequest, SynchronousRunner
from tests.tiny_bundle import frame_with, make_tiny_bundle

LEVELS = range(101, 131)


@pytest.fixture
def engines(tiny_bundle: Bundle) -> Iterator[Any]:
    loaded = load_engines(tiny_bundle, runtime="openvino", precision="f32", lanes=2, max_batch=3)
    yield loaded.engines
    loaded.engines.close()


class Held:
    """The engines of the CPU runtime behind a valve: the gate's outputs come when they are let go, in the order that is told."""

    def __init__(self, engines: Any) -> None:
        self._engines = engines
        self.segmenter = engines.segmenter
        self.in_flight = engines.in_flight
        self.gate = self
        self.max_batch = engines.gate.max_batch
        self.waiting: list[Callable[[], None]] = []
        self.most = 0

    def enqueue(self, frames: Sequence[NDArray[np.uint8]], done: Callable[[Any], None]) -> None:
        ready = threading.Event()
        outputs: list[Any] = []
        self._engines.gate.enqueue(frames, lambda output: (outputs.append(output), ready.set()))
        assert ready.wait(10)
        self.waiting.append(lambda: done(outputs[0]))
        self.most = max(self.most, len(self.waiting))
        if len(self.waiting) == self.in_flight:
            self.waiting.pop()()  # the newest first


def requests(levels: Sequence[int] = LEVELS) -> Iterator[GateRequest]:
    return (GateRequest([frame_with([(level, 2)])], f"level {level}") for level in levels)


def scores(outputs: Iterator[Any]) -> list[int]:
    return [round(float(output.scores[0]) * 255) for output in outputs]


def test_outputs_come_in_the_order_of_the_requests(engines: Any) -> None:
    assert scores(SynchronousRunner(engines).in_order(requests())) == list(LEVELS)


def test_no_request_is_taken_before_there_is_room_for_it(engines: Any) -> None:
    taken: list[int] = []

    def noted() -> Iterator[GateRequest]:
        for level, request in zip(LEVELS, requests(), strict=True):
            taken.append(level)
            yield request

    completed = SynchronousRunner(engines).as_completed(noted(), in_flight=4)
    assert taken == []
    for got, _ in enumerate(completed, 1):
        assert len(taken) == min(got + 4, len(LEVELS))


def test_outputs_that_come_out_of_order_are_put_in_order(engines: Any) -> None:
    held = Held(engines)
    levels = LEVELS[: held.in_flight + 1]
    runner = SynchronousRunner(held)  # type: ignore[arg-type]
    completed = runner.as_completed(requests(levels))
    assert [next(completed)[0] for _ in range(2)] == [held.in_flight - 1, held.in_flight]
    assert held.most == held.in_flight
    for let_go in reversed(held.waiting):
        let_go()
    assert [number for number, _ in completed] == list(reversed(range(held.in_flight - 1)))


def test_masks_are_written_and_checked(engines: Any) -> None:
    frames = [frame_with([(64, 3)]), frame_with([(192, 2)])]
    masks = [np.zeros_like(frame) for frame in frames]
    runner = SynchronousRunner(engines, thresholds=(0.5, 0.5))
    assert runner.segment(frames, masks, "both").pixels.tolist() == [[9, 0], [0, 4]]
    assert [int(mask.sum()) for mask in masks] == [9, 2 * 4]
    # A runner that is told other thresholds than the engine has finds the engine in contradiction.
    wrong = SynchronousRunner(engines, thresholds=(0.5, 0.0001))
    with pytest.raises(
        EngineError, match=r"^faint\.png: the segmenter marks 0 pixels .* with probability 0\.25 at most"
    ):
        wrong.segment([frame_with([(180, 2)])], masks[:1], "faint.png")


def test_a_failure_names_engine_and_frame_and_leaves_nothing_under_way(engines: Any) -> None:
    def some() -> Iterator[GateRequest]:
        yield from requests(LEVELS[:3])
        yield GateRequest([np.zeros((3, 3), np.uint8)], "small.png")
        yield from requests(LEVELS[:3])

    runner = SynchronousRunner(engines)
    with pytest.raises(EngineError, match=r"^the gate failed on small\.png: [^\n]*incompatible$"):
        list(runner.in_order(some()))
    assert scores(iter([runner.gate([frame_with([])], "next")])) == [100]


def test_what_is_no_probability_is_refused_only_where_outputs_are_checked(tmp_path: Any) -> None:
    bundle = make_tiny_bundle(tmp_path / "odd", gate_nan_at=150)
    engines = load_engines(bundle, runtime="openvino", precision="f32", lanes=1).engines
    odd = [frame_with([(150, 2)])]
    try:
        assert np.isnan(SynchronousRunner(engines).gate(odd, "odd.png").scores[0])
        with pytest.raises(EngineError, match=r"^odd\.png: the gate gave nan, which is not a probability"):
            SynchronousRunner(engines, thresholds=(0.5, 0.5)).gate(odd, "odd.png")
    finally:
        engines.close()


def test_an_engine_that_hangs_is_given_up_in_time(engines: Any) -> None:
    held = Held(engines)
    runner = SynchronousRunner(held, timeout_s=0.2)  # type: ignore[arg-type]
    begun = time.monotonic()
    with pytest.raises(EngineError, match=r"^the gate gave no output for level 101 within 0\.2 s$"):
        list(runner.in_order(requests(LEVELS[:2])))
    assert time.monotonic() - begun < 2


def test_a_source_that_raises_is_heard_when_all_is_finished(engines: Any) -> None:
    masks = [np.full_like(frame_with([]), 255) for _ in range(3)]

    def some() -> Iterator[SegmenterRequest]:
        for mask in masks:
            yield SegmenterRequest([frame_with([(64, 3)])], [mask], "square")
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(SynchronousRunner(engines).in_order(some(), in_flight=8))
    assert [int(mask.sum()) for mask in masks] == [9, 9, 9]
