"""The benchmark's own arithmetic, and one short run of it on real engines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines.bundle import Bundle
from inspector.bench.engines import EngineTimes
from inspector.bench.lines import _forced
from inspector.frames.meta import FrameMeta
from inspector.inference.messages import Forced
from tests.cli.command import inspector, one_line_of


def test_bound_is_gate_plus_share_of_segmenter() -> None:
    times = EngineTimes(gate_ms=2, segmenter_ms=8, gate_alone_ms=3, segmenter_alone_ms=12)
    assert times.bound_hz(0) == 500
    assert times.bound_hz(0.5) == pytest.approx(1000 / 6)
    assert times.own_ms == 15


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 1.0])
def test_decisions_let_through_the_exact_share_evenly(rate: float) -> None:
    decide = _forced(rate)
    chosen = [decide(FrameMeta(camera="c", frame=frame, captured_ns=0)) is Forced.LET_THROUGH for frame in range(1000)]
    assert sum(chosen) == 1000 * rate
    assert sum(chosen[:500]) == 500 * rate


def test_short_run_measures_everything(tiny_bundle: Bundle) -> None:
    finished = inspector(
        "bench", "--bundle", tiny_bundle.path, "--precision", "f32", "--rounds", "1", "--seconds", "0.2",
        "--memory-frames", "0", "--json",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert [at["pass_rate"] for at in found["pass_rates"]] == [0.02, 0.1, 0.5, 1.0]
    for at in found["pass_rates"]:
        assert at["uninspected"] == 0
        assert 0 < at["p50_ms"] <= at["p99_ms"] <= at["max_ms"]
        assert at["of_bound"] == pytest.approx(at["rate_hz"] / at["bound_hz"])
    assert set(found["batches"]) == {"1", "2", "4"}


def test_missing_bundle(tmp_path: Path) -> None:
    assert "no model bundle there" in one_line_of(inspector("bench", "--bundle", tmp_path))
