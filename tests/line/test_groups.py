"""Work whose outcomes are passed on in groups while more of it waits."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from inspector.frames.clock import now_ns
from inspector.line.groups import TOGETHER_NS, Groups


class Bench:
    """Pieces are numbers; each is held until it is let go."""

    def __init__(
        self,
        threads: int = 1,
        work: Callable[[int], int] | None = None,
        slow: Callable[[int], bool] = lambda piece: False,
    ) -> None:
        self.begun: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.held = threading.Semaphore(0)
        self.finished: queue.SimpleQueue[list[int]] = queue.SimpleQueue()
        self.groups = Groups(threads, "test", work or self._work, self._finish, slow)

    def _work(self, piece: int) -> int:
        self.begun.put(piece)
        self.held.acquire()
        return piece

    def _finish(self, done: Sequence[int]) -> None:
        self.finished.put(list(done))


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(*arguments: object) -> Bench:
        made.append(Bench(*arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for bench in made:
        bench.held.release(1000)
        assert bench.groups.close(10)


def test_an_outcome_waits_for_none_where_no_work_waits(make_bench) -> None:
    bench = make_bench()
    bench.held.release(3)
    for number in range(3):
        bench.groups.add([number])
        assert bench.finished.get(timeout=10) == [number]


def test_outcomes_of_quick_work_go_together_and_in_order(make_bench) -> None:
    bench = make_bench()
    bench.groups.add([0])
    assert bench.begun.get(timeout=10) == 0
    bench.groups.add(range(1, 200))
    bench.held.release(200)
    groups: list[list[int]] = []
    while sum(map(len, groups)) < 200:
        groups.append(bench.finished.get(timeout=10))
    assert [number for group in groups for number in group] == list(range(200))
    assert len(groups) < 100


def test_no_outcome_waits_for_a_slow_piece(make_bench) -> None:
    bench = make_bench(1, None, lambda piece: piece == 2)
    bench.groups.add([0])
    assert bench.begun.get(timeout=10) == 0
    bench.groups.add([1, 2, 3])
    bench.held.release(2)
    assert bench.begun.get(timeout=10) == 1
    assert bench.begun.get(timeout=10) == 2
    passed_on = bench.finished.get(timeout=10)
    if passed_on == [0]:  # the machine was busy, and 0 alone took the time after which a group is passed on
        passed_on += bench.finished.get(timeout=10)
    assert passed_on == [0, 1]


def test_slow_work_is_passed_on_one_by_one(make_bench) -> None:
    def slow(piece: int) -> int:
        until_ns = now_ns() + TOGETHER_NS
        while now_ns() < until_ns:
            pass
        return piece

    bench = make_bench(1, slow)
    bench.groups.add(range(5))
    assert [bench.finished.get(timeout=10) for _ in range(5)] == [[number] for number in range(5)]


def test_all_threads_work_where_there_is_enough_and_no_more_than_those(make_bench) -> None:
    bench = make_bench(3)
    bench.groups.add(range(2))
    assert {bench.begun.get(timeout=10) for _ in range(2)} == {0, 1}
    bench.groups.add(range(2, 10))
    assert bench.begun.get(timeout=10) == 2
    assert bench.begun.empty()
    bench.held.release(10)
    done: list[int] = []
    while len(done) < 10:
        done += bench.finished.get(timeout=10)
    assert sorted(done) == list(range(10))


def test_closing_begins_nothing_more_and_finishes_what_is_done(make_bench) -> None:
    bench = make_bench()
    bench.groups.add(range(5))
    assert bench.begun.get(timeout=10) == 0
    closing = threading.Thread(target=lambda: bench.groups.close(10))
    closing.start()
    while not bench.groups._closed:
        pass
    bench.held.release(10)
    closing.join(10)
    assert bench.finished.get(timeout=10) == [0]
    assert bench.begun.empty()
    with pytest.raises(RuntimeError, match="closed"):
        bench.groups.add([9])


def test_work_that_raises_does_not_end_the_thread(make_bench, caplog: pytest.LogCaptureFixture) -> None:
    def work(piece: int) -> int:
        if piece == 1:
            raise MemoryError("as planted")
        return piece

    bench = make_bench(1, work)
    bench.groups.add([1])
    bench.groups.add([2])
    assert bench.finished.get(timeout=10) == [2]
    bench.groups.add([3])
    assert bench.finished.get(timeout=10) == [3]
    assert "as planted" in caplog.text
