"""Runs the real line for a measurement: a simulated camera with a pre-rendered pool, the gate's decisions fixed."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.capture.pacing import Pacer
from inspector.capture.simulator import SimulatorCamera
from inspector.capture.source import Arrival, FrameSource
from inspector.config.camera import CameraConfig
from inspector.config.inference import InferenceConfig
from inspector.config.journal import JournalConfig
from inspector.config.results import ResultsConfig
from inspector.config.simulator import SimulatorConfig
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Settled, Verdict
from inspector.inference.messages import Forced
from inspector.line import Line

CAMERA = "bench"
WARM_UP = 0.1
"""Share of the frames that are run but not counted."""


class Bench(msgspec.Struct, frozen=True):
    """What stays the same over all measurements of a run."""

    bundle: str
    inference: InferenceConfig
    pool: tuple[NDArray[np.uint8], ...]
    """Pre-rendered frames, uint8 [H, W] each."""
    directory: Path
    """For the journals."""


class LineRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the line."""

    frames: int
    rate_hz: float
    """Verdicts per second after the warm-up."""
    latency_ms: tuple[float, float, float, float]
    """Capture to verdict after the warm-up: p50, p95, p99, max."""
    let_through_p99_ms: float
    """p99 of the frames the segmenter saw."""
    uninspected: int
    cpu_ms: float
    """CPU time of this process per frame: everything but the engines' child."""


def render_pool(height: int, width: int, count: int) -> tuple[NDArray[np.uint8], ...]:
    """``count`` simulated frames, about a third of them defective."""
    camera = SimulatorCamera(_simulator(count, None, count), height, width)
    camera.open()
    frames = []
    while (arrival := camera.next()) is not None:
        assert arrival.pixels is not None, "no faults were asked for"
        frames.append(arrival.pixels.copy())
    camera.close()
    return tuple(frames)


def run_line(
    bench: Bench,
    frames: int,
    pass_rate: float,
    rate_hz: float | None = None,
    wrap: Callable[[FrameSource], FrameSource] = lambda source: source,
    tick: Callable[[Line], None] = lambda line: None,
) -> LineRun:
    """Run ``frames`` frames with ``pass_rate`` of them let through, at ``rate_hz`` or as fast as the line takes them."""
    watch = _Watch(frames)
    source = wrap(PoolCamera(bench.pool, frames, rate_hz))
    line = Line(
        _config(bench, frames, rate_hz), sources={CAMERA: source}, forced=_forced(pass_rate), observe=watch.settled
    )
    never = threading.Event()
    with line:
        line.start(never)
        line.wait(never, tick=lambda: tick(line), tick_s=0.2)
        watch.stop()
    return watch.figures()


def _forced(pass_rate: float) -> Callable[[FrameMeta], Forced]:
    """A fixed list of decisions, spread evenly: frame n is let through when n x pass_rate passes a whole number."""

    def decide(meta: FrameMeta) -> Forced:
        n = meta.frame
        let_through = int((n + 1) * pass_rate + 1e-9) > int(n * pass_rate + 1e-9)
        return Forced.LET_THROUGH if let_through else Forced.CLEAN

    return decide


class _Watch:
    """Keeps the time and latency of each verdict in arrays of fixed size."""

    def __init__(self, frames: int) -> None:
        self._settled_ns = np.zeros(frames, np.int64)
        self._latency_ns = np.zeros(frames, np.int64)
        self._segmented = np.zeros(frames, bool)
        self._uninspected = 0
        self._count = 0
        self._cpu_s = 0.0
        self._cpu_counted = 0

    def settled(self, settled: Settled) -> None:
        """One verdict, under the ledger's lock."""
        n = self._count
        self._settled_ns[n] = settled.settled_ns
        self._latency_ns[n] = settled.settled_ns - settled.meta.captured_ns
        self._segmented[n] = bool(settled.outcome.pixels)
        self._uninspected += settled.count if settled.outcome.verdict is Verdict.UNINSPECTED else 0
        self._count += 1
        if n == int(len(self._settled_ns) * WARM_UP):
            self._cpu_s, self._cpu_counted = -_cpu_s(), -n

    def stop(self) -> None:
        """The last verdict is in."""
        self._cpu_s += _cpu_s()
        self._cpu_counted += self._count

    def figures(self) -> LineRun:
        """What was measured. Raises UserError when there were too few frames to say anything."""
        first = int(len(self._settled_ns) * WARM_UP)
        if not self._segmented[first : self._count].any():
            raise UserError(f"none of {self._count} frames went through both engines; measure for longer (--seconds)")
        settled = self._settled_ns[first : self._count]
        latency = self._latency_ns[first : self._count] / 1e6
        segmented = latency[self._segmented[first : self._count]]
        p50, p95, p99 = np.percentile(latency, [50, 95, 99])
        return LineRun(
            frames=self._count,
            rate_hz=float((len(settled) - 1) / (settled[-1] - settled[0]) * 1e9),
            latency_ms=(float(p50), float(p95), float(p99), float(latency.max())),
            let_through_p99_ms=float(np.percentile(segmented, 99)),
            uninspected=self._uninspected,
            cpu_ms=self._cpu_s / max(1, self._cpu_counted) * 1e3,
        )


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _simulator(frames: int, rate_hz: float | None, pool: int) -> SimulatorConfig:
    return SimulatorConfig(seed=1, frames=frames, rate_hz=rate_hz, defect_rate=0.35, pool=pool)


def _config(bench: Bench, frames: int, rate_hz: float | None) -> LineConfig:
    return LineConfig(
        line="bench",
        bundle=bench.bundle,
        cameras=(CameraConfig(name=CAMERA, source=_simulator(frames, rate_hz, len(bench.pool))),),
        deadline_ms=None,
        overload="wait",
        inference=bench.inference,
        results=ResultsConfig(endpoint="tcp://127.0.0.1:*"),
        journal=JournalConfig(path=str(bench.directory / f"journal-{time.monotonic_ns()}.sqlite")),
    )


class PoolCamera:
    """A camera that hands out the frames of a pool, paced or as fast as they are taken."""

    def __init__(self, pool: tuple[NDArray[np.uint8], ...], frames: int, rate_hz: float | None) -> None:
        self._pool = pool
        self._frames = frames
        # Nothing is overwritten: a line that falls behind shows in the latency, which counts from the due time.
        self._pacer = Pacer(rate_hz, backlog=frames)
        self._next = 0

    def open(self) -> None:
        """The pool is there already."""

    def next(self) -> Arrival | None:
        """The next frame, when it is due."""
        if self._next >= self._frames:
            return None
        number = self._pacer.wait(self._next)
        if number < 0:
            return None
        number = min(number, self._frames - 1)
        self._next = number + 1
        return Arrival(number, self._pacer.due_ns(number), self._pool[number % len(self._pool)])

    def interrupt(self) -> None:
        """End every wait."""
        self._pacer.stop()

    def close(self) -> None:
        """Nothing is held."""
