"""Latency of one kind of frame at part load, beside the time that such a frame needs with nothing else running.

A clean frame is compared with the gate's own time, one that is let through with that of both engines. Samples are pooled over the
repetitions; for a ratio each sample is first divided by the own time that the same repetition found, because machines change their speed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

BEYOND = 10
"""Samples that must lie beyond a percentile: p99 needs 1,000 samples, p99.9 needs 10,000."""


class KindSamples(NamedTuple):
    """One kind of frame in one repetition."""

    latency_ms: NDArray[np.float64]
    """Capture to verdict [n]; infinite for a frame that ended UNINSPECTED."""
    own_ms: float
    """Mean time of one such frame with nothing else running."""
    full_batch_ms: float
    """The same for a full batch, plus the longest waits for one that are configured: the latency that batching may cost a frame."""


class KindLatency(msgspec.Struct, frozen=True, kw_only=True):
    """Capture to verdict of one kind of frame, ms. A percentile is None where there are too few samples for it (``BEYOND``), or where it
    falls on frames that ended UNINSPECTED, each of which counts as later than any other."""

    frames: int
    own_ms: float
    """Time of one such frame with nothing else running, median over the repetitions."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    max_ms: float | None
    """Of the frames that were inspected."""
    p99_of_own: float | None
    """99th percentile of latency / own time of the same repetition; target <= 1.5."""
    full_batch_ms: float
    """Time of a full batch with nothing else running, plus the configured waits, median over the repetitions."""
    p99_of_full_batch: float | None
    """As ``p99_of_own``, for the time of a full batch and the waits."""


def kind_latency(repetitions: Sequence[KindSamples]) -> KindLatency | None:
    """Figures over all repetitions; None where there was no such frame."""
    latency_ms = np.concatenate([one.latency_ms for one in repetitions])
    if not latency_ms.size:
        return None
    inspected_ms = latency_ms[np.isfinite(latency_ms)]
    of_own = np.concatenate([one.latency_ms / one.own_ms for one in repetitions])
    of_full = np.concatenate([one.latency_ms / one.full_batch_ms for one in repetitions])
    return KindLatency(
        frames=latency_ms.size,
        own_ms=float(np.median([one.own_ms for one in repetitions])),
        p50_ms=percentile(latency_ms, 50),
        p95_ms=percentile(latency_ms, 95),
        p99_ms=percentile(latency_ms, 99),
        p999_ms=percentile(latency_ms, 99.9),
        max_ms=float(inspected_ms.max()) if inspected_ms.size else None,
        p99_of_own=percentile(of_own, 99),
        full_batch_ms=float(np.median([one.full_batch_ms for one in repetitions])),
        p99_of_full_batch=percentile(of_full, 99),
    )


def percentile(samples: NDArray[np.float64], percent: float) -> float | None:
    """The largest sample that 100 - ``percent`` per cent of them exceed; None where those are fewer than ``BEYOND``, or it is infinite."""
    beyond = int(samples.size * (100 - percent) / 100 + 1e-6)
    if beyond < BEYOND:
        return None
    place = samples.size - beyond - 1
    found = float(np.partition(samples, place)[place])
    return found if math.isfinite(found) else None
