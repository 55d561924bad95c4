"""The operating point: the thresholds calibration chose, kept apart from the weights so that either can be replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engines.drift.reference import Reference
from engines.errors import BundleError, FileError
from engines.files.reading import decoded, read_bytes
from engines.files.text import brief
from engines.files.trees import plain
from engines.files.typed import typed
from engines.files.writing import write_text
from engines.files.yaml_text import MOST_BYTES, on_one_line, parse_yaml, yaml_text

FORMAT = 1
Side = Annotated[int, Meta(ge=1, le=65536)]
Probability = Annotated[float, Meta(gt=0, lt=1)]


class OperatingPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of one bundle, as ``operating_point.yaml`` holds them."""

    format: int = FORMAT
    version: Annotated[int, Meta(ge=1, le=1 << 32)] = 1
    """Counts the calibrations of one bundle; for people, ``id`` tells two apart."""
    gate_threshold: Probability
    """A frame whose gate score is at least this goes to the segmenter."""
    mask_thresholds: dict[str, Probability]
    """Per class: a pixel whose probability is at least this belongs to the class."""
    minimum_area_px: dict[str, Annotated[int, Meta(ge=0, le=1 << 32)]] = {}
    """Per class: smaller regions are noise and make no defect; 0 where a class is not named."""
    chosen: dict[str, Any] = {}
    """How it was chosen: data, miss-rate target and bound, metric, date; for people, not read by the line."""
    reference: Reference | None = None
    """What frames were like then; the line watches for drift from it. It changes no answer, so the id does not depend on it."""
    camera_references: dict[str, Reference] = {}
    """The same for cameras, by name, whose own frames were used; ``reference`` holds for all others."""
    resized_from: tuple[tuple[Side, Side], ...] = ()
    """Height and width, px, of the frames that it was chosen on before they were stretched to the bundle's size, each size once; none where
    they had that size. A live line may stretch frames of these sizes only. It changes no answer, so the id does not depend on it."""

    @property
    def id(self) -> str:
        """Digest of everything that changes an answer; on every published verdict."""
        told = msgspec.json.encode(
            (self.gate_threshold, sorted(self.mask_thresholds.items()), sorted(self.minimum_area_px.items()))
        )
        return hashlib.sha256(told).hexdigest()[:12]

    def lets_through(self, gate_score: float) -> bool:
        """Whether a frame of this gate score goes to the segmenter. False for NaN, which its caller has to refuse before."""
        return gate_score >= self.gate_threshold

    def thresholds(self, classes: Sequence[str]) -> tuple[float, ...]:
        """Mask thresholds in the order of ``classes``."""
        return tuple(self.mask_thresholds[name] for name in classes)

    def reference_of(self, camera: str) -> Reference | None:
        """What frames of that camera were like; None where that is not known."""
        return self.camera_references.get(camera, self.reference)

    def minimum_areas(self, classes: Sequence[str]) -> tuple[int, ...]:
        """Minimum areas in px in the order of ``classes``."""
        return tuple(self.minimum_area_px.get(name, 0) for name in classes)


def read_operating_point(
    path: Path, classes: Sequence[str], check: Callable[[bytes, Path], object] | None = None
) -> OperatingPoint:
    """The operating point in ``path``, checked against the bundle's classes. ``check`` is called with the file's bytes before they are used,
    and raises where they may not be. Raises BundleError."""
    try:
        raw = read_bytes(path, MOST_BYTES)
        if check is not None:
            check(raw, path)
        tree = parse_yaml(decoded(raw, path), str(path))
        point = typed(tree, OperatingPoint, str(path), "operating point", finite=False)
    except FileError as error:
        raise BundleError(str(error)) from None
    if point.format != FORMAT:
        raise BundleError(
            f"{path}: operating point format {point.format}, this version reads {FORMAT}; calibrate again"
        )
    if set(point.mask_thresholds) != set(classes) or not set(point.minimum_area_px) <= set(classes):
        found = brief(str(sorted({*point.mask_thresholds, *point.minimum_area_px})), 200)
        raise BundleError(
            f"{path}: mask_thresholds and minimum_area_px name {found}, but the bundle's classes are {list(classes)}"
        )
    return msgspec.structs.replace(point, chosen=plain(point.chosen))


def write_operating_point(point: OperatingPoint, path: Path) -> None:
    """Write ``point`` as YAML, whole or not at all. Raises FileError."""
    tree = msgspec.to_builtins(point)
    references = {"reference": tree.pop("reference"), "camera_references": tree.pop("camera_references")}
    if not point.resized_from:
        del tree["resized_from"]
    tree |= {key: on_one_line(value) for key, value in references.items() if value}
    write_text(path, yaml_text(tree))
