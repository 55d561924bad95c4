"""Bundles as folders: what the manifest names, and the graphs."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from engines.bundle import read_bundle
from engines.bundle.contents import read_contents
from engines.bundle.onnx_weights import why_not_whole
from engines.errors import BundleError, DamagedPlanError
from engines.files.yaml_text import yaml_text
from engines.tensorrt.cache import CacheEntry, PlanCache
from engines.tensorrt.metadata import PlanMetadata
from tests.capture.replay_files import encoded, sheet
from tests.fuzz.mutation import json_changed
from tests.fuzz.target import Target, joined, parts_of, promised, require, require_readable
from tests.fuzz.targets import scratch

_FILES = ("gate.onnx", "segmenter.onnx", "golden/golden.yaml", "golden/0.png", "golden/0-mask.png", "card.md")
_HEIGHT, _WIDTH = 8, 12
_POINT = b"gate_threshold: 0.5\nmask_thresholds: {dark: 0.5}\n"


def contents(data: bytes) -> None:
    """The files of a bundle, each with its right digest: read as engines read them."""
    folder = scratch.put("bundle/operating_point.yaml", _POINT).parent
    digests = {}
    for name, content in zip(_FILES, parts_of(data, len(_FILES)), strict=False):
        scratch.put(f"bundle/{name}", content)
        digests[name] = hashlib.sha256(content).hexdigest()
    manifest = {
        "format": 1, "name": "tiny", "version": "1", "classes": ["dark"], "frame": {"height": _HEIGHT, "width": _WIDTH}, "files": digests,
    }  # fmt: skip
    (folder / "bundle.yaml").write_text(yaml_text(manifest), encoding="utf-8")
    with promised(BundleError):
        found = read_contents(read_bundle(folder))
        require(
            all(one.frame.shape == one.mask.shape == (_HEIGHT, _WIDTH) for one in found.golden),
            "a golden frame of another size",
        )
        require(all(not why_not_whole(one.data) for one in found.graphs.values()), "a graph that is not whole")


def content_seeds() -> Iterator[bytes]:
    """A whole bundle."""
    golden = b"thresholds: [0.5]\nframes:\n- {frame: golden/0.png, mask: golden/0-mask.png, gate_score: 0.5, scores: [0.5]}\n"
    grey = sheet(1, _HEIGHT, _WIDTH)
    yield joined(
        _small(), _small(), golden, encoded(".png", grey), encoded(".png", (grey > 100).astype(np.uint8)), b"# card\n"
    )


def graph(data: bytes) -> None:
    """Whether a graph keeps its weights itself."""
    why = why_not_whole(data)
    if why:
        require_readable(why)


@functools.cache
def _small() -> bytes:
    """A graph of one node and one tensor, as protobuf writes it: no package makes it where there is no onnx."""

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    tensor = b"\x08\x01\x10\x01" + field(8, b"w") + field(9, bytes(4))
    node = field(1, b"x") + field(2, b"y") + field(4, b"Add") + field(5, field(1, b"value") + field(5, tensor))
    return b"\x08\x09" + field(7, field(1, node) + field(2, b"g") + field(5, tensor)) + field(8, b"\x10\x12")


def graph_seeds() -> Iterator[bytes]:
    """With its weights inside, and elsewhere."""
    yield _small()
    yield _small().replace(b"\x4a\x04" + bytes(4), b"\x70\x01" + b"\x6a\x00" + b"\x20\x00")


def plan(data: bytes) -> None:
    """What is said of a plan in the cache."""
    with promised(DamagedPlanError):
        found = PlanCache(Path("x")).entry(scratch.put("plans/plan.json", data).with_suffix(".plan"))
        require(len(found.metadata.key) == 24, "another key than names of plans have")


def plan_seeds() -> Iterator[bytes]:
    """As it is stored."""
    metadata = PlanMetadata(
        bundle="b", network="gate", onnx_sha256="0" * 64, library="tensorrt", version="10.3", capability="8.9", max_batch=8,
        builder_flags=("TF32",), workspace_mib=512, precisions={"FLOAT": 3}, layers={"CONVOLUTION": 3},
    )  # fmt: skip
    yield msgspec.json.encode(CacheEntry(metadata=metadata, size=5, digest="0" * 64))


TARGETS = (
    Target(
        "bundle_files", contents, content_seeds, (b"golden/0.png", b"frame: ", b"scores: ", b"IHDR"), longest=1 << 11
    ),
    Target(
        "onnx_graph",
        graph,
        graph_seeds,
        (b"\x3a", b"\x6a", b"\x70\x01", b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
        longest=1 << 10,
    ),
    Target("plan_entry", plan, plan_seeds, (b"null", b"{}", b"[" * 1500), json_changed, longest=1 << 11),
)
