"""Watches memory, descriptors and threads of processes: whether they grow once a process has warmed up."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import msgspec
import numpy as np

from inspector.bench.memory import pss_bytes, slope
from inspector.soak.findings import Findings, Kind

SAMPLES = 960
"""Kept of each process; when there are more, every second one is left out from then on."""
LEAST_SAMPLES = 8
NAMES = ("MiB", "descriptors", "threads")
MORE_DESCRIPTORS, MORE_THREADS = 12.0, 6.0
"""What a process may have more after it has warmed up."""


class Grown(msgspec.Struct, frozen=True, kw_only=True):
    """A process over its life."""

    role: str
    watched_s: float
    """After it had warmed up."""
    last: dict[str, float]
    """At the end: MiB, descriptors, threads."""
    least_per_hour: dict[str, float]
    """Lower end of the 95 % interval of the slope."""
    per_hour: dict[str, float]
    """The slope (Theil and Sen)."""


class _Life:
    """One process."""

    def __init__(self, role: str, pid: int, now_s: float) -> None:
        self.role, self.pid, self.begun_s = role, pid, now_s
        self.samples = np.zeros((SAMPLES, 1 + len(NAMES)))
        self.taken = 0
        self.told: set[str] = set()
        self.every, self.skipped = 1, 0

    def add(self, now_s: float, figures: tuple[float, ...]) -> None:
        self.skipped += 1
        if self.skipped < self.every:
            return
        self.skipped = 0
        if self.taken == SAMPLES:
            self.samples[: SAMPLES // 2] = self.samples[::2]
            self.taken, self.every = SAMPLES // 2, 2 * self.every
        self.samples[self.taken] = now_s, *figures
        self.taken += 1

    def grown(self) -> Grown | None:
        if self.taken < LEAST_SAMPLES:
            return None
        samples = self.samples[: self.taken]
        found = {name: slope(samples[:, (0, 1 + column)], 1) for column, name in enumerate(NAMES)}
        return Grown(
            role=self.role,
            watched_s=float(samples[-1, 0] - samples[0, 0]),
            last={name: float(samples[-1, 1 + column]) for column, name in enumerate(NAMES)},
            least_per_hour={name: one.low * 3600 for name, one in found.items()},
            per_hour={name: one.bytes_per_frame * 3600 for name, one in found.items()},
        )


class Growth:
    """All processes. For one thread."""

    def __init__(self, findings: Findings, warm_up_s: float, watched_s: float, allowed_mib: float) -> None:
        self.longest: dict[str, Grown] = {}
        """Of each role, the process that was watched longest."""
        self.now: dict[str, tuple[float, ...]] = {}
        """The last figures of each role."""
        self._findings = findings
        self._warm_up_s, self._watched_s = warm_up_s, watched_s
        self._allowed = dict(zip(NAMES, (allowed_mib, MORE_DESCRIPTORS, MORE_THREADS), strict=True))
        self._lives: dict[str, _Life] = {}

    def look(self, roles: dict[str, int | None]) -> None:
        """Take a sample of each; ``roles`` has process ids."""
        now_s = time.monotonic()
        for role, pid in roles.items():
            life = self._lives.get(role)
            if life is None or life.pid != pid:
                if life is not None:
                    self._judge(life)
                    del self._lives[role]
                if pid is None:
                    continue
                life = self._lives[role] = _Life(role, pid, now_s)
            figures = figures_of(life.pid)
            if figures is None:
                continue
            self.now[role] = figures
            if now_s - life.begun_s >= self._warm_up_s:
                life.add(now_s, figures)
                self._judge(life)

    def end(self) -> None:
        """Judge what is left."""
        for life in self._lives.values():
            self._judge(life)

    def _judge(self, life: _Life) -> None:
        grown = life.grown()
        if grown is None or grown.watched_s < self._watched_s:
            return
        if grown.role not in self.longest or self.longest[grown.role].watched_s <= grown.watched_s:
            self.longest[grown.role] = grown
        for name, allowed in self._allowed.items():
            more = grown.least_per_hour[name] * grown.watched_s / 3600
            if more > allowed and name not in life.told:
                life.told.add(name)
                text = f"{life.role}: at least {more:.1f} {name} more in {grown.watched_s:.0f} s, {grown.last[name]:.0f} now"
                self._findings.broken(Kind.GROWTH, text)


def figures_of(pid: int) -> tuple[float, ...] | None:
    """MiB, descriptors and threads of a process; None where it is gone, or stopped being ours to look at."""
    with contextlib.suppress(OSError):
        memory = pss_bytes(pid)
        if memory:
            descriptors = len(os.listdir(f"/proc/{pid}/fd"))
            threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
            return memory / 2**20, float(descriptors), float(threads)
    return None
