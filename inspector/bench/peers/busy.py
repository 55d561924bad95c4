"""How much of the cores other programs took meanwhile, from the system's own count."""

from __future__ import annotations

import os
import time
from pathlib import Path

_IDLE = slice(3, 5)
"""The fields of /proc/stat for time without work: idle, waiting for a disk. See proc_stat(5)."""
_COUNTED = 8
"""Fields that add up to all of the time; the two after them are counted in the first two already."""


class BusyCores:
    """Counts from its making on."""

    def __init__(self) -> None:
        self._cores = os.sched_getaffinity(0)
        self._begun = time.perf_counter()
        self._busy_s = self._now_s()

    def others(self, own_s: float) -> float:
        """Share of the cores' time that was not idle and not ``own_s``, the CPU time of what was measured, seconds; 0..1."""
        wall_s = (time.perf_counter() - self._begun) * len(self._cores)
        return min(1.0, max(0.0, (self._now_s() - self._busy_s - own_s) / wall_s))

    def _now_s(self) -> float:
        """Time in which these cores did something since the machine's start, seconds."""
        ticks = 0
        for line in Path("/proc/stat").read_text().splitlines():
            name, *fields = line.split()
            if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in self._cores:
                counted = [int(field) for field in fields[:_COUNTED]]
                ticks += sum(counted) - sum(counted[_IDLE])
        return ticks / os.sysconf("SC_CLK_TCK")
