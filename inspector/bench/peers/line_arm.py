"""The line as an arm: camera from memory, ring, child with the engines, measuring, ledger, journal and publisher, as ``inspector replay`` runs
it, with ``overload: wait``."""

from __future__ import annotations

import time
from pathlib import Path

from engines.bundle import Bundle
from inspector.bench.lines import BenchLine, stretch_frames
from inspector.bench.peers.answers import Tally
from inspector.bench.peers.arms import Pool, Slice, SliceOrder, Task
from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from inspector.frames.outcome import Reason, Settled


class LineArm:
    """A line that does slices. Use as a context manager."""

    name = "the line"

    def __init__(self, bundle: Bundle, inference: InferenceConfig, task: Task, pool: Pool, directory: Path) -> None:
        """``directory`` is for the journal. Raises UserError or BundleError."""
        self._task = task
        self._first = 0
        self._tally: Tally | None = None
        self._bench = BenchLine(str(bundle.path), inference, tuple(pool), directory, observe=self._settled)

    def __enter__(self) -> LineArm:
        self._bench.__enter__()
        return self

    def __exit__(self, *exit_: object) -> None:
        self._bench.__exit__(*exit_)

    def order(self, frames: int, pass_rate: float) -> SliceOrder:
        """A slice of about ``frames`` frames that begins with the frame that is next here: whole periods of the decisions, after a warm-up of
        such."""
        warm_up, counted = stretch_frames(frames, pass_rate)
        return SliceOrder(first=self._bench.sent, warm_up=warm_up, counted=counted, pass_rate=pass_rate)

    def run(self, order: SliceOrder) -> Slice:
        """See ``Arm``; ``order`` begins with the frame that is next here."""
        self._first = order.first
        self._tally = tally = order.tally(self._task)
        cpu_s = self._cpu_s()
        stretch = self._bench.run(order.counted, order.pass_rate)
        if stretch.uninspected:
            raise UserError(f"the line left {stretch.uninspected} frames uninspected; its log says why")
        return Slice(rate_hz=tally.rate_hz(), frames=tally.frames, cpu_s=self._cpu_s() - cpu_s, answers=tally.answers())

    def _settled(self, settled: Settled) -> None:
        outcome, tally = settled.outcome, self._tally
        if tally is None or outcome.gate_score is None:
            return
        tally.gated(settled.meta.frame - self._first, outcome.gate_score)
        if outcome.reason is not Reason.GATE_CLEAN:
            tally.segmented(outcome.pixels, len(outcome.defects))

    def _cpu_s(self) -> float:
        """CPU time of both processes so far, seconds."""
        child = self._bench.line.inference.active.supervisor.child_pid
        # The number of another process's CPU clock, see clock_getcpuclockid(3).
        return time.process_time() + (time.clock_gettime(~child << 3 | 2) if child else 0.0)
