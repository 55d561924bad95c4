"""Times the judging of one mask, without a line."""

from __future__ import annotations

import statistics
import time

from engines.bundle import read_bundle
from inspector.bench.wire.frames import CLASSES, Plane, defect_mask, noise_mask
from inspector.bench.wire.line import BUNDLE, SCALE
from inspector.config.verdicts import VerdictsConfig
from inspector.inference.identity import identity_of
from inspector.verdicts.judge import Judge


def judging_us(seconds: float) -> dict[str, float]:
    """Median CPU time of judging one mask, microseconds, by what it shows; ``seconds`` for each kind, at least one mask."""
    judge = Judge(VerdictsConfig(), identity_of(read_bundle(BUNDLE)), (0,) * len(CLASSES), SCALE)
    shown = {
        "3 defects": [defect_mask(3, seed) for seed in range(8)],
        "20 defects": [defect_mask(20, seed) for seed in range(8)],
        "noise": [noise_mask(0)],
    }
    return {name: _median_us(judge, masks, seconds) for name, masks in shown.items()}


def _median_us(judge: Judge, masks: list[Plane], seconds: float) -> float:
    pixels = [tuple(int((mask >> k & 1).sum()) for k in range(len(CLASSES))) for mask in masks]
    scores = (0.9,) * len(CLASSES)
    times_ns: list[int] = []
    until_ns = time.monotonic_ns() + int(seconds * 1e9)
    while not times_ns or time.monotonic_ns() < until_ns:
        for mask, counted in zip(masks, pixels, strict=True):
            begun_ns = time.thread_time_ns()
            judge.segmented(0.9, mask, counted, scores)
            times_ns.append(time.thread_time_ns() - begun_ns)
    return statistics.median(times_ns) / 1e3
