"""The benchmark's own arithmetic, and one short run of it on real engines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines.bundle import Bundle
from inspector.bench.engines import EngineTimes, bound_hz
from inspector.bench.lines import BenchLine, decision
from inspector.config.inference import InferenceConfig
from inspector.frames.outcome import Reason
from inspector.inference.messages import Forced
from tests.cli.command import inspector, one_line_of
from tests.tiny_bundle import frame_with


def test_bound_is_gate_plus_share_of_segmenter() -> None:
    times = EngineTimes(gate_ms=2, segmenter_ms=8, gate_alone_ms=3, segmenter_alone_ms=12)
    assert bound_hz([times], 0) == 500
    assert bound_hz([times], 0.5) == pytest.approx(1000 / 6)
    slower = EngineTimes(gate_ms=4, segmenter_ms=16, gate_alone_ms=3, segmenter_alone_ms=12)
    assert bound_hz([times, slower], 0.5) == pytest.approx(1000 / 9), "the mean of the times, not of the rates"


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 1.0])
def test_decisions_let_through_the_exact_share_evenly(rate: float) -> None:
    chosen = [decision(n, rate) is Forced.LET_THROUGH for n in range(1000)]
    assert sum(chosen) == 1000 * rate
    assert sum(chosen[:500]) == 500 * rate


def test_a_line_runs_in_stretches(tiny_bundle: Bundle, tmp_path: Path) -> None:
    pool = tuple(frame_with([], background=level) for level in (60, 100))
    with BenchLine(str(tiny_bundle.path), InferenceConfig(runtime="openvino", precision="f32"), pool, tmp_path) as line:
        before = line.line.ledger.counts()["bench"]
        stretches = [line.run(95, 0.1), line.run(30, 1.0, rate_hz=200), line.run(1, 0.5)]
        after = line.line.ledger.counts()["bench"]
        # Whole periods of the decisions, and a warm-up of whole periods before them.
        assert [len(one.latency_ms) for one in stretches] == [100, 30, 2]
        frames = sum(after.verdicts.values()) - sum(before.verdicts.values())
        assert frames == (10 + 100) + (10 + 30) + (10 + 2)
        gated = after.reasons[Reason.GATE_CLEAN] - before.reasons[Reason.GATE_CLEAN]
        assert gated == frames - (11 + 40 + 6)
        assert all(one.uninspected == 0 and one.rate_hz > 0 and (one.latency_ms > 0).all() for one in stretches)
        assert stretches[1].rate_hz == pytest.approx(200, rel=0.5)


def test_short_run_measures_everything(tiny_bundle: Bundle) -> None:
    finished = inspector(
        "bench", "--bundle", tiny_bundle.path, "--precision", "f32", "--rounds", "1", "--seconds", "0.2",
        "--memory-frames", "0", "--json",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert 1 < found["frame_check_us"] < 5_000
    assert [at["pass_rate"] for at in found["pass_rates"]] == [0.02, 0.1, 0.5, 1.0]
    for at in found["pass_rates"]:
        assert at["uninspected"] == 0
        assert 0 < at["p50_ms"] <= at["p99_ms"] <= at["max_ms"]
        assert at["of_bound"] == at["of_bound_low"] == pytest.approx(at["rate_hz"] / at["bound_hz"])
        assert at["steady_rounds"] in (0, 1)
    assert set(found["batches"]) == {"1", "2", "4"}


def test_missing_bundle(tmp_path: Path) -> None:
    assert "no model bundle there" in one_line_of(inspector("bench", "--bundle", tmp_path))
