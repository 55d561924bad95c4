"""How the camera's clock stands against this machine's, measured with every frame. Nothing is decided by it: it is told.

A clock that says that it is locked by PTP may still be wrong: PTP counts TAI, 37 s ahead of UTC, and a network without a true master agrees on
any time. A clock of ticks counts from the start of the camera, so only its steps can be judged.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable

from inspector.frames.camera_clock import ClockReport

WINDOW = 128
"""Frames that offset and spread are measured over."""
STEP_NS = 50_000_000
"""A clock was stepped where the offset changes by more, for ``CERTAIN`` frames and for ``DELAY_NS``, unless by more than that: a delay in the camera, on
the network or on a busy machine looks the same while it lasts."""
CERTAIN = 3
DELAY_NS = 1_000_000_000
STANDS_S = 60.0
"""A step is told for so long."""
MOST_OFF_NS = 500_000_000
"""A PTP clock in order is nearer to UTC: between exposure and first packet lie less."""
TAI_NS = 37_000_000_000
"""TAI minus UTC, since 2017."""


class ClockWatch:
    """The clock of one camera. ``frame`` is called by one thread, ``report`` by any."""

    def __init__(self, name: str, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """``name``: ``ticks`` or ``ptp``."""
        self.name = name
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._offsets: deque[int] = deque(maxlen=WINDOW)
        """Camera minus monotonic, ns."""
        self._aside: list[int] = []
        """Offsets that do not fit the others; a step, where more follow."""
        self._aside_ns = 0
        """Capture of the first frame of those, monotonic."""
        self._newest_ns: int | None = None
        self._wall_ahead_ns: int | None = None
        self._event, self._event_s = "", 0.0

    def frame(self, camera_ns: int, captured_ns: int, wall_ahead_ns: int) -> None:
        """A frame stamped ``camera_ns`` came at ``captured_ns``, monotonic, when the wall clock was ``wall_ahead_ns`` ahead of that."""
        with self._lock:
            self._look_at_host(wall_ahead_ns)
            newest_ns, self._newest_ns = self._newest_ns, camera_ns
            if newest_ns is not None and camera_ns < newest_ns:
                self._tell(
                    f"the camera's clock went back by {_seconds(newest_ns - camera_ns)}: it was set, or the camera restarted"
                )
                self._begin_anew([])
            self._add(camera_ns - captured_ns, captured_ns)

    def report(self) -> ClockReport | None:
        """What was measured; None before the first frame."""
        with self._lock:
            if not self._offsets or self._wall_ahead_ns is None:
                return None
            ordered = sorted(self._offsets)
            event = self._event if self._monotonic_s() - self._event_s < STANDS_S else ""
            offset_ns = round(statistics.median(ordered)) - self._wall_ahead_ns
            spread_ns = ordered[-1 - len(ordered) // 20] - ordered[len(ordered) // 20] if len(ordered) > 1 else None
        off = _off(offset_ns) if self.name == "ptp" else ""
        return ClockReport(
            name=self.name,
            offset_ns=offset_ns if self.name == "ptp" else None,
            spread_ns=spread_ns,
            in_specification=not event and not off,
            text="; ".join(part for part in (event, off) if part) or self._in_order(offset_ns, spread_ns),
        )

    def _look_at_host(self, wall_ahead_ns: int) -> None:
        before, self._wall_ahead_ns = self._wall_ahead_ns, wall_ahead_ns
        if before is not None and abs(wall_ahead_ns - before) > STEP_NS:
            self._tell(f"this machine's clock was set {_moved(wall_ahead_ns - before)}; the camera's was not")

    def _add(self, offset_ns: int, captured_ns: int) -> None:
        change_ns = offset_ns - self._offsets[-1] if self._offsets else 0
        if abs(change_ns) > STEP_NS:
            if not self._aside:
                self._aside_ns = captured_ns
            self._aside.append(offset_ns)
            no_delay = abs(change_ns) > DELAY_NS or captured_ns - self._aside_ns >= DELAY_NS
            if len(self._aside) >= CERTAIN and no_delay:
                self._tell(f"the camera's clock was set {_moved(change_ns)}")
                self._begin_anew(self._aside)
            return
        self._aside = []
        self._offsets.append(offset_ns)

    def _begin_anew(self, offsets: list[int]) -> None:
        self._offsets.clear()
        self._offsets.extend(offsets)
        self._aside = []

    def _tell(self, event: str) -> None:
        self._event, self._event_s = event, self._monotonic_s()

    def _in_order(self, offset_ns: int, spread_ns: int | None) -> str:
        spread = "" if spread_ns is None else f", spread {spread_ns / 1e6:.1f} ms"
        if self.name == "ptp":
            return f"{offset_ns / 1e6:+.1f} ms from UTC{spread}"
        return f"counts from the camera's start{spread}"


def _off(offset_ns: int) -> str:
    """What is wrong with a PTP clock's offset to UTC; empty where nothing is."""
    if abs(offset_ns) <= MOST_OFF_NS:
        return ""
    if abs(offset_ns - TAI_NS) <= MOST_OFF_NS:
        return "the camera's clock is 37 s ahead of UTC: it counts TAI; the PTP master must announce the offset to UTC"
    return f"the camera's clock is {_moved(offset_ns)} of UTC: camera and this machine have no common time; look at the PTP master"


def _moved(change_ns: int) -> str:
    return f"{_seconds(abs(change_ns))} {'ahead' if change_ns > 0 else 'back'}"


def _seconds(nanoseconds: int) -> str:
    seconds = nanoseconds / 1e9
    return (
        f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
    )
