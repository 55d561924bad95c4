"""How fast answers are given: so many publications a second, and never more than a share of the time, so that live results come first."""

from __future__ import annotations

import time

SHARE = 0.6
"""Of the time, in which answers may be worked on. One interpreter lock is shared with the publisher and the judges."""
_LONG_S = 0.005
"""A step that takes longer, by the clock, was held up: others need the processor."""
_CROWDED_SHARE = 0.2
"""Of the time, then."""
_CATCH_UP_S = 0.02
"""A thread that was woken late may work this much more."""


class Pace:
    """Says when the next step may be done. For one thread."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._due_s = 0.0
        self.longest_step_s = 0.0
        """Processor time of the longest step so far, during which no other thread of the process may have run."""

    def due_in_s(self) -> float:
        """Until the next step."""
        return max(0.0, self._due_s - time.monotonic())

    def done(self, publications: int, began_s: float, cpu_s: float) -> None:
        """A step is done that began at ``began_s``, monotonic, and took ``cpu_s`` of the processor's time."""
        took_s = time.monotonic() - began_s
        self.longest_step_s = max(self.longest_step_s, cpu_s)
        cost_s = max(publications / self._per_s, took_s / (SHARE if took_s < _LONG_S else _CROWDED_SHARE))
        self._due_s = max(self._due_s, began_s - (_CATCH_UP_S if took_s < _LONG_S else 0)) + cost_s
