"""What was found to be wrong."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from enum import Enum

import msgspec

MOST_KEPT = 200
"""Violations that are kept in full; further ones are only counted."""


class Kind(str, Enum):
    """Which of the promises is broken."""

    VERDICTS = "verdicts"
    """A frame has no verdict, or two; the watermark is ahead of the verdicts, or falls."""
    NUMBERS = "numbers"
    """Publications are not numbered without a gap, or one is there twice."""
    STORED = "stored"
    """The journal has something else than was published, or lacks what it should have."""
    RECOVERY = "recovery"
    """A publication is reported as missed that could have been recovered, or that should have been stored."""
    TOTALS = "totals"
    """The totals of a run are not those of its frames."""
    JUDGEMENT = "judgement"
    """A frame has another verdict than others that show the same sheet, or one after its deadline."""
    GATE = "gate"
    """The reject controller let something through that has no PASS in time."""
    TOLD = "told"
    """What happened was not published."""
    WELL = "well"
    """The line was not well again within the time that it is given."""
    GROWTH = "growth"
    """Memory, descriptors or threads of a process grow."""
    ENDED = "ended"
    """A process ended by itself, or does not end when it is told to."""


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that was not kept."""

    after_s: float
    kind: Kind
    text: str


class Findings:
    """Collects violations; from any thread."""

    def __init__(self, found: Callable[[Violation], None] = lambda _: None) -> None:
        """``found`` is called with each, in the thread that reports it."""
        self.begun_s = time.monotonic()
        self.kept: list[Violation] = []
        self.counts: Counter[Kind] = Counter()
        self._found = found
        self._lock = threading.Lock()

    def broken(self, kind: Kind, text: str) -> None:
        """Report one."""
        violation = Violation(after_s=round(time.monotonic() - self.begun_s, 3), kind=kind, text=text)
        with self._lock:
            self.counts[kind] += 1
            if len(self.kept) >= MOST_KEPT:
                return
            self.kept.append(violation)
        self._found(violation)
