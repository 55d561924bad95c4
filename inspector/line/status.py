"""The state and the health of the line: the parts report what happens to them, and ``LineStatus`` alone decides.

A line that runs while a part is in trouble is degraded: every frame still gets its verdict, but something needs a person.
What needs a person without such haste (a dimming lamp) is reported as maintenance: it is part of the health, not of the state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from inspector.line.health import health_of, reason
from inspector.protocol.messages import Health, HealthReason, LineState, Signal
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
        self._phase_reason = "starting", "the line starts"
        """Code and text of the phase, for the health of a line that does not run."""
        self._troubles: dict[str, HealthReason] = {}
        """By part; the line is degraded while there is one."""
        self._maintenance: dict[str, HealthReason] = {}
        """By part; they leave the state as it is."""
        self._failures: dict[str, str] = {}
        self._engines = ""

    @property
    def state(self) -> LineState:
        """The state of the line now."""
        with self._lock:
            return self._state()

    @property
    def health(self) -> Health:
        """The health of the line now, with its reasons."""
        with self._lock:
            return self._health()

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
            self._phase, self._phase_reason = phase, (code, text)
            self._publish_now(code, text)
            if started:
                for trouble in self._troubles.values():
                    self._publish_now(trouble.code, trouble.text)

    def progress(self, code: str, text: str, *, publish: bool = True) -> None:
        """Report what the start does now; it is published unless told otherwise. Once the line has started this does nothing."""
        with self._lock:
            if self._phase is LineState.STARTING:
                self._phase_reason = code, text
                if publish:
                    self._publish_now(code, text)

    def trouble(self, part: str, code: str, text: str) -> None:
        """Report that ``part`` of the line is in trouble, until ``well`` is called for it. The line is degraded meanwhile."""
        self.condition(part, False, code, text)

    def maintenance(self, part: str, code: str, text: str) -> None:
        """Report that ``part`` needs a person before long, until ``well`` is called for it. The state of the line stays as it is."""
        self.condition(part, False, code, text, degrades=False)

    def well(self, part: str, code: str, text: str) -> None:
        """Report that ``part`` of the line works again, or needs nobody any more."""
        self.condition(part, True, code, text)

    def condition(self, part: str, well: bool, code: str, text: str, *, degrades: bool = True) -> None:
        """Report that ``part`` of the line works again, or is in trouble; without ``degrades`` as ``maintenance``. What is reported of a
        part replaces what was reported before."""
        with self._lock:
            self._troubles.pop(part, None)
            self._maintenance.pop(part, None)
            if not well:
                (self._troubles if degrades else self._maintenance)[part] = reason(part, code, text)
            self._tell(code, text)

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

    # What follows runs under the lock.

    def _state(self) -> LineState:
        degraded = self._troubles and self._phase is LineState.RUNNING
        return LineState.DEGRADED if degraded else self._phase

    def _health(self) -> Health:
        reasons = [*self._troubles.values(), *self._maintenance.values()]
        for part, text in self._failures.items():
            if not any(text in trouble.text for trouble in self._troubles.values()):  # else the part is listed already
                reasons.append(reason(part, "part_failed", text))
        if self._phase is not LineState.RUNNING:
            reasons.append(reason("line", *self._phase_reason, Signal.FUNCTION_CHECK))
        return health_of(reasons)

    def _tell(self, code: str, text: str) -> None:
        """Before the line has started, and after it has stopped, nothing is published; troubles are kept for the end of the start."""
        if self._phase not in (LineState.STARTING, LineState.STOPPED):
            self._publish_now(code, text)

    def _publish_now(self, code: str, text: str) -> None:
        status = Status(state=self._state(), code=code, text=text, engines=self._engines, health=self._health())
        self._publish(status)
