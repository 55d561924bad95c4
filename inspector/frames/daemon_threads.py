"""Threads that never delay the end of the process.

The threads of ``concurrent.futures.ThreadPoolExecutor`` are joined when the interpreter ends, without limit: one read of a file on a
server that has gone would keep a stopped daemon alive for ever. These are daemon threads: what hangs is left behind.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")

_Job = tuple["Future[Any]", Callable[[], Any]]


class DaemonThreads:
    """A pool of daemon threads. ``submit`` and ``close`` may be called from any thread."""

    def __init__(self, threads: int, name: str) -> None:
        """At most ``threads`` are started, each when a job needs it. ``name`` is the beginning of their names."""
        self._most = threads
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def submit(self, job: Callable[[], Result]) -> Future[Result]:
        """Run ``job`` on one of the threads. Raises RuntimeError after ``close``."""
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the threads {self._name!r} are closed")
            self._jobs.put((future, job))
            if len(self._threads) < self._most:
                name = f"{self._name}-{len(self._threads)}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def close(self, timeout_s: float) -> bool:
        """Cancel the jobs that have not begun and wait, at most ``timeout_s``, for the others; False where one was left behind."""
        with self._lock:
            self._closed = True
            threads = tuple(self._threads)
        self._cancel_waiting()
        for _ in threads:
            self._jobs.put(None)
        until_s = time.monotonic() + timeout_s
        for thread in threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _cancel_waiting(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            if job is not None:
                job[0].cancel()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            if future.set_running_or_notify_cancel():
                try:
                    result = work()
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)
                    del result
            # Nothing of a finished job is kept while the thread waits for the next.
            del job, future, work
