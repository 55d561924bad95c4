"""The line beside users' loops: one short comparison on real engines, and what is refused."""

from __future__ import annotations

from functools import partial

import msgspec
import numpy as np
import pytest

from engines.bundle import Bundle
from inspector.bench.figures import BenchSettings
from inspector.bench.peers.arms import Answers, even_order
from inspector.bench.peers.compare import compare, make_task, require_same_answers
from inspector.bench.peers.onnxruntime_loop import why_not_onnxruntime
from inspector.bench.peers.openvino_loops import DefaultLoop, ThroughputLoop
from inspector.bench.peers.process import LoopProcess
from inspector.bench.peers.tally import Tally
from inspector.bench.peers.user_measuring import measure
from inspector.cli.bench_peers import print_figures
from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from tests.cli.command import one_line_of
from tests.cli.in_process import inspector
from tests.tiny_bundle import CLASSES, frame_with

NAMES = ["the line", "OpenVINO THROUGHPUT, bare", "OpenVINO THROUGHPUT, OpenCV", "OpenVINO default, OpenCV"]
SQUARES = ((64, 3), (192, 5), (64, 4))
AREAS = {"dark": 3 * 3 + 4 * 4, "bright": 5 * 5}


def test_the_line_and_the_loops_on_the_same_frames(tiny_bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    inference = InferenceConfig(precision="f32")
    settings = BenchSettings(
        bundle=str(tiny_bundle.path), inference=inference, repetitions=1, seconds=0.02, shares=(0.5,)
    )
    figures = compare(settings, lambda step: None)
    assert bool(figures.left_out) == bool(why_not_onnxruntime())
    (at,) = figures.shares
    line = at.arms[0]
    assert [arm.name for arm in at.arms][: len(NAMES)] == NAMES
    for arm in at.arms:
        assert arm.line_of_loop == arm.line_of_loop_low == pytest.approx(line.rate_hz / arm.rate_hz)
        assert arm.cpu_of_line == pytest.approx(arm.cpu_ms / line.cpu_ms)
    print_figures(figures)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80, printed
    assert all(name in printed for name in NAMES), "no name is cut"


@pytest.mark.parametrize("make", [partial(ThroughputLoop, measuring=True), DefaultLoop])
def test_a_loop_counts_what_is_on_its_frames(tiny_bundle: Bundle, make: partial[ThroughputLoop]) -> None:
    task = make_task(tiny_bundle, "f32")
    pool = np.stack([frame_with(()), frame_with(SQUARES)])
    found = []
    for first in (2, 3):  # one of them lets through only the frames with squares, the other only those without
        order = even_order(first, 20, 0.5)
        tally = Tally(order, task)
        make(task, pool).run(order, tally)
        found.append(tally.slice(1.0).answers)
    pixels = tuple(10 * AREAS[name] for name in CLASSES)
    clean = Answers(frames=20, let_through=10, gate_positive=10, pixels=(0, 0), defects=0)
    marked = Answers(frames=20, let_through=10, gate_positive=10, pixels=pixels, defects=10 * len(SQUARES))
    assert sorted(found, key=lambda answers: answers.pixels) == [clean, marked]


def test_a_user_measures_each_region() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[2:6, 3:13] |= 1
    mask[4:5, 10:14] |= 2
    mask[15, 20] |= 1
    large, small = measure(mask, (41, 4), (2, 1), 10)
    assert (large.class_index, large.area_px, large.box_px, large.centroid_px) == (0, 40, (3, 2, 10, 4), (7.5, 3.5))
    assert (large.length_px, large.width_px) == (9, 3)
    assert (small.class_index, small.area_px) == (1, 4)
    assert measure(mask, (41, 4), (2, 1), 1) == [large]


def test_other_answers_are_not_compared(tiny_bundle: Bundle) -> None:
    """The same networks with another mask threshold, as a user's mistake would be."""
    task = make_task(tiny_bundle, "f32")
    pool = np.stack([frame_with(SQUARES, background=52), frame_with(SQUARES)])
    order = even_order(0, 10, 1.0)
    slices = {}
    for name, thresholds in (("line", (0.5, 0.5)), ("loop", (0.2, 0.5))):
        tally = Tally(order, task)
        DefaultLoop(msgspec.structs.replace(task, mask_thresholds=thresholds), pool).run(order, tally)
        slices[name] = tally.slice(1.0)
    require_same_answers(task, {"line": slices["line"], "same": slices["line"]})
    with pytest.raises(UserError, match=r"not compared.*'loop' found [\d,]+ pixels of dark \(the line: [\d,]+\)"):
        require_same_answers(task, slices)


def test_a_loop_that_fails_or_ends_says_so(tiny_bundle: Bundle) -> None:
    task = make_task(tiny_bundle, "f32")
    pool = np.stack([frame_with(())])
    with (
        pytest.raises(UserError, match="the loop 'wrong size' failed: RuntimeError"),
        LoopProcess("wrong size", DefaultLoop, task, pool[:, 1:]) as loop,
    ):
        loop.run(even_order(0, 1, 1.0))


def test_the_comparison_is_for_the_cpu(tiny_bundle: Bundle) -> None:
    line = one_line_of(inspector("bench", "--peers", "--bundle", tiny_bundle.path, "--runtime", "torch"))
    assert "--peers compares on the CPU" in line
