"""Graphs become TensorRT plans: built for real, by TensorRT-RTX, which needs no GPU for that. What a plan answers needs one."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from engines.bundle import INCLUDED, Graph, read_graph
from engines.errors import EngineError, PlanBuildError
from engines.tensorrt.build_plan import BuildProfile, build_plan
from engines.tensorrt.library import Edition, Library, open_library

CAPABILITIES = ("7.5", "8.6", "8.9", "12.0")
"""Turing, Ampere (of workstations; Jetson Orin's 8.7 is built by JetPack's own TensorRT), Ada, Blackwell."""
MIB = 1024**2


@pytest.fixture(scope="module")
def library() -> Library:
    pytest.importorskip("tensorrt_rtx", reason="needs tensorrt-rtx (make test-tensorrt)")
    return open_library("tensorrt_rtx")


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("network", ["gate", "segmenter"])
def test_the_included_bundle_builds(library: Library, network: str, capability: str) -> None:
    seen: list[tuple[str, int, int]] = []
    plan = build_plan(
        library,
        read_graph(INCLUDED / "demo" / f"{network}.onnx"),
        BuildProfile(capability),
        lambda *step: seen.append(step),
    )
    assert 0.5 * MIB < len(plan.data) < 16 * MIB
    assert plan.precisions["HALF"] > 0.7 * sum(plan.precisions.values())  # the graph's own precision
    assert plan.layers["CONVOLUTION"] >= 30
    assert all(0 <= done <= steps for _, done, steps in seen)
    assert seen[-1] == ("Building engine", seen[-1][2], seen[-1][2])


@pytest.mark.timeout(300)
def test_the_papers_largest_networks_build_at_full_size(library: Library, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the training extra")
    pytest.importorskip("onnxscript", reason="needs the training extra")
    from engines.export.graphs import GateGraph, SegmenterGraph
    from engines.export.onnx import export_gate, export_segmenter
    from engines.networks.factory import build_network
    from engines.networks.spec import NetworkSpec

    torch.manual_seed(0)
    gate = build_network(NetworkSpec(architecture="timm", encoder="resnet50"), 4).eval()
    unet = build_network(NetworkSpec(architecture="unet", encoder="efficientnet-b3"), 4).eval()
    export_gate(GateGraph(gate, 1), tmp_path / "gate.onnx", 256, 1600)
    export_segmenter(SegmenterGraph(unet, 4, 1), tmp_path / "segmenter.onnx", 256, 1600)
    for name, convolutions in (("gate", 53), ("segmenter", 120)):
        plan = build_plan(library, read_graph(tmp_path / f"{name}.onnx"), BuildProfile("8.9", max_batch=4))
        assert plan.layers["CONVOLUTION"] >= convolutions
        assert plan.precisions["HALF"] > 0.7 * sum(plan.precisions.values())


def test_a_capability_that_cannot_be_built_for_is_named(library: Library) -> None:
    with pytest.raises(EngineError, match=r"compute capability 9\.9: .* builds for 7\.5, 8\.0"):
        build_plan(library, read_graph(INCLUDED / "demo" / "gate.onnx"), BuildProfile("9.9"))


def test_a_graph_that_cannot_be_taken_names_the_node(library: Library) -> None:
    pytest.importorskip("onnx", reason="needs onnx")
    from onnx import TensorProto, helper

    node = helper.make_node("Frob", ["frames"], ["score"], name="odd", domain="com.example")
    given = helper.make_tensor_value_info("frames", TensorProto.UINT8, ["batch", 8, 8])
    told = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch"])
    graph = helper.make_graph([node], "graph", [given], [told])
    sets = [helper.make_opsetid("", 18), helper.make_opsetid("com.example", 1)]
    for data, complaint in (
        (helper.make_model(graph, opset_imports=sets).SerializeToString(), r"cannot take node 'odd' \(Frob\)"),
        (b"no graph", "cannot take the file"),
    ):
        with pytest.raises(EngineError, match=rf"gate\.onnx: .*{complaint}") as refused:
            build_plan(library, Graph(Path("gate.onnx"), "", data), BuildProfile("8.9"))
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("how", ["raised", "signalled"])
def test_a_build_can_be_stopped(library: Library, capfd: pytest.CaptureFixture[str], how: str) -> None:
    """As by Ctrl-C, and as where the terminal that progress is shown on has gone."""
    calls = 0

    def progress(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 40 and how == "raised":
            raise BrokenPipeError
        if calls == 40:
            os.kill(os.getpid(), signal.SIGINT)
        if calls >= 40:
            time.sleep(0.01)  # else the rest may be done before the signal is seen

    with pytest.raises(BrokenPipeError if how == "raised" else KeyboardInterrupt):
        build_plan(library, read_graph(INCLUDED / "demo" / "segmenter.onnx"), BuildProfile("8.9"), progress)
    assert 40 <= calls < 200
    assert capfd.readouterr() == ("", "")
    assert build_plan(library, read_graph(INCLUDED / "demo" / "segmenter.onnx"), BuildProfile("8.9")).data


def test_a_library_that_builds_for_its_own_gpu_only_says_so() -> None:
    plain = Library("tensorrt", "10.13", None)
    plain.require_capability("8.9", local="8.9")
    for local in ("", "8.6"):
        with pytest.raises(EngineError, match=r"compute capability 8\.9: .* its own GPU only; .* with tensorrt_rtx"):
            plain.require_capability("8.9", local)


def test_a_library_that_is_not_there_says_how_to_get_it() -> None:
    from importlib.util import find_spec

    if find_spec("tensorrt") is not None:
        pytest.skip("tensorrt is installed here")
    with pytest.raises(EngineError, match="tensorrt: is not installed; pip install tensorrt on a workstation"):
        open_library("tensorrt")


@pytest.mark.parametrize(
    ("name", "version", "flags"),
    [
        ("tensorrt", "10.3.0", ()),  # of JetPack 6: its Python API has no such flag
        ("tensorrt", "10.6.0.26", ("STRICT_NANS",)),
        ("tensorrt", "11.1.0", ("STRICT_NANS",)),
        ("tensorrt_rtx", "1.3.0", ("STRICT_NANS", "REQUIRE_USER_ALLOCATION")),
    ],
)
def test_only_flags_that_the_version_has_are_set(name: Edition, version: str, flags: tuple[str, ...]) -> None:
    assert Library(name, version, None).builder_flags == flags


def test_the_flags_are_those_of_the_real_api(library: Library) -> None:
    assert all(hasattr(library.api.BuilderFlag, flag) for flag in library.builder_flags)


def test_too_little_workspace_is_recognized(library: Library) -> None:
    with pytest.raises(PlanBuildError, match="within workspace limit") as failed:
        build_plan(library, read_graph(INCLUDED / "demo" / "gate.onnx"), BuildProfile("8.9", workspace_mib=1))
    assert failed.value.needs_workspace
