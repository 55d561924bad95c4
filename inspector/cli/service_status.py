"""What `inspector run` tells the service manager: that the line starts, runs and stops, and once a second how it does."""

from __future__ import annotations

import time
from collections import Counter, deque
from types import TracebackType
from typing import TYPE_CHECKING

from inspector.protocol.messages import LineState

if TYPE_CHECKING:
    from inspector.line.line import Line
    from inspector.protocol.messages import Health
    from inspector.service.notify import ServiceManager

STATUS_EVERY_S = 1.0
RATE_OVER = 10
"""The frame rate is that of so many seconds."""
START_MARGIN_S = 30.0
"""For all of a start that has no limit of its own: journal, cameras, the child's process."""


class ServiceStatus:
    """Reports a line to the service manager. To be entered before the line starts; leaving it says that the line stops."""

    def __init__(self, manager: ServiceManager, line: Line) -> None:
        self._manager = manager
        self._line = line
        self._due_s = 0.0
        self._frames: deque[tuple[float, int]] = deque(maxlen=RATE_OVER + 1)
        """Monotonic time and frames so far, once a second."""

    def __enter__(self) -> ServiceStatus:
        self._manager.starting(_longest_start_s(self._line), "starting: engines are loaded, cameras opened")
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: TracebackType | None) -> None:
        self._manager.stopping(f"stopping: {str(error) or type(error).__name__}" if error else "stopping")

    def running(self) -> None:
        """The line runs: engines are loaded and have answered their golden frames, cameras are open."""
        self._manager.ready(self._in_words())
        self._due_s = time.monotonic() + STATUS_EVERY_S

    def tick(self) -> None:
        """Report the figures where a second has passed."""
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + STATUS_EVERY_S
            self._manager.status(self._in_words())

    def ended(self, failures: list[str]) -> None:
        """The line has stopped; what is said now stays in `systemctl status`."""
        self._manager.status("; ".join(failures) or "stopped")

    def _in_words(self) -> str:
        health = self._line.health
        if self._line.status.state is LineState.STARTING:
            return f"starting: {health.reasons[0].text}" if health.reasons else "starting"
        snapshot = self._line.snapshot()
        frames = sum(books.frames for books in snapshot.counts.values())
        verdicts: Counter[str] = Counter()
        for books in snapshot.counts.values():
            verdicts.update({verdict.value: count for verdict, count in books.verdicts.items()})
        self._frames.append((time.monotonic(), frames))
        (begun_s, before), (now_s, _) = self._frames[0], self._frames[-1]
        rate = (frames - before) / (now_s - begun_s) if now_s > begun_s else 0.0
        counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()) or "no verdict yet"
        state = self._line.status.state.value
        return f"{state}: {rate:.1f} frames/s; {counted}; inference {snapshot.inference}; {_health_in_words(health)}"


def _health_in_words(health: Health) -> str:
    """The category, and the worst reason."""
    words = health.signal.value.replace("_", " ")
    if not health.reasons:
        return f"health {words}"
    worst, others = health.reasons[0], len(health.reasons) - 1
    return f"health {words}: {worst.part}: {worst.text}" + (f"; {others} more" if others else "")


def _longest_start_s(line: Line) -> float:
    """The longest that a start may take whose parts keep to their own limits."""
    results = line.config.results
    subscribers_s = results.wait_timeout_s if results.wait_for_subscribers else 0.0
    return line.config.inference.start_timeout_s + subscribers_s + START_MARGIN_S
