"""What is opened is what was hashed: nothing outside the digests is ever loaded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import onnx
import pytest

from engines.bundle import GOLDEN, Bundle, open_bundle, read_bundle, read_contents, read_graph
from engines.errors import BundleError
from tests.engines.bundle.sealing import change, seal


@pytest.fixture
def copy(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    shutil.copytree(tiny_bundle.path, tmp_path / "copy")
    return tmp_path / "copy"


def refused(folder: Path, why: str) -> None:
    with pytest.raises(BundleError, match=why) as told:
        read_contents(read_bundle(folder))
    assert str(told.value).isprintable()


def test_the_included_bundle_is_what_it_was() -> None:
    """Its digest is part of verdicts, journals and plans: reading it must never change it."""
    contents = read_contents(open_bundle("demo"))
    assert contents.bundle.id == "demo-2-b0fc7f6a"
    assert contents.bundle.operating_point.id == "81b952ee1312"
    assert {name: graph.sha256 for name, graph in contents.graphs.items()} == contents.bundle.graph_digests()
    assert [sample.frame.shape for sample in contents.golden] == [(256, 1600)] * 6


def test_weights_in_another_file_are_refused_listed_or_not(copy: Path) -> None:
    model = onnx.load(copy / "segmenter.onnx")
    onnx.save_model(
        model, copy / "segmenter.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    assert (copy / "weights.bin").stat().st_size
    seal(copy)
    refused(
        copy, r"segmenter\.onnx: keeps weights in another file, which has no digest; save it with its weights inside"
    )
    change(copy / "bundle.yaml", lambda manifest: manifest["files"].update({"weights.bin": ""}))
    seal(copy)
    refused(copy, r"segmenter\.onnx: keeps weights in another file")
    with pytest.raises(BundleError, match="keeps weights in another file"):
        read_graph(copy / "segmenter.onnx")


@pytest.mark.parametrize(
    "name", ["../outside.png", "golden/../../outside.png", "/ABSOLUTE", "golden/link.png", "unlisted.png"]
)
def test_golden_frames_are_listed_and_lie_in_the_bundle(copy: Path, name: str) -> None:
    outside = copy.parent / "outside.png"
    shutil.copyfile(copy / "golden" / "0.png", outside)
    shutil.copyfile(outside, copy / "unlisted.png")
    (copy / "golden" / "link.png").symlink_to(outside)
    name = name.replace("/ABSOLUTE", str(outside))

    def named(golden: Any) -> None:
        golden["frames"][0]["frame"] = name

    change(copy / GOLDEN, named)
    seal(copy)
    refused(copy, "which golden/golden.yaml names, has no digest")
    if name != "unlisted.png":
        change(copy / "bundle.yaml", lambda manifest: manifest["files"].update({name: "0" * 64}))
        seal(copy)
        refused(copy, "lies outside the bundle")


def test_a_file_that_is_exchanged_after_it_was_hashed_is_never_loaded(copy: Path) -> None:
    """Every file is opened once: what comes to its name later is not looked at, in either order."""
    contents = read_contents(read_bundle(copy))
    for file in copy.rglob("*"):
        if file.is_file():
            file.write_bytes(b"something else")
    assert contents.graphs["gate"].data[:1] == b"\x08"
    assert contents.golden[1].mask.any()


def test_a_pipe_in_place_of_a_file_is_refused_at_once(copy: Path) -> None:
    (copy / "card.md").unlink()
    os.mkfifo(copy / "card.md")
    refused(copy, r"card\.md: is missing from the bundle")
    (copy / "bundle.yaml").unlink()
    os.mkfifo(copy / "bundle.yaml")
    refused(copy, r"bundle\.yaml: is no regular file")


def test_an_image_of_another_size_is_not_decoded(copy: Path) -> None:
    """Its header says 60000 x 60000, which would take 3.6 GB."""
    frame = copy / "golden" / "0.png"
    data = bytearray(frame.read_bytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    frame.write_bytes(data)
    seal(copy)
    refused(copy, r"0\.png: is 60000x60000 pixels .*; expected 32x48; copy the bundle again")


def test_what_is_no_graph_is_refused(copy: Path) -> None:
    for data in (b"", b"not a network", b"<net></net>", b"\x08\x09", b"\x3a\xff\xff\xff\xff\x0f", b"\x3a\x02\x0a\x05"):
        (copy / "gate.onnx").write_bytes(data)
        seal(copy)
        refused(copy, r"gate\.onnx: is no ONNX graph")


def test_weights_are_found_wherever_a_graph_can_hold_them() -> None:
    from engines.bundle.onnx_weights import why_not_whole

    whole = onnx.numpy_helper.from_array(onnx.numpy_helper.np.zeros(3), "w")
    for place in ("initializer", "sparse", "attribute", "subgraph", "list", "function", "training", "location alone"):
        assert why_not_whole(model_with(whole, place)) == ""
        other = onnx.TensorProto()
        other.CopyFrom(whole)
        other.ClearField("raw_data")
        other.data_location = onnx.TensorProto.EXTERNAL
        if place != "location alone":
            other.external_data.add(key="location", value="weights.bin")
        assert "keeps weights in another file" in why_not_whole(model_with(other, place)), place


def model_with(tensor: onnx.TensorProto, place: str) -> bytes:
    helper = onnx.helper
    nodes, initializers, functions = [], [], []
    attribute = helper.make_attribute("value", tensor)
    if place in ("initializer", "location alone"):
        initializers = [tensor]
    elif place == "attribute":
        nodes = [helper.make_node("Constant", [], ["c"], value=tensor)]
    elif place == "list":
        nodes = [helper.make_node("Odd", [], ["c"], values=[tensor])]
    elif place == "subgraph":
        inner = helper.make_graph([], "inner", [], [], [tensor])
        nodes = [helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)]
    graph = helper.make_graph(nodes, "g", [], [], initializers)
    if place == "sparse":
        graph.sparse_initializer.add().values.CopyFrom(tensor)
    if place == "function":
        node = onnx.NodeProto(op_type="Constant", output=["c"])
        node.attribute.append(attribute)
        functions = [helper.make_function("own", "F", [], ["c"], [node], [helper.make_opsetid("", 18)])]
    model = helper.make_model(graph, functions=functions)
    if place == "training":
        model.training_info.add().initialization.initializer.append(tensor)
    return bytes(model.SerializeToString())
