"""Runs the real line for a measurement: a simulated camera with a pre-rendered pool, the gate's decisions fixed, a subscriber that reads.

One line serves a whole measurement, in stretches: a number of frames at a rate, a share of them let through. Between two stretches
it is idle, so that the engines alone can be measured on the same cores in the same seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.bundle import open_bundle
from inspector.bench.mix import Mix
from inspector.bench.partner import Partner
from inspector.bench.pattern import Pattern
from inspector.bench.pool_camera import PoolCamera
from inspector.bench.stretch import Stretch, Watch
from inspector.bench.subscriber import Heard, Listen, Received, answer_of
from inspector.capture.simulator import SimulatorCamera
from inspector.capture.source import FrameSource
from inspector.config.archive import ArchiveConfig
from inspector.config.camera import CameraConfig
from inspector.config.inference import InferenceConfig
from inspector.config.journal import JournalConfig
from inspector.config.results import ResultsConfig
from inspector.config.simulator import SimulatorConfig
from inspector.config.tree import LineConfig
from inspector.config.verdicts import Scale
from inspector.errors import UserError
from inspector.frames.meta import FrameMeta
from inspector.inference.messages import Forced
from inspector.line.line import Line

CAMERA = "bench"
WARM_UP = 10
"""Least number of frames at the beginning of a stretch that are not counted."""
DEADLINE_MS = 100.0
"""As a line has by default."""
LONGEST_DEADLINE_MS = 3_600_000.0
SCALE = Scale(mm_per_px_x=0.5, mm_per_px_y=0.5)


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
        *,
        deadline_ms: float = DEADLINE_MS,
        archive: ArchiveConfig | None = None,
    ) -> None:
        """Build the line; ``directory`` is for its journal, ``wrap`` may put something between camera and line. ``deadline_ms`` is for
        stretches at a rate; ``archive`` gives it an archive.

        Raises UserError or BundleError."""
        self.received = Received(results=0, missed=0)
        """What the subscriber has got so far."""
        self._camera = PoolCamera(pool)
        self._deadline_ms = deadline_ms
        self._watch = Watch(0, 1, np.ones(1, np.bool_))
        config = LineConfig(
            line="bench",
            bundle=bundle,
            cameras=(CameraConfig(name=CAMERA, source=_simulator(len(pool)), scale=SCALE),),
            deadline_ms=deadline_ms,
            inference=inference,
            archive=archive or ArchiveConfig(),
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
        with ExitStack() as stack:
            stack.callback(self.line.stop)
            stack.callback(self._camera.end)
            self.line.start(threading.Event())
            endpoint = self.line.results.endpoint
            self._subscriber = stack.enter_context(Partner("inspector.bench.subscriber", (endpoint,), Heard))
            self._subscriber.ask(Listen(last_frame=-1))
            answer_of(self._subscriber)
            # The first frames after a start find cold caches.
            self.run(100, 0.5)
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def run(
        self,
        frames: float,
        share: float,
        rate_hz: float | None = None,
        *,
        pattern: Pattern = Pattern.EVEN,
        seed: int = 0,
        tick: Callable[[], None] = lambda: None,
    ) -> Stretch:
        """Send at least ``frames`` frames, wait for their verdicts and until the engines are idle.

        With a rate the line is a live one: frames come when they are due, and those that it cannot take or finish in time end
        UNINSPECTED. Without one it takes each frame when it has room, as in a replay. ``share`` of the frames, above 0 and at most 1, are let
        through, in the order of ``pattern``; ``seed`` is for a random one. ``tick`` is called five times a second.
        Raises UserError where the line ends.
        """
        mix, evenly = Mix(share, pattern), Mix(share)
        warm_up = evenly.whole(WARM_UP)
        chosen = np.concatenate([evenly.let_through(warm_up), mix.let_through(mix.whole(frames), seed)])
        watch = self._watch = Watch(self._camera.sent, warm_up, chosen)
        if rate_hz is None:
            self.line.cameras.set_limits(LONGEST_DEADLINE_MS, "wait")
        else:
            self.line.cameras.set_limits(self._deadline_ms, "drop_oldest")
        self._subscriber.ask(Listen(last_frame=self._camera.sent + len(chosen) - 1))
        self._camera.send(len(chosen), rate_hz)
        self._wait(watch, tick)
        self.received = self.received.and_also(answer_of(self._subscriber))
        return watch.stretch()

    def _wait(self, watch: Watch, tick: Callable[[], None]) -> None:
        while not watch.done.wait(0.2):
            tick()
            if self.line.failures or not self.line.results.snapshot().alive:
                raise UserError(f"the line ended while it was measured: {'; '.join(self.line.failures)}")
        pause = threading.Event()
        while self.line.inference.held:  # frames that were given up at their deadline
            pause.wait(0.005)

    def _forced(self, meta: FrameMeta) -> Forced:
        return Forced.LET_THROUGH if self._watch.lets_through(meta.frame) else Forced.CLEAN


def _simulator(frames: int) -> SimulatorConfig:
    return SimulatorConfig(seed=1, frames=frames, rate_hz=None, defect_rate=0.35, pool=frames)
