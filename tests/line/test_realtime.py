"""Real-time priority of the threads that take frames, as far as this machine allows it."""

from __future__ import annotations

import os
import threading

import pytest

from inspector.line.realtime import take_realtime


def test_it_is_given_to_the_thread_and_those_that_it_starts_or_the_reason_is_told() -> None:
    told: list[str] = []
    policies: list[int] = []

    def inherits() -> None:
        policies.append(os.sched_getscheduler(0))

    def takes() -> None:
        told.append(take_realtime(7))
        inherits()
        started = threading.Thread(target=inherits)
        started.start()
        started.join()

    thread = threading.Thread(target=takes)
    thread.start()
    thread.join()
    if told == [""]:
        assert policies == [os.SCHED_FIFO] * 2
    else:
        assert told[0].startswith("real-time priority 7 was not given (")
        assert policies == [os.SCHED_OTHER] * 2
    assert os.sched_getscheduler(0) == os.SCHED_OTHER, "the thread alone"


@pytest.mark.parametrize("priority", [0, 100])
def test_a_priority_that_there_is_not_changes_nothing(priority: int) -> None:
    assert take_realtime(priority)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
