"""The bundles of the checks: networks so small that two cores carry several lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engines.bundle import GoldenSample, write_bundle
from engines.operating_point import OperatingPoint
from tests.tiny_bundle import CLASSES, HEIGHT, WIDTH, frame_with, make_tiny_bundle

FOLDER = "/var/lib/inspector/bundles"
TINY = f"{FOLDER}/tiny"
WRONG = f"{FOLDER}/wrong"
"""Its golden frames state another gate score than its gate gives."""


def write_bundles(root: Path) -> None:
    """Put both into a root folder."""
    folder = root / FOLDER.removeprefix("/")
    folder.mkdir(parents=True)
    made = make_tiny_bundle(folder / "tiny")
    halves = tuple(0.5 for _ in CLASSES)
    write_bundle(
        folder / "wrong",
        name="wrong",
        version="1",
        classes=CLASSES,
        gate_onnx=made.path / "gate.onnx",
        segmenter_onnx=made.path / "segmenter.onnx",
        operating_point=OperatingPoint(gate_threshold=0.5, mask_thresholds=dict(zip(CLASSES, halves, strict=True))),
        golden_thresholds=halves,
        golden=[GoldenSample(frame_with(()), np.zeros((HEIGHT, WIDTH), np.uint8), 0.9, (0.0, 0.0))],
        card="# wrong\n",
        training={"data": "none"},
    )
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
