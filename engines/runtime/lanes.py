"""The lanes of the CPU runtime: a few threads that compute batches side by side, shared by both engines.

Shared, however many engines there are: two pools would put two threads on each core, and both would be late.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

Job = Callable[[int], None]
"""Called with the number of the lane that runs it; must not raise."""


class Lanes:
    """``count`` threads that run jobs in the order they came."""

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
        """Finish what was submitted and end the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self, lane: int) -> None:
        while (job := self._jobs.get()) is not None:
            job(lane)
