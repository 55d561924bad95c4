"""Work on single frames by a few threads, whose outcomes are passed on in groups while more work waits.

Passing one on (settling, releasing, waking the publisher) costs nearly as much as judging a mask, and hardly more for several.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from inspector.frames.clock import now_ns
from inspector.frames.daemon_threads import DaemonThreads

log = logging.getLogger(__name__)

Piece = TypeVar("Piece")
Outcome = TypeVar("Outcome")

TOGETHER_NS = 500_000
"""An outcome waits for the next ones until they have taken this long, ns; it waits for none where no work waits."""


class Groups(Generic[Piece, Outcome]):
    """A queue of pieces of work and the threads that do them. ``add`` and ``close`` may be called from any thread."""

    def __init__(
        self,
        threads: int,
        name: str,
        work: Callable[[Piece], Outcome],
        finish: Callable[[Sequence[Outcome]], None],
        slow: Callable[[Piece], bool] = lambda piece: False,
    ) -> None:
        """``work`` and ``finish`` are called in the threads, of which there are at most ``threads``. Neither is to raise: that is
        logged, and outcomes not yet finished are lost. No outcome waits for a piece that is ``slow``."""
        self._most = threads
        self._name = name
        self._threads = DaemonThreads(threads, name)
        self._work, self._finish, self._slow = work, finish, slow
        self._lock = threading.Lock()
        self._waiting: deque[Piece] = deque()
        self._at_work = 0
        """Threads that take pieces until none is left."""
        self._closed = False

    def add(self, pieces: Sequence[Piece]) -> None:
        """Have pieces of work done, in about this order. Raises RuntimeError after ``close``."""
        with self._lock:
            self._waiting.extend(pieces)
            needed = min(self._most, len(self._waiting)) - self._at_work
            for _ in range(needed):
                self._threads.submit(self._run)
                self._at_work += 1

    @property
    def waiting(self) -> int:
        """Pieces that no thread has taken yet."""
        return len(self._waiting)

    def close(self, timeout_s: float) -> bool:
        """Begin no further piece and wait, at most ``timeout_s``, for those that are under way; False where one was left behind."""
        self._closed = True
        return self._threads.close(timeout_s)

    def _run(self) -> None:
        while True:
            try:
                self._work_off()
            except (
                Exception
            ):  # of a kind that work and finish do not expect; without this no thread would take the pieces that follow
                log.exception("work on %s failed, and goes on with the next piece", self._name)
            else:
                return

    def _work_off(self) -> None:
        """Do pieces until none waits."""
        done: list[Outcome] = []
        since_ns = now_ns()
        while (piece := self._next(done)) is not None:
            if done and self._slow(piece):
                self._finish(done)
                done = []
            if not done:
                since_ns = now_ns()
            done.append(self._work(piece))
            del piece
            if now_ns() - since_ns >= TOGETHER_NS:
                self._finish(done)
                done = []

    def _next(self, done: list[Outcome]) -> Piece | None:
        """The next piece; where none waits, ``done`` is finished first and emptied. None: this thread ends its work."""
        while True:
            with self._lock:
                if self._waiting and not self._closed:
                    return self._waiting.popleft()
                if not done:
                    self._at_work -= 1
                    return None
            self._finish(done)
            done.clear()
