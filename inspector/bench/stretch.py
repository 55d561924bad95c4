"""What is recorded of a stretch: a number of frames that a line inspects, the first of them to warm up."""

from __future__ import annotations

import resource
import threading
from collections import Counter

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.frames.outcome import Settled, Verdict


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """Queue depth: frames that were captured and have no verdict yet, whether they wait, are with the engines or are being judged."""

    mean: float
    """Over time."""
    most: int


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one stretch, after its warm-up."""

    rate_hz: float
    """Verdicts per second."""
    latency_ms: NDArray[np.float64]
    """Capture to verdict, in the order of capture [n]; infinite for a frame that ended UNINSPECTED."""
    let_through: NDArray[np.bool_]
    """Which of these frames the gate let through [n]."""
    uninspected: dict[str, int]
    """Frames that ended UNINSPECTED by reason, also in the warm-up."""
    under_way: UnderWay
    cpu_ms: float
    """CPU time of this process per frame: everything but the engines' child and the subscriber."""


class Watch:
    """Records the verdicts of a stretch in arrays of fixed size."""

    def __init__(self, first: int, warm_up: int, let_through: NDArray[np.bool_]) -> None:
        """``first`` is the number of the stretch's first frame; ``let_through`` [frames] includes ``warm_up`` frames, at least one."""
        self.done = threading.Event()
        """Every frame has its verdict."""
        self._first = first
        self._warm_up = warm_up
        self._let_through = let_through
        self._open = len(let_through)
        # Written to at once: pages that the system gives out one by one would look like a leak of 16 bytes a frame.
        self._captured_ns = np.full(len(let_through), -1, np.int64)
        self._settled_ns = np.full(len(let_through), -1, np.int64)
        self._inspected = np.full(len(let_through), True)
        self._uninspected: Counter[str] = Counter()
        self._cpu_s = _cpu_s()

    def lets_through(self, frame: int) -> bool:
        """Whether the gate is to let this frame through."""
        return bool(self._let_through[frame - self._first])

    def settled(self, settled: Settled) -> None:
        """One verdict, under the ledger's lock."""
        n = settled.meta.frame - self._first
        self._captured_ns[n] = settled.meta.captured_ns
        self._settled_ns[n] = settled.settled_ns
        if settled.outcome.verdict is Verdict.UNINSPECTED:
            self._inspected[n] = False
            self._uninspected[settled.outcome.reason.value] += 1
        self._open -= 1
        if not self._open:
            self.done.set()

    def stretch(self) -> Stretch:
        """What was recorded, after the last verdict."""
        cpu_s = _cpu_s() - self._cpu_s
        counted = slice(self._warm_up, None)
        in_order_ns = np.sort(self._settled_ns)[self._warm_up - 1 :]
        latency_ms = (self._settled_ns - self._captured_ns) / 1e6
        return Stretch(
            rate_hz=float((len(in_order_ns) - 1) / (in_order_ns[-1] - in_order_ns[0]) * 1e9),
            latency_ms=np.where(self._inspected, latency_ms, np.inf)[counted],
            let_through=self._let_through[counted],
            uninspected=dict(self._uninspected),
            under_way=under_way(self._captured_ns, self._settled_ns, self._warm_up),
            cpu_ms=cpu_s / len(self._let_through) * 1e3,
        )


def under_way(captured_ns: NDArray[np.int64], settled_ns: NDArray[np.int64], warm_up: int) -> UnderWay:
    """Queue depth from the capture of the first frame after the warm-up to that of the last; times in order of capture, ns [n] each."""
    at_ns = np.concatenate([captured_ns, settled_ns])
    order = np.argsort(at_ns, kind="stable")
    depth = np.cumsum(np.repeat([1, -1], len(captured_ns))[order])
    begin_ns, end_ns = captured_ns[warm_up], captured_ns[-1]
    edges_ns = np.clip(at_ns[order], begin_ns, end_ns)
    lasting_ns = np.diff(edges_ns)
    # A stretch of one frame, or frames that came at once, last no time.
    mean = float(np.average(depth[:-1], weights=lasting_ns)) if lasting_ns.any() else float(depth.max())
    within = (at_ns[order] >= begin_ns) & (at_ns[order] <= end_ns)
    return UnderWay(mean=mean, most=int(depth[within].max()))


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
