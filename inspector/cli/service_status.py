"""What `inspector run` tells the service manager: that the line starts, runs and stops, and once a second how it does."""

from __future__ import annotations

import faulthandler
import time
from collections import Counter, deque
from types import TracebackType
from typing import TYPE_CHECKING

from inspector.line.self_test import Progress, SelfTest
from inspector.protocol.messages import LineState

if TYPE_CHECKING:
    from inspector.line.line import Line
    from inspector.protocol.messages import Health
    from inspector.service.notify import ServiceManager

STATUS_EVERY_S = 1.0
SELF_TESTS = 6
"""A line without work has so many self-tests within ``WatchdogSec``."""
WATCHDOG_MARGIN_S = 5.0
"""To notice a child that hangs, to end it, and for what delays a loaded machine."""
RATE_OVER = 10
"""The frame rate is that of so many seconds."""
LONGEST_WATCHDOG_S = 86_400.0
"""systemd's field for it has an end."""
START_MARGIN_S = 30.0
"""For all of a start that has no limit of its own: journal, cameras, the child's process."""


class ServiceStatus:
    """Reports a line to the service manager. To be entered before the line starts; leaving it says that the line stops."""

    def __init__(self, manager: ServiceManager, line: Line) -> None:
        self._manager = manager
        self._line = line
        watchdog_s = manager.watchdog_s
        self._every_s = STATUS_EVERY_S if watchdog_s is None else min(STATUS_EVERY_S, watchdog_s / 4)
        self._self_test = None if watchdog_s is None else SelfTest(line, watchdog_s / SELF_TESTS)
        self._progress = Progress(line, self._self_test)
        self._due_s = 0.0
        self._frames: deque[tuple[float, int]] = deque(maxlen=RATE_OVER + 1)
        """Monotonic time and frames so far, once a second."""

    def __enter__(self) -> ServiceStatus:
        if self._self_test is not None:
            faulthandler.enable()  # the watchdog ends this process by SIGABRT: the log then has the stack of each thread
        self._manager.starting(_longest_start_s(self._line), "starting: engines are loaded, cameras opened")
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._self_test is not None:
            self._self_test.stop()
        self._manager.stopping(f"stopping: {str(error) or type(error).__name__}" if error else "stopping")

    def running(self) -> None:
        """The line runs: engines are loaded and have answered their golden frames, cameras are open."""
        self._manager.ready(self._in_words(), watchdog_s=self._longer_watchdog_s())
        self._due_s = time.monotonic() + self._every_s
        if self._self_test is not None:
            self._self_test.start()

    def tick(self) -> None:
        """Report the figures where a second has passed, and to the watchdog that the line has done its work meanwhile, where it has."""
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + self._every_s
            alive = self._manager.watchdog_s is not None and self._progress.made()
            self._manager.status(self._in_words(), alive=alive)

    def reloading(self) -> None:
        """The line reads its configuration again; ``reloaded`` is to follow, whatever comes of it."""
        self._manager.reloading(f"reloading the configuration; {self._in_words()}")

    def reloaded(self) -> None:
        """The line has taken over, or refused, what it read."""
        self._manager.reloaded(self._in_words())

    def _longer_watchdog_s(self) -> float | None:
        """How long the watchdog has to wait where the unit's ``WatchdogSec`` is too short for this line: a child that hangs is noticed after
        ``stall_timeout_s`` and replaced, which is no reason to end the daemon. None: the unit's is long enough."""
        watchdog_s = self._manager.watchdog_s
        if watchdog_s is None:
            return None
        needed_s = self._line.config.inference.stall_timeout_s + 2 * watchdog_s / SELF_TESTS + WATCHDOG_MARGIN_S
        return min(needed_s, LONGEST_WATCHDOG_S) if needed_s > watchdog_s else None

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
        if (sheets := self._line.sheets) is not None:
            of_sheets: Counter[str] = Counter()
            for (verdict, _), count in sheets.settled.items():
                of_sheets[verdict.value] += count
            counted += "; sheets: " + (", ".join(f"{n} {verdict}" for verdict, n in of_sheets.items()) or "none yet")
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
