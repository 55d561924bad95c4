"""The order of a recording's files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from heapq import merge
from pathlib import Path

_AT_ONCE = 2000
"""Most files sorted in one call, which no other thread can interrupt: a daemon that lists a million files goes on sending heartbeats."""


def natural_key(path: Path) -> tuple[str, str]:
    """Sort key under which frame2 comes before frame10, capitals make no difference and ties break by spelling."""
    # One text, not a tuple of pieces: comparing texts is fast, and a million tuples would keep the garbage collector busy.
    return re.sub(r"[0-9]+", _sortable, str(path).lower()), str(path)


def in_natural_order(paths: Iterable[Path]) -> list[Path]:
    """The paths sorted by ``natural_key``."""
    keyed = [(natural_key(path), path) for path in paths]
    parts = [sorted(keyed[first : first + _AT_ONCE]) for first in range(0, len(keyed), _AT_ONCE)]
    return [path for _, path in merge(*parts)]


def _sortable(number: re.Match[str]) -> str:
    """A number as text that sorts by value, before any letter: its digits, behind a character for how many they are."""
    digits = number[0].lstrip("0")
    return f"\0{len(digits):05d}{digits}\0"
