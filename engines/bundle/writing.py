"""Writes a bundle."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.bundle.contents import MOST_GRAPH_BYTES
from engines.bundle.golden import Golden, GoldenFrame, GoldenSample
from engines.bundle.manifest import CARD, FORMAT, GOLDEN, MANIFEST, OPERATING_POINT, FrameSize, Manifest, naming_problem
from engines.bundle.reading import Bundle, read_bundle
from engines.errors import BundleError
from engines.files.looking import entries, files_below
from engines.files.reading import read_bytes
from engines.files.writing import output_folder, write_bytes, write_text
from engines.files.yaml_text import yaml_text
from engines.operating_point import OperatingPoint, write_operating_point


def write_bundle(
    directory: Path,
    *,
    name: str,
    version: str,
    classes: Sequence[str],
    gate_onnx: Path,
    segmenter_onnx: Path,
    operating_point: OperatingPoint,
    golden_thresholds: Sequence[float],
    golden: Sequence[GoldenSample],
    card: str,
    training: dict[str, Any],
) -> Bundle:
    """Write a complete bundle into a new or empty ``directory`` and read it back.

    The frame geometry is that of the golden frames. Raises BundleError if the directory holds something already, or the bundle cannot be
    called this; FileError where it cannot be written.
    """
    if problem := naming_problem(name, version, tuple(classes)):
        raise BundleError(f"{directory}: {problem}")
    if entries(output_folder(directory)):
        raise BundleError(f"{directory}: is not empty; give a new directory")
    output_folder(directory / "golden")
    shutil.copyfile(gate_onnx, directory / "gate.onnx")
    shutil.copyfile(segmenter_onnx, directory / "segmenter.onnx")
    write_text(directory / CARD, card)
    frames = []
    for i, sample in enumerate(golden):
        item = GoldenFrame(
            frame=f"golden/{i}.png", mask=f"golden/{i}_mask.png", gate_score=sample.gate_score, scores=sample.scores
        )
        _write_png(directory / item.frame, sample.frame)
        _write_png(directory / item.mask, sample.mask)
        frames.append(item)
    _write_yaml(directory / GOLDEN, Golden(thresholds=tuple(golden_thresholds), frames=tuple(frames)))
    height, width = golden[0].frame.shape
    files = {str(path.relative_to(directory)): _sha256(path) for path in files_below(directory)}
    write_operating_point(operating_point, directory / OPERATING_POINT)
    manifest = Manifest(
        format=FORMAT,
        name=name,
        version=version,
        classes=tuple(classes),
        frame=FrameSize(height, width),
        training=training,
        files=files,
    )
    _write_yaml(directory / MANIFEST, manifest)
    return read_bundle(directory)


def _sha256(path: Path) -> str:
    return hashlib.sha256(read_bytes(path, MOST_GRAPH_BYTES)).hexdigest()


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    write_bytes(path, cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


def _write_yaml(path: Path, value: msgspec.Struct) -> None:
    write_text(path, yaml_text(msgspec.to_builtins(value)))
