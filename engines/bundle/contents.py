"""What engines load of a bundle: each file is read once, and the bytes whose digest was compared are those that are loaded.

Nothing is opened a second time by name, so exchanging a file between digest and load changes nothing. Every file that is opened must be
listed in the manifest, and lie in the bundle; a graph that keeps weights in other files is refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.bundle.golden import Golden, GoldenFrame, GoldenSample, decode_image, parse_golden
from engines.bundle.manifest import GOLDEN, MANIFEST, OPERATING_POINT
from engines.bundle.onnx_weights import why_not_whole
from engines.bundle.reading import Bundle
from engines.bundle.signature import SUFFIX
from engines.errors import BundleError, FileError
from engines.files.looking import files_below, is_file
from engines.files.reading import open_regular, read_bytes
from engines.files.text import brief
from engines.files.yaml_text import MOST_BYTES

MOST_GRAPH_BYTES = 2**31 - 1
"""As protobuf has it."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Graph:
    """A network's ONNX file, in memory."""

    path: Path
    """Where it was read, for messages."""
    sha256: str
    """Of ``data``."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """The verified files of a bundle that engines are made of."""

    bundle: Bundle
    graphs: dict[str, Graph]
    """By network, in the order a frame meets them."""
    golden_thresholds: tuple[float, ...]
    """Mask thresholds that the golden masks were made with."""
    golden: list[GoldenSample]


def read_contents(bundle: Bundle) -> Contents:
    """Compare every file with its digest, and keep what engines load. Raises BundleError naming the first file that is missing, altered,
    not listed, outside the bundle or not what it should be."""
    graph_files = bundle.graph_files()
    _require_listed(bundle, graph_files.values(), MANIFEST)
    golden = _golden(bundle)
    images = [name for frame in golden.frames for name in (frame.frame, frame.mask)]
    _require_listed(bundle, images, GOLDEN)
    # Those that are not loaded come first, so that nothing is kept in memory meanwhile.
    for name in sorted(bundle.manifest.files.keys() - {GOLDEN, *graph_files.values(), *images}):
        _compare(bundle, name, _digest(_path(bundle, name)))
    graphs = {network: _graph(bundle, name) for network, name in graph_files.items()}
    return Contents(bundle, graphs, golden.thresholds, [_sample(bundle, frame) for frame in golden.frames])


def unlisted_files(bundle: Bundle) -> list[str]:
    """Files in the bundle's folder that it does not list, by relative path. Engines never read them. Raises FileError."""
    known = {
        MANIFEST,
        OPERATING_POINT,
        *(f"{name}{SUFFIX}" for name in (MANIFEST, OPERATING_POINT)),
        *bundle.manifest.files,
    }
    return sorted({str(path.relative_to(bundle.path)) for path in files_below(bundle.path)} - known)


def read_golden(bundle: Bundle, most: int) -> tuple[tuple[float, ...], list[GoldenSample]]:
    """The first golden frames, at most so many, and the mask thresholds that their masks were made with. Raises BundleError."""
    golden = _golden(bundle)
    frames = golden.frames[:most]
    _require_listed(bundle, [name for frame in frames for name in (frame.frame, frame.mask)], GOLDEN)
    return golden.thresholds, [_sample(bundle, frame) for frame in frames]


def read_graph(path: Path) -> Graph:
    """An ONNX file by itself. Raises BundleError: it cannot be read, is no ONNX graph, or keeps weights in other files."""
    try:
        data = read_bytes(path, MOST_GRAPH_BYTES)
    except FileError as error:
        raise BundleError(str(error)) from None
    return _whole(Graph(path, hashlib.sha256(data).hexdigest(), data))


def _golden(bundle: Bundle) -> Golden:
    """The verified list of golden frames."""
    _require_listed(bundle, [GOLDEN], MANIFEST)
    pixels = bundle.height * bundle.width
    return parse_golden(_verified(bundle, GOLDEN, MOST_BYTES), bundle.path / GOLDEN, len(bundle.classes), pixels)


def _sample(bundle: Bundle, frame: GoldenFrame) -> GoldenSample:
    return GoldenSample(_image(bundle, frame.frame), _image(bundle, frame.mask), frame.gate_score, frame.scores)


def _graph(bundle: Bundle, name: str) -> Graph:
    data = _verified(bundle, name, MOST_GRAPH_BYTES)
    return _whole(Graph(bundle.path / name, bundle.manifest.files[name], data))


def _whole(graph: Graph) -> Graph:
    if why := why_not_whole(graph.data):
        raise BundleError(f"{graph.path}: {why}")
    return graph


def _image(bundle: Bundle, name: str) -> NDArray[np.uint8]:
    # A grey PNG is never much larger than its pixels.
    data = _verified(bundle, name, 2 * bundle.height * bundle.width + _BLOCK)
    return decode_image(data, bundle.path / name, bundle.height, bundle.width)


def _require_listed(bundle: Bundle, names: Iterable[str], named_in: str) -> None:
    for name in names:
        if name not in bundle.manifest.files:
            raise BundleError(
                f"{bundle.path / MANIFEST}: files: {brief(name)}, which {named_in} names, has no digest; export the bundle again"
            )


def _verified(bundle: Bundle, name: str, most_bytes: int) -> bytes:
    """The content of a listed file, which has the digest that the manifest says."""
    path = _path(bundle, name)
    try:
        data = read_bytes(path, most_bytes)
    except FileError as error:
        raise BundleError(str(error)) from None
    _compare(bundle, name, hashlib.sha256(data).hexdigest())
    return data


def _digest(path: Path) -> str:
    """SHA-256 of a file of any size."""
    digest = hashlib.sha256()
    try:
        with open_regular(path) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except FileError as error:
        raise BundleError(str(error)) from None
    return digest.hexdigest()


def _compare(bundle: Bundle, name: str, found: str) -> None:
    expected = bundle.manifest.files[name]
    if found != expected:
        raise BundleError(
            f"{bundle.path / name}: was altered (sha256 {found[:12]}..., the manifest says {expected[:12]}...); "
            "copy the bundle again or export a new one"
        )


def _path(bundle: Bundle, name: str) -> Path:
    """Where a listed file is. Raises BundleError where that is outside the bundle, or no file is there."""
    path = bundle.path / name
    outside = f"{bundle.path / MANIFEST}: files: {brief(name)} lies outside the bundle; export it again"
    if ".." in Path(name).parts or Path(name).is_absolute():
        raise BundleError(outside)
    try:
        if not is_file(path):
            raise BundleError(f"{path}: is missing from the bundle; copy the whole bundle again")
    except FileError as error:
        raise BundleError(str(error)) from None
    if not os.path.realpath(path).startswith(os.path.join(os.path.realpath(bundle.path), "")):
        raise BundleError(outside)
    return path
