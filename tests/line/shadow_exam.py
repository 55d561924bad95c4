"""Does a shadow cost the line anything? p99 and losses with and without it, in one run, alternately.

    python -m tests.line.shadow_exam --repetitions 8 --share 0.2

Each repetition finds the line's capacity and then drives it at 70 % of that, once for each arm, in a random order: ``without`` a shadow,
``with`` one as ``inspector ctl shadow start`` begins it, and, as a positive control, beside an ``unrestrained`` second bundle: the usual
priority, every frame, whatever the load. Prints JSON; exit status 1 where the control cannot be told from the line without a shadow (its mean
rank among the arms' p99 is not the worst), because then the machine was too restless for the others to mean anything. A frame that was not
inspected counts as later than any other; a percentile that falls on such frames is null.
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
CAPACITY_S, STRETCH_S = 2.0, 5.0


def exam(directory: Path, repetitions: int, share: float, seed: int) -> dict[str, Any]:
    """Measure, and say what came of it."""
    bundle = open_bundle("demo")
    inference = InferenceConfig(runtime="openvino", allow_cpu=True)
    pool = render_pool(bundle.height, bundle.width, 48)
    rng = random.Random(seed)
    found: dict[str, list[Stretch]] = {}
    capacities: list[float] = []
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
        rate_hz = bench.run(50, LET_THROUGH).rate_hz
        for number in range(repetitions):
            line.inference.shadows = ()  # what follows is without a shadow, whose child stays where it is and idles
            rate_hz = bench.run(rate_hz * CAPACITY_S, LET_THROUGH, seed=number).rate_hz
            capacities.append(rate_hz)
            for arm in rng.sample(list(arms), len(arms)):
                line.inference.shadows = ()
                arms[arm]()
                load_hz = LOAD * rate_hz
                stretch = bench.run(load_hz * STRETCH_S, LET_THROUGH, load_hz, seed=number)
                found.setdefault(arm, []).append(stretch)
        assert isinstance(session, Session)
        sample = session.report("ready").comparisons[0].sample
        compared = sum(one.compared for one in session.comparisons())
    return {
        "capacity_hz": [round(one, 1) for one in capacities],
        "load": LOAD,
        "share": share,
        "arms": {arm: _figures(stretches, found["without"]) for arm, stretches in found.items()},
        "sample": {**msgspec.to_builtins(sample), "compared": compared},
    }


def _figures(stretches: list[Stretch], without: list[Stretch]) -> dict[str, Any]:
    latency_ms = np.concatenate([one.latency_ms for one in stretches])
    pairs = [(_p(99, one.latency_ms), _p(99, base.latency_ms)) for one, base in zip(stretches, without, strict=True)]
    ratios = [mine / base for mine, base in pairs if mine is not None and base is not None]
    return {
        "frames": len(latency_ms),
        "not_inspected": sum(sum(one.uninspected.values()) for one in stretches),
        "not_inspected_each": [sum(one.uninspected.values()) for one in stretches],
        **{f"p{percent}_ms": _p(percent, latency_ms) for percent in (50, 90, 99)},
        "p99_ms_each": [mine for mine, _ in pairs],
        "p99_of_without_median": round(float(np.median(ratios)), 3) if ratios else None,
    }


def _p(percent: float, latency_ms: NDArray[np.float64]) -> float | None:
    found = float(np.percentile(latency_ms, percent, method="lower"))
    return round(found, 2) if np.isfinite(found) else None


def _told_apart(arms: dict[str, Any]) -> bool:
    """Whether the control is the worst of the arms, by the sum over the repetitions of its place among them."""
    places = dict.fromkeys(arms, 0)
    for number in range(len(arms["without"]["p99_ms_each"])):

        def badness(arm: str, number: int = number) -> tuple[float, int]:
            p99 = arms[arm]["p99_ms_each"][number]
            return np.inf if p99 is None else p99, arms[arm]["not_inspected_each"][number]

        for place, arm in enumerate(sorted(arms, key=badness)):
            places[arm] += place
    return max(places, key=places.__getitem__) == "unrestrained"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=8)
    parser.add_argument("--share", type=float, default=0.2, help="of the frames that the shadow is to see")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="inspector-shadow-") as directory:
        found = exam(Path(directory), options.repetitions, options.share, options.seed)
    print(json.dumps(found, indent=2))
    return 0 if _told_apart(found["arms"]) else 1


if __name__ == "__main__":
    sys.exit(main())
