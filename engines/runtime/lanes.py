"""The lanes of the CPU runtime: threads that compute batches in parallel, shared by both engines.

They are shared because two pools would put two threads on each core, and slow both down.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

Job = Callable[[int], None]
"""Called with the number of the lane that runs it; must not raise."""

CORES_PER_LANE = 2


def default_lanes() -> int:
    """Number of lanes that keeps every core of this process busy, with several cores for a frame, so that it is done soon."""
    return max(1, available_cores() // CORES_PER_LANE)


def throughput_lanes() -> int:
    """Number of lanes for the most frames per second, where it does not matter how long a frame takes: each core has a lane, and while one waits
    for its next batch another computes."""
    return available_cores() + 1


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


class Lanes:
    """``count`` threads that run jobs in order of submission."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), name=f"lane-{lane}", daemon=True) for lane in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Run ``job`` on the next free lane."""
        self._jobs.put(job)

    def close(self) -> None:
        """Finish submitted jobs and end the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self, lane: int) -> None:
        while (job := self._jobs.get()) is not None:
            job(lane)
