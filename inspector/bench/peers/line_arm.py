"""The line as an arm: a camera from memory, ring, child with the engines, measuring, ledger, journal and publisher, with ``overload: wait``,
as ``inspector replay`` runs it. Nobody subscribes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from engines.bundle import Bundle, open_bundle
from inspector.bench.peers.arms import Pool, Slice, SliceOrder, Task
from inspector.bench.peers.tally import Tally
from inspector.bench.pool_camera import PoolCamera
from inspector.config.camera import CameraConfig
from inspector.config.inference import InferenceConfig
from inspector.config.journal import JournalConfig
from inspector.config.results import ResultsConfig
from inspector.config.simulator import SimulatorConfig
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Reason, Settled, Verdict
from inspector.inference.messages import Forced
from inspector.line.line import Line

CAMERA = "peers"


class LineArm:
    """A line that does slices. Use as a context manager."""

    name = "the line"

    def __init__(self, bundle: Bundle, inference: InferenceConfig, task: Task, pool: Pool, directory: Path) -> None:
        """``directory`` is for the journal. Raises UserError or BundleError."""
        self._task = task
        self._camera = PoolCamera(tuple(pool))
        self._slice: _Watched | None = None
        config = LineConfig(
            line="peers",
            bundle=str(bundle.path),
            cameras=(CameraConfig(name=CAMERA, source=SimulatorConfig()),),
            deadline_ms=None,
            overload="wait",
            inference=inference,
            results=ResultsConfig(endpoint="tcp://127.0.0.1:*"),
            journal=JournalConfig(path=str(directory / "journal.sqlite")),
        )
        self._line = Line(
            config,
            open_bundle(str(bundle.path)),
            sources={CAMERA: self._camera},
            forced=self._forced,
            observe=self._settled,
        )

    @property
    def following(self) -> int:
        """Number of the frame that comes next."""
        return self._camera.sent

    def __enter__(self) -> LineArm:
        try:
            self._line.start(threading.Event())
        except BaseException:
            self._line.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._camera.end()
        self._line.stop()

    def run(self, order: SliceOrder) -> Slice:
        """See ``Arm``; ``order`` begins with the frame that is next here."""
        watched = self._slice = _Watched(order, self._task)
        cpu_s = self._cpu_s()
        self._camera.send(order.frames, None)
        while not watched.done.wait(0.2):
            if self._line.failures:
                raise UserError(f"the line ended while it was measured: {'; '.join(self._line.failures)}")
        return watched.tally.slice(self._cpu_s() - cpu_s)

    def _forced(self, meta: FrameMeta) -> Forced:
        assert self._slice is not None, "no frame comes before the first slice"
        return Forced.LET_THROUGH if self._slice.order.lets_through(meta.frame) else Forced.CLEAN

    def _settled(self, settled: Settled) -> None:
        assert self._slice is not None, "no frame comes before the first slice"
        self._slice.settled(settled)

    def _cpu_s(self) -> float:
        """CPU time of both processes so far, seconds."""
        child = self._line.inference.active.supervisor.child_pid
        # The number of another process's CPU clock, see clock_getcpuclockid(3).
        return time.process_time() + (time.clock_gettime(~child << 3 | 2) if child else 0.0)


class _Watched:
    """A slice that the line is doing. Verdicts come under the ledger's lock."""

    def __init__(self, order: SliceOrder, task: Task) -> None:
        self.order = order
        self.tally = Tally(order, task)
        self.done = threading.Event()
        """Every frame has its verdict."""
        self._open = order.frames

    def settled(self, settled: Settled) -> None:
        """Count one verdict. A frame that was not inspected is missing in the tally, which then refuses to be read."""
        outcome = settled.outcome
        if outcome.verdict is not Verdict.UNINSPECTED and outcome.gate_score is not None:
            self.tally.gated(settled.meta.frame, outcome.gate_score)
            if outcome.reason is not Reason.GATE_CLEAN:
                self.tally.segmented(outcome.pixels, len(outcome.defects))
        self._open -= settled.count
        if self._open <= 0:
            self.done.set()
