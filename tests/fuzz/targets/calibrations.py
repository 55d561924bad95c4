"""Flat fields: zip archives with two pictures."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator

import cv2
import numpy as np

from engines.errors import BadFrameError, FileError
from engines.files.yaml_text import parse_yaml, yaml_text
from engines.flat_field import FlatFieldCard, FlatFieldFile, digest, read_flat_field, write_flat_field
from engines.images.decoder import Decoder
from tests.fuzz.mutation import png_changed, yaml_changed
from tests.fuzz.target import Target, joined, parts_of, promised, require
from tests.fuzz.targets import scratch

_MEMBERS = ("card.yaml", "offset.png", "gain.png")
_SHAPE = (4, 6)


def whole(data: bytes) -> None:
    """A file as it comes."""
    with promised(FileError):
        found = read_flat_field(scratch.put("flat/field.zip", data))
        require(found.offset.shape == found.gain.shape, "planes of different shapes")
        require(found.id.isprintable(), "an identity that steers a terminal")


def members(data: bytes) -> None:
    """The three members of a file, in an archive that is right; the digest in the card is made right where that is possible."""
    parts = dict(zip(_MEMBERS, (*parts_of(data, 3), b"", b""), strict=False))
    parts["card.yaml"] = _sealed(parts)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    whole(packed.getvalue())


def _sealed(parts: dict[str, bytes]) -> bytes:
    """The card, with the digest of the two planes."""
    try:
        card = parse_yaml(parts["card.yaml"].decode(), "card")
        planes = [Decoder(*_SHAPE).stored_in(parts[name]).astype(np.uint16) for name in _MEMBERS[1:]]
        return yaml_text(card | {"sha256": digest(card["per"], *planes)}).encode()
    except (BadFrameError, FileError, UnicodeDecodeError, KeyError, TypeError):
        return parts["card.yaml"]


def _example() -> FlatFieldFile:
    offset, gain = np.full(_SHAPE, 300, np.uint16), np.arange(24, dtype=np.uint16).reshape(_SHAPE) + 4096
    card = FlatFieldCard(
        name="top",
        per="pixel",
        height=_SHAPE[0],
        width=_SHAPE[1],
        target=180.0,
        sha256=digest("pixel", offset, gain),
        made={"frames": 3},
    )
    return FlatFieldFile(card, offset, gain)


def whole_seeds() -> Iterator[bytes]:
    """A whole file."""
    path = scratch.folder("flat-seed") / "field.zip"
    write_flat_field(_example(), path)
    yield path.read_bytes()


def member_seeds() -> Iterator[bytes]:
    """The members of a whole file."""
    (data,) = whole_seeds()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield joined(*(archive.read(name) for name in _MEMBERS))
        yield joined(
            archive.read("card.yaml"), *(bytes(cv2.imencode(".png", np.zeros(_SHAPE, np.uint16))[1]) for _ in range(2))
        )


def _changed(data: bytes, draw: random.Random) -> bytes:
    """The card or one of the pictures is another one."""
    card, *planes = parts_of(data, 3)
    if draw.random() < 0.4 or not planes:
        return joined(yaml_changed(card, draw), *planes)
    at = draw.randrange(len(planes))
    planes[at] = png_changed(planes[at], draw)
    return joined(card, *planes)


_ZIP = (
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"PK\x07\x08",
    b"\x08\0",
    b"\xff\xff\xff\xff",
    b"\x01\0\x20\0",
)

TARGETS = (
    Target("flat_field", whole, whole_seeds, (*_ZIP, b"card.yaml", b"gain.png", b"../x"), longest=1 << 11),
    Target(
        "flat_field_members",
        members,
        member_seeds,
        (b"per: column", b"format: 2", b"IHDR", b"height: 5"),
        _changed,
        longest=1 << 11,
    ),
)
