"""The state of the line, which has one owner: the parts report what happens to them, and it decides what the line is.

A line that runs while a part is in trouble is degraded: every frame still gets its verdict, but something needs a person.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from inspector.protocol.messages import LineState
from inspector.results.status import Status

PHASES: dict[LineState, frozenset[LineState]] = {
    LineState.STARTING: frozenset({LineState.RUNNING, LineState.DRAINING, LineState.STOPPED}),
    LineState.RUNNING: frozenset({LineState.DRAINING, LineState.STOPPED}),
    LineState.DRAINING: frozenset({LineState.STOPPED}),
    LineState.STOPPED: frozenset(),
}
"""Which way the line's life may go. DEGRADED is no phase of it: it is what RUNNING is called while a part is in trouble."""


class LineStatus:
    """Every method may be called from any thread."""

    def __init__(self, publish: Callable[[Status], None]) -> None:
        """``publish`` is called under a lock, so that statuses leave in the order in which they were decided; it should only queue."""
        self._publish = publish
        self._lock = threading.Lock()
        self._phase = LineState.STARTING
        self._troubles: dict[str, str] = {}
        self._failures: dict[str, str] = {}
        self._engines = ""

    @property
    def state(self) -> LineState:
        """What the line is now."""
        with self._lock:
            return self._state()

    @property
    def failures(self) -> list[str]:
        """Parts that ended before their time, and why, one line each."""
        with self._lock:
            return [f"{part}: {text}" for part, text in self._failures.items()]

    def enter(self, phase: LineState, code: str, text: str) -> None:
        """The line's life goes on; ``code`` is for programs, ``text`` one line for a person."""
        with self._lock:
            if phase not in PHASES[self._phase]:
                raise AssertionError(f"the line cannot go from {self._phase.value} to {phase.value}")
            self._phase = phase
            self._tell(code, text)

    def trouble(self, part: str, code: str, text: str) -> None:
        """``part`` of the line is in trouble until ``well`` is told of it."""
        with self._lock:
            self._troubles[part] = text
            self._tell(code, text)

    def well(self, part: str, code: str, text: str) -> None:
        """``part`` of the line is as it should be."""
        with self._lock:
            self._troubles.pop(part, None)
            self._tell(code, text)

    def note(self, code: str, text: str) -> None:
        """Something happened that changes nothing of the line's state."""
        with self._lock:
            self._tell(code, text)

    def failed(self, part: str, text: str) -> None:
        """``part`` ended before its time; the run counts as failed."""
        with self._lock:
            self._failures.setdefault(part, text)

    def engines(self, text: str) -> None:
        """What computes from now on; every status says it."""
        with self._lock:
            self._engines = text

    def _state(self) -> LineState:
        degraded = self._troubles and self._phase is LineState.RUNNING
        return LineState.DEGRADED if degraded else self._phase

    def _tell(self, code: str, text: str) -> None:
        """Under the lock. While the line starts nothing is published: what comes of it is told by how the start ends."""
        if self._phase is not LineState.STARTING:
            self._publish(Status(state=self._state(), code=code, text=text, engines=self._engines))
