"""Does a shadow cost the line anything? p99 and losses with and without it, in one run, alternately.

    python -m tests.line.shadow_exam --repetitions 25 --share 0.2

The line's capacity is measured, and then it is driven at 70 % of that in short stretches, one for each arm in a random order: ``without`` a
shadow, ``with`` one as ``inspector ctl shadow start`` begins it, and, as a positive control, beside an ``unrestrained`` second bundle: the
usual priority, every frame, whatever the load. A frame that was not inspected counts as later than any other; a percentile that falls on such
frames is null. Figures are medians over the stretches, so that a disturbance of some of them by other programs does not decide. Prints JSON;
exit status 1 where the control is not worse than the line without a shadow in most stretches: then the machine was too restless for the others
to mean anything.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.bundle import open_bundle
from inspector.bench.lines import BenchLine, render_pool
from inspector.bench.repetition import LOAD
from inspector.bench.stretch import Stretch
from inspector.config.inference import InferenceConfig
from inspector.inference.state import State
from inspector.line.line import Line
from inspector.line.shadow.session import Session
from tests.line.shadow.candidates import at_threshold
from tests.line.test_line import wait_until

LET_THROUGH = 0.2
CAPACITY_FRAMES = 200
STRETCH_S = 2.0


def exam(directory: Path, repetitions: int, share: float, seed: int) -> dict[str, Any]:
    """Measure, and say what came of it."""
    bundle = open_bundle("demo")
    inference = InferenceConfig(runtime="openvino", allow_cpu=True)
    pool = render_pool(bundle.height, bundle.width, 48)
    rng = random.Random(seed)
    found: dict[str, list[Stretch]] = {}
    with BenchLine(str(bundle.path), inference, pool, directory) as bench:
        line: Line = bench.line
        line.shadow.start(at_threshold(bundle, directory / "candidate", 0.5), share)
        (shadow,) = line.inference.others
        session = shadow.sampler
        unrestrained = line.bundles.load(at_threshold(bundle, directory / "control", 0.4))
        wait_until(lambda: unrestrained.supervisor.state is State.READY, 60)
        arms: dict[str, Callable[[], None]] = {
            "without": lambda: None,
            "with": lambda: line.inference.shadow(shadow, session),
            "unrestrained": lambda: line.inference.shadow(unrestrained),
        }
        capacity_hz = float(np.median([_capacity_hz(bench, number) for number in range(5)]))
        load_hz = LOAD * capacity_hz
        for number in range(repetitions):
            for arm in rng.sample(list(arms), len(arms)):
                line.inference.shadows = ()  # whose children stay where they are and idle
                arms[arm]()
                stretch = bench.run(load_hz * STRETCH_S, LET_THROUGH, load_hz, seed=number)
                found.setdefault(arm, []).append(stretch)
        assert isinstance(session, Session)
        sample = session.report("ready").comparisons[0].sample
        compared = sum(one.compared for one in session.comparisons())
    return {
        "capacity_hz": round(capacity_hz, 1),
        "load_hz": round(load_hz, 1),
        "share": share,
        "arms": {arm: _figures(stretches, found["without"]) for arm, stretches in found.items()},
        "sample": {**msgspec.to_builtins(sample), "compared": compared},
    }


def _capacity_hz(bench: BenchLine, seed: int) -> float:
    return bench.run(CAPACITY_FRAMES, LET_THROUGH, seed=seed).rate_hz


def _figures(stretches: list[Stretch], without: list[Stretch]) -> dict[str, Any]:
    latency_ms = np.concatenate([one.latency_ms for one in stretches])
    p99 = [_percentile(99, one.latency_ms) for one in stretches]
    base = [_percentile(99, one.latency_ms) for one in without]
    ratios = [mine / its for mine, its in zip(p99, base, strict=True) if np.isfinite(mine) and np.isfinite(its)]
    return {
        "frames": len(latency_ms),
        "not_inspected": sum(sum(one.uninspected.values()) for one in stretches),
        "stretches_with_losses": sum(bool(one.uninspected) for one in stretches),
        "p50_ms": _json(_percentile(50, latency_ms)),
        "p99_ms_median": _json(float(np.quantile(p99, 0.5, method="lower"))),
        "p99_ms_quartiles": [_json(float(np.quantile(p99, q, method="lower"))) for q in (0.25, 0.75)],
        "p99_of_without_median": _json(float(np.median(ratios))) if ratios else None,
        "worse_than_without": sum(_badness(one) > _badness(base) for one, base in zip(stretches, without, strict=True)),
    }


def _badness(stretch: Stretch) -> tuple[float, int]:
    """The p99; where it falls on frames that were not inspected, how many these are."""
    return _percentile(99, stretch.latency_ms), sum(stretch.uninspected.values())


def _percentile(percent: float, latency_ms: NDArray[np.float64]) -> float:
    return float(np.percentile(latency_ms, percent, method="lower"))


def _json(value: float) -> float | None:
    return round(value, 2) if np.isfinite(value) else None


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=25)
    parser.add_argument("--share", type=float, default=0.2, help="of the frames that the shadow is to see")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="inspector-shadow-") as directory:
        found = exam(Path(directory), options.repetitions, options.share, options.seed)
    print(json.dumps(found, indent=2))
    return 0 if found["arms"]["unrestrained"]["worse_than_without"] > options.repetitions / 2 else 1


if __name__ == "__main__":
    sys.exit(main())
