"""Runs the real line for a measurement: a simulated camera with a pre-rendered pool, the gate's decisions fixed.

One line serves a whole measurement, in stretches: a number of frames at a rate, a share of them let through. Between two stretches
it is idle, so that the engines alone can be measured on the same cores in the same seconds.
"""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.bundle import open_bundle
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
from inspector.line.line import Line

CAMERA = "bench"
WARM_UP = 10
"""Least number of frames at the beginning of a stretch that are not counted."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one stretch, after its warm-up."""

    rate_hz: float
    """Verdicts per second."""
    latency_ms: NDArray[np.float64]
    """Capture to verdict of each frame [n]."""
    uninspected: int
    """Frames that ended UNINSPECTED, also in the warm-up."""
    cpu_ms: float
    """CPU time of this process per frame: everything but the engines' child."""


def render_pool(height: int, width: int, count: int) -> tuple[NDArray[np.uint8], ...]:
    """``count`` simulated frames, about a third of them defective, uint8 [H, W] each."""
    camera = SimulatorCamera(_simulator(count), height, width)
    camera.open()
    frames = []
    while (arrival := camera.next()) is not None:
        assert arrival.pixels is not None, "no faults were asked for"
        frames.append(arrival.pixels.copy())
    camera.close()
    return tuple(frames)


class BenchLine:
    """A line that runs in stretches. Use as a context manager."""

    def __init__(
        self,
        bundle: str,
        inference: InferenceConfig,
        pool: tuple[NDArray[np.uint8], ...],
        directory: Path,
        wrap: Callable[[FrameSource], FrameSource] = lambda source: source,
        overload: Literal["wait", "drop_oldest"] = "wait",
    ) -> None:
        """Build the line; ``directory`` is for its journal, ``wrap`` may put something between camera and line.

        Raises UserError or BundleError."""
        self._camera = PoolCamera(pool)
        self._watch = _Watch(0, 0)
        self._pass_rate = 1.0
        self._first = 0
        config = LineConfig(
            line="bench",
            bundle=bundle,
            cameras=(CameraConfig(name=CAMERA, source=_simulator(len(pool))),),
            deadline_ms=None,
            overload=overload,
            inference=inference,
            results=ResultsConfig(endpoint="tcp://127.0.0.1:*"),
            journal=JournalConfig(path=str(directory / "journal.sqlite")),
        )
        self.line = Line(
            config,
            open_bundle(bundle),
            sources={CAMERA: wrap(self._camera)},
            forced=self._forced,
            observe=lambda settled: self._watch.settled(settled),
        )

    @property
    def sent(self) -> int:
        """Frames the camera was told to send so far."""
        return self._camera.sent

    def __enter__(self) -> BenchLine:
        try:
            self.line.start(threading.Event())
            # The first frames after a start find cold caches.
            self.run(100, 0.5)
        except BaseException:
            self.line.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._camera.end()
        self.line.stop()

    def run(
        self, frames: int, pass_rate: float, rate_hz: float | None = None, tick: Callable[[], None] = lambda: None
    ) -> Stretch:
        """Send about ``frames`` frames at ``rate_hz`` or as fast as the line takes them, and wait for their verdicts.

        ``pass_rate`` of them, in 0..1 and not 0, are let through, as of those of the warm-up. ``tick`` is called five times a second.
        Raises UserError where the line ends.
        """
        period = round(1 / pass_rate)
        warm_up = -(-WARM_UP // period) * period
        counted = max(1, -(-frames // period)) * period
        watch = self._watch = _Watch(warm_up, counted)
        self._pass_rate = pass_rate
        self._first = self._camera.sent
        self._camera.send(watch.frames, rate_hz)
        while not watch.done.wait(0.2):
            tick()
            if self.line.failures or not self.line.results.snapshot().alive:
                raise UserError(f"the line ended while it was measured: {'; '.join(self.line.failures)}")
        return watch.stretch()

    def _forced(self, meta: FrameMeta) -> Forced:
        """A fixed list of decisions, spread evenly: the nth frame is let through when n x pass rate passes a whole number."""
        return decision(meta.frame - self._first, self._pass_rate)


def decision(n: int, pass_rate: float) -> Forced:
    """What is decided for frame ``n`` of a stretch."""
    return Forced.LET_THROUGH if int((n + 1) * pass_rate + 1e-9) > int(n * pass_rate + 1e-9) else Forced.CLEAN


class _Watch:
    """Keeps the time and latency of each verdict of a stretch in arrays of fixed size."""

    def __init__(self, warm_up: int, counted: int) -> None:
        self.frames = frames = warm_up + counted
        self._warm_up = warm_up
        self.done = threading.Event()
        # Written to at once: pages that the system gives out one by one would look like a leak of 16 bytes a frame.
        self._settled_ns = np.full(frames, -1, np.int64)
        self._latency_ns = np.full(frames, -1, np.int64)
        self._uninspected = 0
        self._count = 0
        self._cpu_s = _cpu_s()

    def settled(self, settled: Settled) -> None:
        """One verdict, under the ledger's lock."""
        n = self._count
        self._settled_ns[n] = settled.settled_ns
        self._latency_ns[n] = settled.settled_ns - settled.meta.captured_ns
        self._uninspected += settled.outcome.verdict is Verdict.UNINSPECTED
        self._count += 1
        if self._count == self.frames:
            self.done.set()

    def stretch(self) -> Stretch:
        """What was measured, after the last verdict."""
        cpu_s = _cpu_s() - self._cpu_s
        settled = self._settled_ns[self._warm_up - 1 :]
        return Stretch(
            rate_hz=float((len(settled) - 1) / (settled[-1] - settled[0]) * 1e9),
            latency_ms=self._latency_ns[self._warm_up :] / 1e6,
            uninspected=self._uninspected,
            cpu_ms=cpu_s / self.frames * 1e3,
        )


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _simulator(frames: int) -> SimulatorConfig:
    return SimulatorConfig(seed=1, frames=frames, rate_hz=None, defect_rate=0.35, pool=frames)


class PoolCamera:
    """A camera that hands out the frames of a pool when told to, paced or as fast as they are taken."""

    def __init__(self, pool: Sequence[NDArray[np.uint8]]) -> None:
        self._pool = pool
        self._told = threading.Condition()
        self._pacer = Pacer(None)
        self._first = self._next = self._until = 0
        self._ended = False

    @property
    def sent(self) -> int:
        """Frames sent so far, which is the number of the next."""
        return self._until

    def send(self, frames: int, rate_hz: float | None) -> None:
        """Send ``frames`` further ones at ``rate_hz``, None: as fast as they are taken; those before have all been taken."""
        with self._told:
            # Nothing is overwritten: a line that falls behind shows in the latency, which counts from the due time.
            self._pacer = Pacer(rate_hz, backlog=frames)
            self._first, self._until = self._next, self._next + frames
            self._told.notify()

    def end(self) -> None:
        """No further frames come."""
        with self._told:
            self._ended = True
            self._told.notify()
        self._pacer.stop()

    def open(self) -> None:
        """The pool is there already."""

    def next(self) -> Arrival | None:
        """The next frame, when it was sent for and is due; None after ``end``."""
        with self._told:
            while self._next >= self._until and not self._ended:
                self._told.wait()
            pacer, n, number = self._pacer, self._next - self._first, self._next
        if self._ended or pacer.wait(n) < 0:
            return None
        self._next = number + 1
        return Arrival(number, pacer.due_ns(n), self._pool[number % len(self._pool)])

    def exposed(self) -> int | None:
        """Nothing is ever owed: the bench itself says when frames come."""
        return self._next

    def interrupt(self) -> None:
        """End every wait."""
        self.end()

    def close(self) -> None:
        """Nothing is held."""
