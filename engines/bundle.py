"""The model bundle: a directory that holds everything needed to inspect frames with one pair of networks.

bundle.yaml           the manifest: name, version, classes, frame geometry, file digests, how it was trained
gate.onnx             uint8 [N,H,W] -> score float32 [N]
segmenter.onnx        uint8 [N,H,W], thresholds float32 [K] -> mask uint8 [N,H,W], pixels int32 [N,K], scores float32 [N,K]
operating_point.yaml  thresholds; replaceable without touching the rest, so not under the manifest's digests
golden/               frames with expected answers: the self-test of every runtime
card.md               model card
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import msgspec
import numpy as np
import yaml
from msgspec import Meta
from numpy.typing import NDArray

from engines.errors import BundleError
from engines.operating_point import OperatingPoint, read_operating_point, write_operating_point

FORMAT = 1
MANIFEST = "bundle.yaml"
OPERATING_POINT = "operating_point.yaml"
CARD = "card.md"
GOLDEN = "golden/golden.yaml"
INCLUDED = Path(__file__).parent / "bundles"
"""Bundles that come with the package, found by name."""


class FrameSize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Geometry of the frames the networks take, px."""

    height: Annotated[int, Meta(ge=1, le=65536)]
    width: Annotated[int, Meta(ge=1, le=65536)]


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``bundle.yaml``."""

    format: int
    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")]
    version: str
    classes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=8)]
    """Class names; class k is bit k of a mask."""
    frame: FrameSize
    gate: str = "gate.onnx"
    segmenter: str = "segmenter.onnx"
    training: dict[str, Any] = {}
    """Where the weights come from: data id, recipe, metrics; for people."""
    files: dict[str, str]
    """SHA-256 of every file but the manifest and the operating point, by relative path."""


class GoldenFrame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One frame of the self-test, with the expected answers of the engines."""

    frame: str
    """Grey PNG, relative to the bundle."""
    mask: str
    """PNG of the class bitmask, relative to the bundle."""
    gate_score: float
    scores: tuple[float, ...]
    """Maximum probability per class."""


class Golden(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``golden/golden.yaml``."""

    thresholds: tuple[float, ...]
    """Mask thresholds that the masks were made with; later changes of the operating point do not affect them."""
    frames: Annotated[tuple[GoldenFrame, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class GoldenSample:
    """A golden frame in memory: ``frame`` and ``mask`` are uint8 [H, W]."""

    frame: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    gate_score: float
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A network's ONNX file, and the SHA-256 the manifest has of it, which ``verify_files`` checks."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read and whose manifest is valid; ``verify_files`` checks the other files."""

    path: Path
    manifest: Manifest
    operating_point: OperatingPoint
    id: str
    """name-version-digest of the manifest, which holds the digest of everything else."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; class k is bit k of a mask."""
        return self.manifest.classes

    @property
    def height(self) -> int:
        """Frame height, px."""
        return self.manifest.frame.height

    @property
    def width(self) -> int:
        """Frame width, px."""
        return self.manifest.frame.width

    @property
    def gate_path(self) -> Path:
        """The gate's ONNX file."""
        return self.path / self.manifest.gate

    @property
    def segmenter_path(self) -> Path:
        """The segmenter's ONNX file."""
        return self.path / self.manifest.segmenter

    def graphs(self) -> dict[str, Graph]:
        """The networks' graphs by name, in the order a frame meets them."""
        names = {"gate": self.manifest.gate, "segmenter": self.manifest.segmenter}
        return {network: Graph(self.path / name, self.manifest.files.get(name, "")) for network, name in names.items()}


def open_bundle(name_or_path: str, relative_to: Path | None = None) -> Bundle:
    """Find and read a bundle, see ``find_bundle`` and ``read_bundle``. Raises BundleError."""
    return read_bundle(find_bundle(name_or_path, relative_to))


def find_bundle(name_or_path: str, relative_to: Path | None = None) -> Path:
    """Directory of a bundle: a path (relative to ``relative_to``) or the name of an included one. Raises BundleError."""
    path = Path(name_or_path).expanduser()
    candidates = [(relative_to or Path.cwd()) / path, INCLUDED / name_or_path]
    for candidate in candidates:
        if (candidate / MANIFEST).is_file():
            return candidate.resolve()
    included = sorted(p.parent.name for p in INCLUDED.glob(f"*/{MANIFEST}"))
    raise BundleError(
        f"{name_or_path}: no model bundle there (no {MANIFEST} in {candidates[0]}); "
        f"give a bundle directory or one of the included: {', '.join(included) or 'none'}"
    )


def read_bundle(path: Path) -> Bundle:
    """Read manifest and operating point of the bundle in ``path``. Raises BundleError."""
    manifest_path = path / MANIFEST
    try:
        raw = manifest_path.read_bytes()
        manifest = msgspec.convert(yaml.safe_load(raw), Manifest)
    except OSError as error:
        raise BundleError(f"{manifest_path}: cannot be read ({error.strerror}); expected a model bundle") from None
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise BundleError(f"{manifest_path}: not a bundle manifest: {str(error).splitlines()[0]}") from None
    if manifest.format != FORMAT:
        raise BundleError(
            f"{manifest_path}: bundle format {manifest.format}, this version reads {FORMAT}; export it again"
        )
    point = read_operating_point(path / OPERATING_POINT, manifest.classes)
    digest = hashlib.sha256(raw).hexdigest()[:8]
    return Bundle(path, manifest, point, f"{manifest.name}-{manifest.version}-{digest}")


def verify_files(bundle: Bundle) -> None:
    """Compare every file with its digest. Raises BundleError naming the first that is missing, altered or not listed."""
    listed = bundle.manifest.files
    for needed in (bundle.manifest.gate, bundle.manifest.segmenter, GOLDEN):
        if needed not in listed:
            raise BundleError(f"{bundle.path / MANIFEST}: files: {needed} has no digest; export the bundle again")
    for name, expected in listed.items():
        path = bundle.path / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise BundleError(f"{bundle.path / MANIFEST}: files: {name} lies outside the bundle; export it again")
        if not path.is_file():
            raise BundleError(f"{path}: is missing from the bundle; copy the whole bundle again")
        found = _sha256(path)
        if found != expected:
            raise BundleError(
                f"{path}: was altered (sha256 {found[:12]}..., the manifest says {expected[:12]}...); "
                "copy the bundle again or export a new one"
            )


def read_golden(bundle: Bundle) -> tuple[Golden, list[GoldenSample]]:
    """The self-test of the bundle. Raises BundleError."""
    path = bundle.path / GOLDEN
    try:
        golden = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Golden)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror}); copy the whole bundle again") from None
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise BundleError(f"{path}: not a golden list: {str(error).splitlines()[0]}") from None
    return golden, [
        GoldenSample(_read_png(bundle, item.frame), _read_png(bundle, item.mask), item.gate_score, item.scores)
        for item in golden.frames
    ]


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

    The frame geometry is that of the golden frames. Raises BundleError if the directory holds something already.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise BundleError(f"{directory}: is not empty; give a new directory")
    (directory / "golden").mkdir()
    shutil.copyfile(gate_onnx, directory / "gate.onnx")
    shutil.copyfile(segmenter_onnx, directory / "segmenter.onnx")
    (directory / CARD).write_text(card, encoding="utf-8")
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
    files = {str(path.relative_to(directory)): _sha256(path) for path in sorted(directory.rglob("*")) if path.is_file()}
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
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _read_png(bundle: Bundle, name: str) -> NDArray[np.uint8]:
    path = bundle.path / name
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror}); copy the whole bundle again") from None
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if image is None or image.dtype != np.uint8 or image.shape != (bundle.height, bundle.width):
        raise BundleError(f"{path}: expected a grey 8-bit PNG of {bundle.height}x{bundle.width}; copy the bundle again")
    return np.ascontiguousarray(image, dtype=np.uint8)


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    path.write_bytes(cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


def _write_yaml(path: Path, value: msgspec.Struct) -> None:
    path.write_text(yaml.safe_dump(msgspec.to_builtins(value), sort_keys=False), encoding="utf-8")
