"""The state of the line: the parts report what happens to them, and ``LineStatus`` alone decides the state.

A line that runs while a part is in trouble is degraded: every frame still gets its verdict, but something needs a person.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from inspector.protocol.messages import LineState
from inspector.results.status import Status

PHASES: dict[LineState, frozenset[LineState]] = {
    LineState.STARTING: frozenset({LineState.RUNNING, LineState.DRAINING, LineState.STOPPED}),
    LineState.RUNNING: frozenset({LineState.PAUSED, LineState.DRAINING, LineState.STOPPED}),
    LineState.PAUSED: frozenset({LineState.RUNNING, LineState.DRAINING, LineState.STOPPED}),
    LineState.DRAINING: frozenset({LineState.STOPPED}),
    LineState.STOPPED: frozenset(),
}
"""The phases that may follow each phase. DEGRADED is not a phase: it is the state of a RUNNING line while a part is in trouble."""


class LineStatus:
    """Decides and publishes the line's state. Every method may be called from any thread."""

    def __init__(self, publish: Callable[[Status], None]) -> None:
        """``publish`` is called under a lock, so that statuses are sent in the order in which they were decided; it should only queue."""
        self._publish = publish
        self._lock = threading.Lock()
        self._phase = LineState.STARTING
        self._troubles: dict[str, tuple[str, str]] = {}
        """Code and text, by part."""
        self._failures: dict[str, str] = {}
        self._engines = ""

    @property
    def state(self) -> LineState:
        """The state of the line now."""
        with self._lock:
            return self._state()

    @property
    def started(self) -> bool:
        """Whether the line has started, or even stopped."""
        with self._lock:
            return self._phase is not LineState.STARTING

    @property
    def failures(self) -> list[str]:
        """Parts that stopped early, and why, one line each."""
        with self._lock:
            return [f"{part}: {text}" for part, text in self._failures.items()]

    def enter(self, phase: LineState, code: str, text: str) -> None:
        """Enter the next phase; ``code`` is for programs, ``text`` one line for a person. Raises AssertionError for a phase that may not follow."""
        with self._lock:
            if phase not in PHASES[self._phase]:
                raise AssertionError(f"the line cannot go from {self._phase.value} to {phase.value}")
            started = self._phase is LineState.STARTING and phase is LineState.RUNNING
            self._phase = phase
            self._publish_now(code, text)
            if started:
                for trouble in self._troubles.values():
                    self._publish_now(*trouble)

    def trouble(self, part: str, code: str, text: str) -> None:
        """Report that ``part`` of the line is in trouble, until ``well`` is called for it."""
        with self._lock:
            self._troubles[part] = code, text
            self._tell(code, text)

    def well(self, part: str, code: str, text: str) -> None:
        """Report that ``part`` of the line works again."""
        with self._lock:
            self._troubles.pop(part, None)
            self._tell(code, text)

    def condition(self, part: str, well: bool, code: str, text: str) -> None:
        """Report that ``part`` of the line works again, or is in trouble."""
        (self.well if well else self.trouble)(part, code, text)

    def note(self, code: str, text: str) -> None:
        """Report something that does not change the line's state."""
        with self._lock:
            self._tell(code, text)

    def failed(self, part: str, text: str) -> None:
        """Report that ``part`` stopped early; the run counts as failed."""
        with self._lock:
            self._failures.setdefault(part, text)

    def engines(self, text: str) -> None:
        """Set what computes from now on, for a person; it is part of every status."""
        with self._lock:
            self._engines = text

    def _state(self) -> LineState:
        degraded = self._troubles and self._phase is LineState.RUNNING
        return LineState.DEGRADED if degraded else self._phase

    def _tell(self, code: str, text: str) -> None:
        """Under the lock. Before the line has started, and after it has stopped, nothing is published; troubles are kept for the end of
        the start."""
        if self._phase not in (LineState.STARTING, LineState.STOPPED):
            self._publish_now(code, text)

    def _publish_now(self, code: str, text: str) -> None:
        self._publish(Status(state=self._state(), code=code, text=text, engines=self._engines))
