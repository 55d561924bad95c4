"""The kept inputs: few and small ones that reach much of each decoder, and those that once showed a fault."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tests.fuzz.target import Target

FOLDER = Path(__file__).parent / "corpus"
MOST_BYTES = 6_500
"""Kept of each target."""


def kept(name: str) -> list[bytes]:
    """The kept inputs of a target."""
    return [file.read_bytes() for file in sorted((FOLDER / name).glob("*"))]


def write(folder: Path, inputs: Iterable[bytes]) -> None:
    """Put inputs into a folder, under names made of their content."""
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / name_of(data)).write_bytes(data)


def name_of(data: bytes) -> str:
    """The name of an input's file."""
    return hashlib.sha256(data).hexdigest()[:16]


def keep(target: Target, inputs: Iterable[bytes]) -> int:
    """Keep the shortest inputs that there is room for, beside those that are kept; how many are new."""
    known = {name_of(data): data for data in (*kept(target.name), *target.seeds())}
    room = MOST_BYTES - sum(map(len, kept(target.name)))
    new: list[bytes] = []
    for data in sorted(inputs, key=len):
        if data and name_of(data) not in known and len(data) <= room:
            room -= len(data)
            new.append(data)
    write(FOLDER / target.name, new)
    return len(new)
