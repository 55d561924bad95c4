"""How many frames a camera that is not triggered sends a second: as configured, else as measured."""

from __future__ import annotations

FEWEST, MOST = 20, 200
"""Frames that it is measured over."""


class Rate:
    """Of one connection. ``frame`` is called by one thread, ``hz`` by any."""

    def __init__(self, configured_hz: float | None) -> None:
        self._configured_hz = configured_hz
        self._first: tuple[int, int] | None = None
        self._middle: tuple[int, int] | None = None
        self._measured_hz: float | None = None

    @property
    def hz(self) -> float | None:
        """Frames per second; None before so many were measured."""
        return self._configured_hz or self._measured_hz

    def frame(self, number: int, captured_ns: int) -> None:
        """Frame ``number`` came at ``captured_ns``; lost ones count, as their numbers are skipped."""
        if self._first is None:
            self._first = (number, captured_ns)
        frames, passed_ns = number - self._first[0], captured_ns - self._first[1]
        if frames >= FEWEST and passed_ns > 0:
            self._measured_hz = frames * 1e9 / passed_ns
        if self._middle is None and frames >= MOST // 2:
            self._middle = (number, captured_ns)
        if frames >= MOST:
            self._first, self._middle = self._middle, None
