"""Memory over a long run: whether it grows, and whether the same check detects a planted leak.

Memory is the anonymous and shared memory in the proportional set size (PSS) of this process and the inference child: what both
map counts half in each, and pages of files do not count, for what other programs map of the same files changes them. The slope is
Theil and Sen's (median of the slopes between all pairs of samples), which a single step of an allocator does not move; its
interval is Sen's (1968), from the variance of Kendall's S, widened for the correlation between neighbours by taking block means.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.bench.lines import BenchLine
from inspector.capture.source import Arrival, FrameSource, SoftwareSource

MakeLine = Callable[[Callable[[FrameSource], FrameSource]], BenchLine]
"""Makes a line to be measured; the argument may wrap its camera."""
BLOCKS = 24
"""Means the samples are reduced to before the slope is taken."""
SETTLING = 0.5
"""Frames run before the measured ones, as a share of these, until pools, caches and arenas are full."""
SMALLEST_LEAK_BYTES = 16
"""The smallest block an allocator gives out. Less than this per frame is no object left behind by each frame but something that goes on
settling: SQLite's prepared statements, for one, keep room for the largest value each of their places has ever held."""
PLANTED_BYTES = 1024
"""What the leaking camera keeps of each frame."""


class MemorySlope(msgspec.Struct, frozen=True, kw_only=True):
    """Growth of memory over a run."""

    frames: int
    bytes_per_frame: float
    low: float
    """Lower end of the 95 % interval, bytes per frame."""
    high: float
    """Upper end."""
    first_mib: float
    """At the beginning of the measured frames, MiB."""
    last_mib: float

    @property
    def leaks(self) -> bool:
        """Whether the whole interval is above ``SMALLEST_LEAK_BYTES``."""
        return self.low > SMALLEST_LEAK_BYTES


def measure_memory(make_line: MakeLine, frames: int, share: float, *, plant: bool) -> MemorySlope:
    """Run the line until it has settled, then ``frames`` frames over which the slope is taken; ``share`` of them are let through.

    With ``plant`` the camera leaks ``PLANTED_BYTES`` per frame. Raises UserError where the line ends meanwhile."""
    # Allocated for all samples from the start: a list would grow and disturb the measurement.
    samples = np.full((frames, 2), -1, np.int64)
    taken = 0
    with make_line(LeakingCamera if plant else lambda source: source) as bench:

        def sample() -> None:
            pids = (os.getpid(), bench.line.inference.active.supervisor.child_pid)
            counts = bench.line.ledger.counts()
            settled = sum(sum(books.verdicts.values()) for books in counts.values())
            nonlocal taken
            samples[taken] = settled, sum(pss_bytes(pid) for pid in pids if pid)
            taken += 1

        bench.run(int(frames * SETTLING), share)
        bench.run(frames, share, tick=sample)
    return slope(samples[:taken].astype(float), frames)


def slope(samples: NDArray[np.float64], frames: int) -> MemorySlope:
    """Slope of samples [n, 2] of (frame, bytes)."""
    samples = samples[np.append(np.diff(samples[:, 0]) > 0, True)]  # between two looks there may be no frame
    blocks = np.array([part.mean(axis=0) for part in np.array_split(samples, min(BLOCKS, len(samples)))])
    i, j = np.triu_indices(len(blocks), 1)
    slopes = np.sort((blocks[j, 1] - blocks[i, 1]) / (blocks[j, 0] - blocks[i, 0]))
    n = len(blocks)
    reach = 1.96 * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = slopes[max(0, int((len(slopes) - reach) / 2))]
    high = slopes[min(len(slopes) - 1, int((len(slopes) + reach) / 2))]
    return MemorySlope(
        frames=frames,
        bytes_per_frame=float(np.median(slopes)),
        low=float(low),
        high=float(high),
        first_mib=float(blocks[0, 1] / 2**20),
        last_mib=float(blocks[-1, 1] / 2**20),
    )


def pss_bytes(pid: int) -> int:
    """Anonymous, shared and swapped memory in a process's proportional set size; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    counted = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(counted))


class LeakingCamera(SoftwareSource):
    """The positive control: a camera that leaks ``PLANTED_BYTES`` of each frame."""

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        self._kept: list[bytes] = []

    def open(self) -> None:
        """As the source."""
        self._source.open()

    def next(self) -> Arrival | None:
        """As the source, but leaks memory."""
        arrival = self._source.next()
        if arrival is not None and arrival.pixels is not None:
            self._kept.append(arrival.pixels.tobytes()[:PLANTED_BYTES])
        return arrival

    def exposed(self) -> int | None:
        """As the source."""
        return self._source.exposed()

    def interrupt(self) -> None:
        """As the source."""
        self._source.interrupt()

    def close(self) -> None:
        """As the source."""
        self._source.close()
