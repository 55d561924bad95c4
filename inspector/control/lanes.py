"""A thread that does one thing after another, from a queue that has an end."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

log = logging.getLogger(__name__)


class Task(NamedTuple):
    """Something to do."""

    run: Callable[[], None]
    drop: Callable[[], None]
    """Called instead, where the lane closes before its turn comes."""


class Lane:
    """The thread and its queue. ``put`` may be called from any thread."""

    def __init__(self, name: str, most_waiting: int) -> None:
        self._queue: queue.Queue[Task | None] = queue.Queue(most_waiting)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, task: Task) -> bool:
        """Queue ``task``; False where the queue is full, or the lane closes. Never blocks."""
        if self._closing.is_set():
            return False
        try:
            self._queue.put_nowait(task)
        except queue.Full:
            return False
        return True

    def close(self, timeout_s: float) -> bool:
        """Drop what waits and let what is under way end; False where it has not after ``timeout_s``."""
        self._closing.set()
        if self._thread.ident is None:
            return True
        while self._drop_one():
            pass
        self._queue.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (task := self._queue.get()) is not None:
            try:
                (task.drop if self._closing.is_set() else task.run)()
            except Exception:
                log.exception("a command could not be finished")

    def _drop_one(self) -> bool:
        try:
            task = self._queue.get_nowait()
        except queue.Empty:
            return False
        if task is not None:
            task.drop()
        return True
