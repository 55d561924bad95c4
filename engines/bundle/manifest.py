"""``bundle.yaml``: the manifest, and what may stand in it."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engines.files.names import NAME, NAME_IN_WORDS, Name, why_no_labels

FORMAT = 1
MANIFEST = "bundle.yaml"
OPERATING_POINT = "operating_point.yaml"
CARD = "card.md"
GOLDEN = "golden/golden.yaml"
MOST_PIXELS = 1 << 28
"""Of a frame."""

VERSION = r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,39}$(?!\n)"
SHA256 = r"^[0-9a-f]{64}$(?!\n)"
FileName = Annotated[str, Meta(min_length=1, max_length=200)]
"""A path, relative to the bundle."""


class FrameSize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Geometry of the frames the networks take, px."""

    height: Annotated[int, Meta(ge=1, le=65536)]
    width: Annotated[int, Meta(ge=1, le=65536)]


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``bundle.yaml``."""

    format: int
    name: Name
    version: Annotated[str, Meta(pattern=VERSION)]
    classes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=8)]
    """Class names; class k is bit k of a mask."""
    frame: FrameSize
    gate: FileName = "gate.onnx"
    segmenter: FileName = "segmenter.onnx"
    training: dict[str, Any] = {}
    """Where the weights come from: data id, recipe, metrics; for people."""
    files: Annotated[dict[FileName, Annotated[str, Meta(pattern=SHA256)]], Meta(max_length=10_000)]
    """SHA-256 of every file but the manifest and the operating point, by relative path."""


def naming_problem(name: str, version: str, classes: tuple[str, ...]) -> str:
    """Why a bundle cannot be called this, in one line that begins with the key; empty where it can."""
    if not re.search(NAME, name):
        return f"name: found {name!r}; expected {NAME_IN_WORDS}"
    if not re.search(VERSION, version):
        return f"version: found {version!r}; expected letters, digits, '.', '_', '+' and '-', a letter or digit first, at most 40"
    problem = why_no_labels(classes)
    return f"classes: {problem}" if problem else ""


def manifest_problem(manifest: Manifest) -> str:
    """What no single key can say, in one line; empty where the manifest is sound."""
    if manifest.format != FORMAT:
        return f"bundle format {manifest.format}, this version reads {FORMAT}; export it again"
    if manifest.frame.height * manifest.frame.width > MOST_PIXELS:
        return f"frame: {manifest.frame.height}x{manifest.frame.width} are more than {MOST_PIXELS} px"
    return naming_problem(manifest.name, manifest.version, manifest.classes)
