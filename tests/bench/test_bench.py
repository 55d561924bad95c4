"""The benchmark's own arithmetic, and one short run of it on real engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engines.bundle import Bundle
from inspector.bench.bound import Bound
from inspector.bench.engines import BusyTimes, mean_times
from inspector.bench.figures import Figures
from inspector.bench.lines import BenchLine
from inspector.bench.pattern import Pattern
from inspector.cli.bench_tables import print_figures
from inspector.config.inference import InferenceConfig
from inspector.frames.outcome import Reason
from tests.cli.command import one_line_of
from tests.cli.in_process import inspector
from tests.gpu.report import report
from tests.tiny_bundle import frame_with

OPENVINO = InferenceConfig(runtime="openvino", precision="f32")
POOL = tuple(frame_with([], background=level) for level in (60, 100))


def test_bound_where_gate_and_segmenter_take_turns_is_the_sum() -> None:
    times = BusyTimes(gate_ms=2, segmenter_ms=8)
    assert Bound.SUM.rate_hz(times, 0.1) == pytest.approx(1000 / 2.8)
    assert Bound.SUM.rate_hz(times, 0.5) == pytest.approx(1000 / 6)


def test_bound_where_they_overlap_is_the_slower_stream() -> None:
    times = BusyTimes(gate_ms=2, segmenter_ms=8)
    assert Bound.SLOWER_STREAM.rate_hz(times, 0.1) == 500
    assert Bound.SLOWER_STREAM.rate_hz(times, 0.5) == 250


def test_times_are_averaged_not_rates() -> None:
    times = mean_times([BusyTimes(gate_ms=2, segmenter_ms=8), BusyTimes(gate_ms=4, segmenter_ms=16)])
    assert Bound.SUM.rate_hz(times, 0.5) == pytest.approx(1000 / 9)


def test_a_line_runs_in_stretches(tiny_bundle: Bundle, tmp_path: Path) -> None:
    with BenchLine(str(tiny_bundle.path), OPENVINO, POOL, tmp_path) as line:
        before = line.line.ledger.counts()["bench"]
        stretches = [
            line.run(95, 0.1),
            line.run(30, 1.0, rate_hz=200),
            line.run(1, 0.5, pattern=Pattern.BURSTS),
            line.run(45, 0.1, pattern=Pattern.RANDOM, seed=3),
        ]
        after = line.line.ledger.counts()["bench"]
        # Whole periods of the decisions, and a warm-up of whole periods before them.
        assert [len(one.latency_ms) for one in stretches] == [100, 30, 40, 50]
        frames = sum(after.verdicts.values()) - sum(before.verdicts.values())
        assert frames == (10 + 100) + (10 + 30) + (10 + 40) + (10 + 50)
        gated = after.reasons[Reason.GATE_CLEAN] - before.reasons[Reason.GATE_CLEAN]
        assert gated == frames - (11 + 40 + 25 + 6)
        assert [int(one.let_through.sum()) for one in stretches] == [10, 30, 20, 5]
        assert all(not one.uninspected and one.rate_hz > 0 and (one.latency_ms > 0).all() for one in stretches)
        assert all(0 < one.under_way.mean <= one.under_way.most for one in stretches)
        assert stretches[1].rate_hz == pytest.approx(200, rel=0.5)
    assert line.received.results == frames + sum(before.verdicts.values())
    assert line.received.missed == 0


def test_what_a_line_cannot_do_in_time_is_counted_by_reason(tiny_bundle: Bundle, tmp_path: Path) -> None:
    with BenchLine(str(tiny_bundle.path), OPENVINO, POOL, tmp_path, deadline_ms=0.001) as line:
        live = line.run(40, 0.5, rate_hz=500)
        assert live.uninspected == {Reason.DEADLINE.value: 50}
        assert np.isinf(live.latency_ms).all()
        assert not line.run(40, 0.5).uninspected, "a replay has no deadline"


@pytest.fixture(scope="module")
def found(tiny_bundle: Bundle) -> Any:
    """A short run, as JSON."""
    finished = inspector(
        "bench", "--bundle", tiny_bundle.path, "--precision", "f32", "--repetitions", "1", "--seconds", "0.05",
        "--share", "0.1", "--share", "1", "--memory-frames", "0", "--json",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_short_run_measures_everything(found: Any) -> None:
    assert 1 < found["frame_check_us"] < 5_000
    assert all(found["copying"][f"{how}_ns"] > 0 for how in ("plain", "per_pixel", "per_column"))
    assert found["bound"] == "sum"
    assert set(found["batches"]) == {"1", "2", "4"}
    assert found["received"]["missed"] == 0
    assert found["own_clean"]["mean_ms"] > 0
    assert found["own_let_through"]["mean_ms"] > 0
    assert [(at["share"], at["pattern"]) for at in found["mixes"]] == [
        (0.1, "even"),
        (0.1, "random"),
        (0.1, "bursts"),
        (1.0, "even"),
    ]
    for at in found["mixes"]:
        saturated, part_load = at["saturated"], at["part_load"]
        assert 0 <= at["steady_repetitions"] <= 1
        assert saturated["of_bound_low"] <= saturated["of_bound"] <= saturated["of_bound_high"]
        assert saturated["uninspected"] == {}
        clean, let_through = part_load["clean"], part_load["let_through"]
        assert (clean is None) == (at["share"] == 1)
        assert let_through["frames"] == round(part_load["frames"] * at["share"])
        assert let_through["own_ms"] > 0
        assert 0 < part_load["under_way_mean"] <= part_load["under_way_most"]


def test_settings_are_among_the_figures(found: Any) -> None:
    assert found["settings"]["repetitions"] == 1
    assert found["settings"]["shares"] == [0.1, 1.0]
    assert found["settings"]["patterns"] == ["even", "random", "bursts"]
    assert found["settings"]["deadline_ms"] == 100
    assert (found["load"], found["burst"]) == (0.7, 20)


def test_json_is_read_back(found: Any) -> None:
    figures = msgspec.convert(found, Figures)
    assert msgspec.json.decode(msgspec.json.encode(figures), type=Figures) == figures
    assert json.loads(msgspec.json.encode(figures)) == found


def test_tables_fit_a_terminal(found: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_figures(msgspec.convert(found, Figures))
    printed = capsys.readouterr().out
    assert "…" not in printed, "nothing is cut off"
    assert max(map(len, printed.splitlines())) <= 80
    words = " ".join(printed.split())
    for row in ("10 % bursts clean", "10 % bursts through", "100 % all through"):
        assert row in words


def test_the_gpu_check_shows_what_was_measured(found: Any) -> None:
    gpu = {"name": "a GPU", "driver": "1", "cuda": "1", "capability": "1"}
    facts = {"gpu": gpu, "date": "2026-01-01", "cores": 2, "python": "3", "versions": {}, "cannot run": {}}
    text = report({"facts": {"seconds": 0, "found": facts}, "demo bench torch": {"seconds": 1, "found": found}})
    assert "| 10% | bursts | let through |" in text


def test_missing_bundle(tmp_path: Path) -> None:
    assert "no model bundle there" in one_line_of(inspector("bench", "--bundle", tmp_path))


def test_share_of_nothing() -> None:
    assert "--share: found '0'" in one_line_of(inspector("bench", "--share", "0"))
