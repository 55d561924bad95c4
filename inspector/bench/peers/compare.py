"""The comparison: first the same answers, then speeds, measured in turns in short slices so that all arms meet the same moods of the machine."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import numpy as np

from engines.bundle import Bundle, find_bundle, read_bundle
from engines.files.writing import temporary_folder
from engines.runtime.lanes import available_cores, throughput_lanes
from engines.runtime.openvino_runtime import OpenVinoEngines
from inspector.bench.figures import BenchSettings
from inspector.bench.lines import render_pool
from inspector.bench.peers.agreement import OTHER_RUNTIME, SAME_RUNTIME, require_same
from inspector.bench.peers.arms import Arm, Slice, SliceOrder, Task, even_order
from inspector.bench.peers.busy import BusyCores
from inspector.bench.peers.line_arm import LineArm
from inspector.bench.peers.onnxruntime_loop import OnnxRuntimeLoop, why_not_onnxruntime
from inspector.bench.peers.openvino_loops import DefaultLoop, ThroughputLoop
from inspector.bench.peers.process import LoopProcess, MakeLoop
from inspector.bench.run import POOL, Say
from inspector.config.inference import InferenceConfig
from inspector.config.verdicts import VerdictsConfig
from inspector.inference.loading import load_configured

QUIET = 0.05
"""A repetition counts as quiet where other programs took no more than this share of the cores in any of its slices."""
OPENVINO_LOOPS: dict[str, MakeLoop] = {
    "OpenVINO THROUGHPUT, bare": partial(ThroughputLoop, measuring=False),
    "OpenVINO THROUGHPUT, OpenCV": partial(ThroughputLoop, measuring=True),
    "OpenVINO default, OpenCV": DefaultLoop,
}
ONNXRUNTIME = "onnxruntime default, OpenCV"


class BesideLoop(msgspec.Struct, frozen=True, kw_only=True):
    """One arm at one share: medians over the repetitions."""

    name: str
    rate_hz: float
    cpu_ms: float
    """CPU time of all its processes per frame."""
    line_of_loop: float
    """Rate of the line / rate of this arm in the same repetition; 1 for the line."""
    line_of_loop_low: float
    """Lower quartile over the repetitions."""
    line_of_loop_high: float
    """Upper quartile."""
    cpu_of_line: float
    """CPU time per frame of this arm / of the line in the same repetition."""


class PeersAtShare(msgspec.Struct, frozen=True, kw_only=True):
    """All arms at one share."""

    share: float
    frames: int
    """Of each slice."""
    quiet_repetitions: int
    """Repetitions in which other programs left the cores alone; where there are none, all are used."""
    others: float
    """Share of the cores that other programs took during the slices: median over the repetitions used."""
    arms: tuple[BesideLoop, ...]
    """The line first."""


class PeersFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything ``inspector bench --peers`` measures."""

    bundle: str
    device: str
    """Of the line's engines; the loops compute in the same precision."""
    cores: int
    repetitions: int
    left_out: str
    """Why a loop is left out; empty where none is."""
    shares: tuple[PeersAtShare, ...]


class _Repetition(msgspec.Struct, frozen=True, kw_only=True):
    slices: dict[str, Slice]
    """By arm."""
    others: float
    """Share of the cores that other programs took: the most of any slice."""


def compare(settings: BenchSettings, say: Say) -> PeersFigures:
    """Compare with ``settings``; ``say`` is called with the name of each step.

    Raises UserError, also where an arm finds something else than the line, BundleError or EngineError.
    """
    bundle = read_bundle(find_bundle(settings.bundle))
    say("loading the engines")
    # As a replay without a rate sets it.
    inference = msgspec.structs.replace(
        settings.inference, runtime="openvino", lanes=settings.inference.lanes or throughput_lanes()
    )
    precision, device = _precision(bundle, inference)
    inference = msgspec.structs.replace(inference, precision=precision)
    task = make_task(bundle, precision)
    say("rendering the pool of frames")
    pool = np.stack(render_pool(bundle.height, bundle.width, POOL))
    left_out = why_not_onnxruntime()
    loops = OPENVINO_LOOPS if left_out else {**OPENVINO_LOOPS, ONNXRUNTIME: OnnxRuntimeLoop}
    with contextlib.ExitStack() as stack:
        say("starting the line and the loops")
        directory = stack.enter_context(temporary_folder("inspector-peers-"))
        others = [stack.enter_context(LoopProcess(name, make, task, pool)) for name, make in loops.items()]
        line = stack.enter_context(LineArm(bundle, inference, task, pool, directory))
        turns = _Turns(task, line, [line, *others], say)
        shares = tuple(turns.at(share, settings.repetitions, settings.seconds) for share in settings.shares)
    return PeersFigures(
        bundle=bundle.id,
        device=device,
        cores=available_cores(),
        repetitions=settings.repetitions,
        left_out=left_out,
        shares=shares,
    )


def make_task(bundle: Bundle, precision: str) -> Task:
    """What the loops are given of a bundle."""
    graphs, point = bundle.graph_files(), bundle.operating_point
    return Task(
        frame_px=bundle.height * bundle.width,
        gate=str(bundle.path / graphs["gate"]),
        segmenter=str(bundle.path / graphs["segmenter"]),
        gate_threshold=point.gate_threshold,
        classes=bundle.classes,
        mask_thresholds=point.thresholds(bundle.classes),
        minimum_area_px=point.minimum_areas(bundle.classes),
        max_defects=VerdictsConfig().max_defects,
        precision=precision,
    )


def require_same_answers(task: Task, slices: Mapping[str, Slice]) -> None:
    """Raise UserError where an arm found something else than the first, which is the line, over the same frames."""
    (_, line), *loops = slices.items()
    for name, loop in loops:
        tolerance = OTHER_RUNTIME if name == ONNXRUNTIME else SAME_RUNTIME
        require_same(task, line.answers, name, loop.answers, tolerance)


def _precision(bundle: Bundle, inference: InferenceConfig) -> tuple[str, str]:
    """The precision that the line's engines take on this CPU, and what they say they are."""
    engines = load_configured(bundle, inference).engines
    assert isinstance(engines, OpenVinoEngines)
    engines.close()
    return engines.precision, engines.device


class _Turns:
    """Has the arms do the same slices in turns."""

    def __init__(self, task: Task, line: LineArm, arms: Sequence[Arm], say: Say) -> None:
        self._task, self._line, self._arms, self._say = task, line, arms, say

    def at(self, share: float, repetitions: int, seconds: float) -> PeersAtShare:
        """All arms at one share, in slices that take the line about ``seconds``."""
        self._say(f"{share:.0%} let through: whether all find the same")
        tried = self._repetition(even_order(self._line.following, 2 * POOL, share), 0)
        frames = int(tried.slices[self._line.name].rate_hz * seconds)
        found = []
        for number in range(repetitions):
            self._say(f"repetition {number + 1} of {repetitions}: {share:.0%} let through")
            order = even_order(self._line.following, frames, share)
            found.append(self._repetition(order, number % len(self._arms)))
        return _summary(share, order.frames, self._arms, found)

    def _repetition(self, order: SliceOrder, begin: int) -> _Repetition:
        """One slice by each arm in turn, beginning with another one each time. Raises UserError where they find not the same."""
        found: dict[str, Slice] = {}
        others = 0.0
        for arm in (*self._arms[begin:], *self._arms[:begin]):
            cores = BusyCores()
            found[arm.name] = arm.run(order)
            others = max(others, cores.others(found[arm.name].cpu_s))
        slices = {arm.name: found[arm.name] for arm in self._arms}
        require_same_answers(self._task, slices)
        return _Repetition(slices=slices, others=others)


def _summary(share: float, frames: int, arms: Sequence[Arm], repetitions: list[_Repetition]) -> PeersAtShare:
    quiet = [one for one in repetitions if one.others <= QUIET]
    used = quiet or repetitions
    return PeersAtShare(
        share=share,
        frames=frames,
        quiet_repetitions=len(quiet),
        others=float(np.median([one.others for one in used])),
        arms=tuple(_beside(arm.name, arms[0].name, [one.slices for one in used]) for arm in arms),
    )


def _beside(name: str, line: str, rounds: Sequence[Mapping[str, Slice]]) -> BesideLoop:
    low, middle, high = np.percentile([one[line].rate_hz / one[name].rate_hz for one in rounds], [25, 50, 75])
    return BesideLoop(
        name=name,
        rate_hz=float(np.median([one[name].rate_hz for one in rounds])),
        cpu_ms=float(np.median([one[name].cpu_ms for one in rounds])),
        line_of_loop=float(middle),
        line_of_loop_low=float(low),
        line_of_loop_high=float(high),
        cpu_of_line=float(np.median([one[name].cpu_ms / one[line].cpu_ms for one in rounds])),
    )
