"""The kept inputs: few and small ones that reach much of each decoder, and those that once showed a fault."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tests.fuzz.target import Target

FOLDER = Path(__file__).parent / "corpus"
MOST_BYTES = 6_500
"""Kept of each target."""
MOST_INPUTS = 30
"""The same, in number: the suite tries all of them."""


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
    """Keep the first of the inputs that there is room for, beside those that are kept; how many are new."""
    before = kept(target.name)
    known = {*before, *target.seeds()}
    room = MOST_BYTES - sum(map(len, before))
    new: list[bytes] = []
    for data in inputs:
        if len(before) + len(new) < MOST_INPUTS and data and data not in known and len(data) <= room:
            room -= len(data)
            new.append(data)
    write(FOLDER / target.name, new)
    return len(new)
