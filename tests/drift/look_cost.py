"""What the drift watch costs: ``python -m tests.drift.look_cost``. Time of a look at a frame of 256 x 1600 as postprocessing shows it, on one
thread, and of judging a window."""

from __future__ import annotations

import statistics
import time
from typing import Any

import cv2
import msgspec
import numpy as np

from engines.drift.build import ReferenceBuilder
from engines.drift.look import look
from inspector.capture.simulator.scene import SheetRenderer
from inspector.config.drift import DriftConfig
from inspector.config.simulator import SimulatorConfig
from inspector.drift.block import Block
from inspector.drift.judge import QUARTERS, CameraJudge
from inspector.drift.watch import DriftWatch
from inspector.frames.leased_frame import Inspected, LeasedFrame
from inspector.frames.leases import Holder
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Outcome, Reason, Verdict
from inspector.frames.ring import FrameRing
from inspector.frames.size import FrameSize
from tests.drift.watching import POINT

SIZE = FrameSize(256, 1600)
FRAMES = 20_000

JUDGES: Any = None
"""The watch does not ask them."""


def main() -> None:
    cv2.setNumThreads(1)
    renderer = SheetRenderer(SimulatorConfig(), *SIZE)
    sheets = [renderer.render(at).frame for at in range(48)]
    builder = ReferenceBuilder()
    for at, pixels in enumerate(sheets):
        if (seen := look(pixels)) is not None:
            builder.add(seen, at / 48)
    reference = builder.reference(0.5)
    assert reference is not None
    point = msgspec.structs.replace(POINT, reference=reference)
    bundle = BundleIdentity(bundle="b", operating_point=point.id, classes=("a",), size=SIZE)
    ring = FrameRing(len(sheets), SIZE, 0)
    leases = [lease for _ in sheets if (lease := ring.leases.acquire(Holder("cost"))) is not None]
    for lease, pixels in zip(leases, sheets, strict=True):
        ring.pixels(lease, SIZE)[...] = pixels
    outcome = Outcome(verdict=Verdict.PASS, reason=Reason.GATE_CLEAN, gate_score=0.1, bundle=bundle)
    watch = DriftWatch(DriftConfig(looks_hz=None), {"top": SIZE}, SIZE, ring, lambda: (bundle, point), lambda *_: None)
    watch.start()
    spent = []
    for number in range(FRAMES):
        meta = FrameMeta(camera="top", frame=number, captured_ns=number)
        frame = Inspected(LeasedFrame(leases[number % len(leases)], meta, JUDGES), outcome, None)
        begun = time.perf_counter_ns()
        watch.inspected(frame)
        spent.append((time.perf_counter_ns() - begun) / 1e3)
    watch.stop(5)
    print(f"a look: median {statistics.median(spent):.1f} us, p99 {np.percentile(spent, 99):.1f} us, {FRAMES} frames")
    judge, block = CameraJudge(reference, DriftConfig()), Block(reference, *SIZE)
    for pixels in sheets:
        if (seen := look(pixels)) is not None:
            block.add(seen, 0.1, pixels, 0)
    for _ in range(QUARTERS):
        begun = time.perf_counter_ns()
        judge.add(block)
    print(f"a window: {(time.perf_counter_ns() - begun) / 1e6:.1f} ms, on the drift thread")
    for lease in leases:
        lease.release()
    ring.close()


if __name__ == "__main__":
    main()
