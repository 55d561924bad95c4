"""Two clocks read as one."""

from __future__ import annotations

import itertools

import pytest

from inspector.frames import clock

AHEAD_NS = 1_700_000_000_000_000_000


@pytest.mark.parametrize("interrupted", [(), (1,), (2,), (1, 4), (0, 1, 2)])
def test_readings_between_which_something_else_ran_are_not_used(
    interrupted: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading takes 50 ns, and 30 ms after those that are interrupted."""
    now_ns, reading = 0, itertools.count()

    def read() -> int:
        nonlocal now_ns
        now_ns += 50
        seen = now_ns
        if next(reading) in interrupted:
            now_ns += 30_000_000
        return seen

    monkeypatch.setattr(clock.time, "monotonic_ns", read)
    monkeypatch.setattr(clock.time, "time_ns", lambda: read() + AHEAD_NS)
    unix_ns, monotonic_ns = clock.both_clocks()
    assert abs(unix_ns - AHEAD_NS - monotonic_ns) <= 50
