"""Trained weights become TensorRT plans without ONNX: by torch_tensorrt for real, which with TensorRT-RTX needs no GPU.

What a plan answers needs one; the last test asks it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from engines.bundle import (
    INCLUDED,
    MASK_AGREEMENT,
    SCORE_TOLERANCE,
    Contents,
    GoldenSample,
    read_bundle,
    read_contents,
    write_bundle,
)
from engines.errors import DataError, EngineError
from engines.export.torch_tensorrt import OUTPUTS, TorchPlanBuilder
from engines.operating_point import OperatingPoint
from engines.tensorrt.build_plan import BuildProfile, build_plan
from engines.tensorrt.library import Library, open_library

CLASSES = ("pits", "rust")
HEIGHT, WIDTH = 64, 96


class Made(NamedTuple):
    """The contents of a bundle and the weights that it was built from."""

    contents: Contents
    gate: Path
    segmenter: Path


@pytest.fixture(scope="module")
def library() -> Library:
    """The one that torch_tensorrt builds with."""
    if find_spec("torch_tensorrt") is None:
        pytest.skip("needs torch-tensorrt-rtx, or torch-tensorrt and a GPU")
    torch = pytest.importorskip("torch", reason="needs the training extra")
    if torch.version.cuda is None:
        pytest.skip("needs a torch built with CUDA")
    return open_library("tensorrt_rtx" if find_spec("tensorrt_rtx") else "tensorrt")


@pytest.fixture(scope="module")
def profile(library: Library) -> BuildProfile:
    from engines.gpu import find_gpu

    gpu = find_gpu()
    if library.builds_ahead_of_time:
        return BuildProfile("8.9", max_batch=4)
    if isinstance(gpu, str):
        pytest.skip(f"{library.name} builds for its own GPU only: {gpu}")
    return BuildProfile(gpu.capability, local_capability=gpu.capability, max_batch=4)


def make(folder: Path, **networks: Any) -> Made:
    """A bundle of networks that nobody trained."""
    from engines.export.graph_outputs import ExportedNetworks
    from engines.export.graphs import GateGraph, SegmenterGraph
    from engines.export.onnx import export_gate, export_segmenter
    from engines.export.random_bundle import blotched_frame
    from engines.networks.spec import NetworkSpec
    from tests.engines.export.weights import calm, trained, write

    gate = trained("gate", NetworkSpec(**networks["gate"]), CLASSES, (HEIGHT, WIDTH))
    segmenter = calm(trained("segmenter", NetworkSpec(**networks["segmenter"]), CLASSES, (HEIGHT, WIDTH)))
    gate_onnx, segmenter_onnx = folder / "gate.onnx", folder / "segmenter.onnx"
    export_gate(GateGraph(gate.build(), gate.scale), gate_onnx, HEIGHT, WIDTH)
    activation = segmenter.network.activation
    export_segmenter(
        SegmenterGraph(segmenter.build(), len(CLASSES), segmenter.scale, activation), segmenter_onnx, HEIGHT, WIDTH
    )
    frames = [blotched_frame(HEIGHT, WIDTH, seed) for seed in range(2)]
    even = [0.5] * len(CLASSES)
    answers = ExportedNetworks(gate_onnx, segmenter_onnx).outputs(frames, even)
    bundle = write_bundle(
        folder / "bundle",
        name="bars",
        version="1",
        classes=CLASSES,
        gate_onnx=gate_onnx,
        segmenter_onnx=segmenter_onnx,
        operating_point=OperatingPoint(gate_threshold=0.5, mask_thresholds=dict(zip(CLASSES, even, strict=True))),
        golden_thresholds=even,
        golden=[
            GoldenSample(frame, answers.masks[i], float(answers.scores[i]), tuple(answers.class_scores[i].tolist()))
            for i, frame in enumerate(frames)
        ],
        card="# Bars\n",
        training={},
    )
    return Made(read_contents(bundle), write(gate, folder / "gate.pt"), write(segmenter, folder / "segmenter.pt"))


@pytest.fixture(
    scope="module",
    params=[
        {"gate": {"architecture": "lite0-gate"}, "segmenter": {"architecture": "lite0-unet"}},
        {
            "gate": {"architecture": "timm", "encoder": "resnet18"},
            "segmenter": {"architecture": "unet", "encoder": "tu-mobilenetv3_small_100", "activation": "softmax"},
        },
    ],
    ids=["lite0", "timm-smp"],
)
def made(library: Library, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("torch_tensorrt"), **request.param)


@pytest.mark.timeout(300)
def test_plans_are_as_those_from_onnx(library: Library, profile: BuildProfile, made: Made) -> None:
    seen: list[tuple[str, int, int]] = []
    builder = TorchPlanBuilder(*made, library)
    plans = {network: builder.build(network, profile, lambda *step: seen.append(step)) for network in OUTPUTS}
    assert list(plans) == ["gate", "segmenter"]
    for network, plan in plans.items():
        other = build_plan(library, made.contents.graphs[network], profile)
        assert plan.layers["CONVOLUTION"] == other.layers["CONVOLUTION"]
        # In the precision of the graph, and never in float32 between casts.
        assert plan.precisions["HALF"] >= other.precisions["HALF"]
        assert plan.precisions.get("FLOAT", 0) <= other.precisions["FLOAT"] + 10
        assert len(plan.data) == pytest.approx(len(other.data), rel=0.5)
    assert seen[-1] == ("Building engine", seen[-1][2], seen[-1][2])
    for name in ("frames", "score"):
        assert name.encode() in plans["gate"].data
    for name in ("frames", "thresholds", "mask", "pixels", "scores"):
        assert name.encode() in plans["segmenter"].data
    assert not any(b"output0" in plan.data for plan in plans.values())


@pytest.mark.timeout(300)
def test_one_batch_only_and_a_gpu_that_cannot_be_built_for(library: Library, profile: BuildProfile, made: Made) -> None:
    builder = TorchPlanBuilder(*made, library)
    assert builder.build(
        "gate", BuildProfile(profile.capability, local_capability=profile.local_capability, max_batch=1)
    ).data
    with pytest.raises(EngineError, match=r"compute capability 1\.0: cannot be built for here"):
        builder.build("gate", BuildProfile("1.0"))


@pytest.mark.timeout(300)
def test_other_weights_are_refused(library: Library, made: Made, tmp_path: Path) -> None:
    from engines.training.weights import load_weights
    from tests.engines.export.weights import write

    with pytest.raises(
        DataError, match=r"segmenter\.pt: holds a segmenter for 64x96 and pits, rust; the gate of bars-1-"
    ):
        TorchPlanBuilder(made.contents, made.segmenter, made.gate, library)
    with pytest.raises(DataError, match=r"card\.md: is not a file of weights"):
        TorchPlanBuilder(made.contents, made.gate, made.contents.bundle.path / "card.md", library)
    other = load_weights(made.gate)
    other.state.update({name: value + 2 for name, value in other.state.items() if name.endswith("bias")})
    with pytest.raises(
        EngineError, match=r"these weights do not answer as its golden frames say .* it was built from"
    ) as refused:
        TorchPlanBuilder(made.contents, write(other, tmp_path / "other.pt"), made.segmenter, library)
    assert "\n" not in str(refused.value)


def test_what_is_missing_is_said_before_anything_is_read(tmp_path: Path) -> None:
    if find_spec("torch_tensorrt") is None:
        told = r"torch_tensorrt: is not installed; pip install torch-tensorrt-rtx of the version that torch has"
    elif pytest.importorskip("torch", reason="needs the training extra").version.cuda is None:
        told = r"torch .*: is built without CUDA, and torch_tensorrt does not load beside it"
    else:
        pytest.skip("torch_tensorrt can be used here")
    library, contents = Library("tensorrt_rtx", "1.5", None), read_contents(read_bundle(INCLUDED / "demo"))
    with pytest.raises(EngineError, match=told) as refused:
        TorchPlanBuilder(contents, tmp_path / "gate.pt", tmp_path / "segmenter.pt", library)
    assert "\n" not in str(refused.value)


@pytest.mark.gpu
@pytest.mark.timeout(600)
def test_plans_answer_as_the_golden_frames_say(library: Library, made: Made) -> None:

    from engines.runtime.cuda.check_plans import check_plans
    from engines.tensorrt.cache import VerifiedPlan
    from engines.tensorrt.target import find_target

    try:
        target = find_target(library)
    except EngineError as error:
        pytest.skip(str(error))
    profile = BuildProfile(target.capability, local_capability=target.capability, max_batch=4)
    builder = TorchPlanBuilder(*made, library)
    plans = {network: builder.build(network, profile) for network in OUTPUTS}
    verified = {network: VerifiedPlan(plan.data) for network, plan in plans.items()}
    check = check_plans(made.contents, library, verified, 4)
    assert check.golden.within(SCORE_TOLERANCE, MASK_AGREEMENT)
    assert np.isfinite(check.golden.score_difference)
