"""Figures of the last seconds: how many verdicts of which kind, how long they took, and how fast the strip runs. Times are those of the messages."""

from __future__ import annotations

from collections import Counter, deque

from inspector.frames.outcome import Verdict

RATE_S = 10
SHARE_S = 60
_LATENCIES = 4096
_SPEED_S = 3.0
_SPEED_STEP_S = 0.05


class Rates:
    """Verdicts by second."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, Counter[Verdict]]] = deque(maxlen=SHARE_S + 1)
        self._first: int | None = None
        """The second of the first verdict, of which only a part was seen."""

    def add(self, at_ns: int, verdict: Verdict, count: int) -> None:
        """So many frames got this verdict."""
        second = at_ns // 10**9
        if self._first is None:
            self._first = second
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append((second, Counter()))
        self._seconds[-1][1][verdict] += count

    def per_s(self, now_ns: int) -> float:
        """Verdicts a second, over the last whole seconds; fewer where verdicts began to come less long ago."""
        whole_s = RATE_S if self._first is None else min(RATE_S, max(1, now_ns // 10**9 - self._first - 1))
        return sum(sum(counts.values()) for counts in self._last(now_ns, whole_s)) / whole_s

    def shares(self, now_ns: int) -> dict[Verdict, float]:
        """Of the verdicts of the last minute; empty where there were none."""
        total: Counter[Verdict] = Counter()
        for counts in self._last(now_ns, SHARE_S):
            total.update(counts)
        whole = sum(total.values())
        return {verdict: count / whole for verdict, count in total.items()} if whole else {}

    def _last(self, now_ns: int, seconds: int) -> list[Counter[Verdict]]:
        now = now_ns // 10**9
        return [counts for second, counts in self._seconds if now - seconds <= second < now]


class Latencies:
    """The last ones."""

    def __init__(self) -> None:
        self._last: deque[tuple[int, int]] = deque(maxlen=_LATENCIES)

    def add(self, at_ns: int, latency_us: int) -> None:
        """Capture to verdict."""
        self._last.append((at_ns, latency_us))

    def percentiles(self, now_ns: int) -> tuple[float, float, float] | None:
        """50 %, 99 % and the largest of the last ten seconds, ms; None where there were none."""
        since_ns = now_ns - RATE_S * 10**9
        values = sorted(latency for at_ns, latency in self._last if at_ns >= since_ns)
        if not values:
            return None
        last = len(values) - 1
        return tuple(values[round(share * last)] / 1000 for share in (0.5, 0.99, 1.0))  # type: ignore[return-value]


class Speed:
    """Of the strip, from the travel of one camera's frames."""

    def __init__(self) -> None:
        self._camera = ""
        self._seen: deque[tuple[int, int]] = deque()

    def add(self, camera: str, captured_ns: int, travel_um: int) -> None:
        """A frame."""
        seen = self._seen
        if camera != self._camera and seen and captured_ns - seen[-1][0] < _SPEED_S * 1e9:
            return
        if camera != self._camera or (
            seen and (captured_ns < seen[0][0] or captured_ns - seen[-1][0] > _SPEED_S * 1e9)
        ):
            self._camera = camera
            seen.clear()
        if seen and captured_ns - seen[-1][0] < _SPEED_STEP_S * 1e9:
            return
        seen.append((captured_ns, travel_um))
        while captured_ns - seen[0][0] > _SPEED_S * 1e9:
            seen.popleft()

    def m_per_min(self, now_ns: int) -> float | None:
        """None where it is not known, or nothing came lately."""
        seen = self._seen
        if len(seen) < 2 or now_ns - seen[-1][0] > 2 * _SPEED_S * 1e9:
            return None
        (first_ns, first_um), (last_ns, last_um) = seen[0], seen[-1]
        return (last_um - first_um) / (last_ns - first_ns) * 1e9 / 1e6 * 60
