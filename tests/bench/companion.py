"""What a program beside the line costs it: stretches with the program and without alternate in one run.

The line is that of ``inspector bench wire``, real but for its networks, with masks and a subscriber that measures.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import numpy as np

from inspector.bench.wire.arm import MIXED
from inspector.bench.wire.line import WireLine
from inspector.bench.wire.threads import spent_by
from inspector.service.process import spare_collector

SECONDS = 6.0
WARM_UP = 200
Companion = Callable[[WireLine, Path], AbstractContextManager[int]]
"""Starts the program and waits until it hears the line; gives its process id, and ends it."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of frames."""

    beside: bool
    """Whether the program ran."""
    latency_us: list[int]
    uninspected: int
    missed: int
    """Messages that the subscriber did not get."""
    line_cpu_us: float
    """Of a frame, the line's processes together."""
    companion_cpu_us: float = 0.0


def compare(name: str, companion: Companion, rounds: int, rate_hz: float) -> None:
    """Print the table of the line with the program and without."""
    found: list[Stretch] = []
    with tempfile.TemporaryDirectory() as folder, WireLine(Path(folder), coil=True) as line:
        spare_collector()
        line.run(MIXED, WARM_UP)
        for number in range(rounds):
            for beside in (False, True) if number % 2 else (True, False):
                if beside:
                    with companion(line, Path(folder)) as process:
                        found.append(_stretch(line, rate_hz, process))
                else:
                    line.run(MIXED, WARM_UP, rate_hz)
                    found.append(_stretch(line, rate_hz, None))
    print(f"{rounds} rounds of {SECONDS:g} s each way at {rate_hz:g} frames/s, {MIXED.percent} % of them with {MIXED.defects} defects, with masks; {os.cpu_count()} cores")  # fmt: skip
    print(
        f"| {name} | latency p50, ms | p99, ms (each round) | p99, ms | worst, ms | uninspected | not heard | line, us of CPU a frame | {name}, us of CPU a frame |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for beside in (False, True):
        mine = [one for one in found if one.beside is beside]
        every = np.concatenate([one.latency_us for one in mine]) / 1000
        each = " ".join(f"{np.quantile(one.latency_us, 0.99) / 1000:.1f}" for one in mine)
        print(
            f"| {'on' if beside else 'off'} | {np.median(every):.2f} | {each} | {np.quantile(every, 0.99):.2f} | {every.max():.1f} | "
            f"{sum(one.uninspected for one in mine)} | {sum(one.missed for one in mine)} | {np.mean([one.line_cpu_us for one in mine]):.0f} | "
            f"{np.mean([one.companion_cpu_us for one in mine]):.0f} |"
        )


def _stretch(line: WireLine, rate_hz: float, process: int | None) -> Stretch:
    """Frames for ``SECONDS`` at this rate."""
    cpu_ns = 0 if process is None else spent_by(process).cpu_ns
    frames = int(rate_hz * SECONDS)
    found = line.run(MIXED, frames, rate_hz)
    cpu_ns = 0 if process is None else spent_by(process).cpu_ns - cpu_ns
    return Stretch(
        beside=process is not None,
        latency_us=found.heard.latency_us,
        uninspected=found.uninspected,
        missed=found.heard.missed,
        line_cpu_us=sum(found.cpu_us.values()) + found.child_cpu_us,
        companion_cpu_us=cpu_ns / frames / 1e3,
    )
