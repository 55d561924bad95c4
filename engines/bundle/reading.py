"""Finds a bundle and reads its manifest and operating point; the other files are read by `contents.py`."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engines.bundle.manifest import MANIFEST, OPERATING_POINT, Manifest, manifest_problem
from engines.bundle.signature import Signers
from engines.errors import BundleError, FileError
from engines.files.looking import entries, expanded, is_file, resolved, size_of
from engines.files.reading import decoded, read_bytes
from engines.files.text import brief
from engines.files.trees import plain
from engines.files.typed import typed
from engines.files.yaml_text import MOST_BYTES, parse_yaml
from engines.operating_point import OperatingPoint, read_operating_point

INCLUDED = Path(__file__).parents[1] / "bundles"
"""Bundles that come with the package, found by name."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read and whose manifest is valid; ``read_contents`` reads and verifies the other files."""

    path: Path
    manifest: Manifest
    operating_point: OperatingPoint
    id: str
    """name-version-digest of the manifest, which holds the digest of everything else."""
    sha256: str
    """Of the manifest; of the id only the first characters are."""

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

    def graph_files(self) -> dict[str, str]:
        """The networks' ONNX files by network, in the order a frame meets them, as the manifest names them."""
        return {"gate": self.manifest.gate, "segmenter": self.manifest.segmenter}

    def graph_digests(self) -> dict[str, str]:
        """The SHA-256 that the manifest has of each network's ONNX file; empty where it has none."""
        return {network: self.manifest.files.get(name, "") for network, name in self.graph_files().items()}

    def size_bytes(self) -> int:
        """Bytes of the listed files, as far as they are there and can be looked at."""
        size = 0
        for name in self.manifest.files:
            with suppress(FileError):
                size += size_of(self.path / name)
        return size


def open_bundle(name_or_path: str, relative_to: Path | None = None, signers: Signers | None = None) -> Bundle:
    """Find and read a bundle, see ``find_bundle`` and ``read_bundle``. Raises BundleError."""
    return read_bundle(find_bundle(name_or_path, relative_to), signers=signers)


def included_bundles() -> list[Path]:
    """The bundles that come with the package, by name."""
    return [one for one in entries(INCLUDED) if is_file(one / MANIFEST)]


def find_bundle(name_or_path: str, relative_to: Path | None = None) -> Path:
    """Directory of a bundle: a path (relative to ``relative_to``) or the name of an included one. Raises BundleError."""
    try:
        candidates = [(relative_to or Path()) / expanded(name_or_path), INCLUDED / name_or_path]
        for candidate in candidates:
            if is_file(candidate / MANIFEST):
                return resolved(candidate)
        included = [one.name for one in included_bundles()]
    except FileError as error:
        raise BundleError(f"bundle {brief(name_or_path)}: cannot be looked for: {error}") from None
    raise BundleError(
        f"{name_or_path}: no model bundle there (no {MANIFEST} in {candidates[0]}); "
        f"give a bundle directory or one of the included: {', '.join(included) or 'none'}"
    )


def read_bundle(path: Path, operating_point: OperatingPoint | None = None, signers: Signers | None = None) -> Bundle:
    """Read manifest and operating point of the bundle in ``path``. With an ``operating_point``, that one is used and the bundle's is
    not read. With ``signers``, one of them must have signed what is read. Raises BundleError."""
    place = path / MANIFEST
    try:
        raw = read_bytes(place, MOST_BYTES)
        if signers is not None:
            signers.check(raw, place)
        tree = parse_yaml(decoded(raw, place), str(place))
        manifest = typed(tree, Manifest, str(place), "manifest of a model bundle", finite=False)
    except FileError as error:
        raise BundleError(str(error)) from None
    if problem := manifest_problem(manifest):
        raise BundleError(f"{place}: {problem}")
    manifest = msgspec.structs.replace(manifest, training=plain(manifest.training))
    check = None if signers is None else signers.check
    point = operating_point or read_operating_point(path / OPERATING_POINT, manifest.classes, check)
    digest = hashlib.sha256(raw).hexdigest()
    return Bundle(path, manifest, point, f"{manifest.name}-{manifest.version}-{digest[:8]}", digest)
