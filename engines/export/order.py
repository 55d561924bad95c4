"""What a bundle is to be built from, and whether that can be: checked before anything is exported."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from calibration.thresholds.calibrate import Wishes
from calibration.thresholds.on_bundle import Part
from engines.data.dataset import Dataset
from engines.data.split import Split
from engines.errors import BundleError, DataError
from engines.training.weights import Trained

HELD_OUT = ("calibration", "validation")
"""Parts to calibrate on, the first there is."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class Order:
    """What to build, from what."""

    gate: Path
    segmenter: Path
    data: Path
    split: Path | None
    out: Path
    """New directory."""
    name: str
    version: str = "1"
    part: str | None = None
    """To calibrate on; None: the first of ``HELD_OUT`` in the split."""
    folds: Path | None = None
    """Calibrate on all folds instead, each answered for by the sister bundle in here; the networks may know them all."""
    golden_data: Path | None = None
    """Labelled frames to take the golden ones from; None: those calibrated on."""
    wishes: Wishes = field(default_factory=Wishes)
    areas_px: tuple[int, ...] = ()
    """Minimum areas to try; empty: what `calibration` tries by itself."""
    notes: str = ""
    """Markdown to end the model card with."""
    golden_frames: int = 6
    precision: str = "auto"
    """Arithmetic to calibrate in: the line's."""


def require_new(order: Order) -> None:
    """Raise BundleError unless the directory is new and the name is one."""
    if order.out.exists() and (not order.out.is_dir() or any(order.out.iterdir())):
        raise BundleError(f"{order.out}: is there already; give a new directory with --out")
    if not _NAME.fullmatch(order.name):
        raise BundleError(
            f"--name: {order.name!r} is no name for a bundle; use letters, digits, '.', '_' and '-', at most 63"
        )


def require_match(order: Order, gate: Trained, segmenter: Trained, dataset: Dataset) -> None:
    """Raise DataError unless both networks and the data are of one frame size and one class list."""
    for trained, path, kind in ((gate, order.gate, "gate"), (segmenter, order.segmenter, "segmenter")):
        if trained.kind != kind:
            raise DataError(
                f"{path}: holds a {trained.kind}, expected a {kind}; give the gate first, then the segmenter"
            )
        if (trained.height, trained.width) != (dataset.height, dataset.width):
            raise DataError(
                f"{path}: trained for frames of {trained.height}x{trained.width}, those of {dataset.name} are "
                f"{dataset.height}x{dataset.width}; give the data that the line's frames are like"
            )
        if trained.classes != dataset.classes:
            raise DataError(
                f"{path}: classes are {', '.join(trained.classes)}; those of {dataset.name} are {', '.join(dataset.classes)}; "
                "name the data set's classes in its dataset.yaml as in training"
            )


def require_alike(gate: Trained, path: Path, dataset: Dataset) -> None:
    """Raise DataError unless golden frames are such as the networks take."""
    if (dataset.height, dataset.width, dataset.classes) != (gate.height, gate.width, gate.classes):
        raise DataError(
            f"{path}: frames are {dataset.height}x{dataset.width} of {', '.join(dataset.classes)}; golden frames must be like those "
            f"the networks take, {gate.height}x{gate.width} of {', '.join(gate.classes)}"
        )


def held_out(split: Split | None) -> str | None:
    """The first part of ``HELD_OUT`` in the split; None without one. Raises DataError where it has neither."""
    if split is None:
        return None
    for name in HELD_OUT:
        if name in split.parts:
            return name
    raise DataError(f"split: has no part {' or '.join(HELD_OUT)}, but {', '.join(split.parts)}; name one with --part")


def require_held_out(order: Order, gate: Trained, segmenter: Trained, part: Part) -> None:
    """Raise DataError where the networks may know the frames to calibrate on, and no sisters answer for these."""
    for trained, path in ((gate, order.gate), (segmenter, order.segmenter)):
        if trained.data_id != part.dataset.id or order.folds:
            continue
        if part.split is None:
            raise DataError(f"{path}: was trained on frames of {part.dataset.name}; give the split file with --split")
        if trained.split_id != part.split.id:
            raise DataError(
                f"{path}: was trained with split {trained.split_id}, {order.split} is {part.split.id}; frames to calibrate on "
                "may be known to the network: train both networks with one split file, and give that"
            )
        if part.name in trained.trained_on:
            raise DataError(
                f"{path}: learnt from the part {part.name}; calibrate on another with --part, or by --folds"
            )
