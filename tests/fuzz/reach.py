"""Which lines an input reaches, one after another: what tells whether it is worth keeping."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from tests.fuzz.limits import ROOT, attempt
from tests.fuzz.target import Target

_LOOKED_AT = (
    *(f"{ROOT}/{package}/" for package in ("inspector", "engines")),
    "/yaml/",
    "/tarfile.py",
    "/zipfile",
    "/csv.py",
)
_SEEN: dict[str, bool] = {}

Steps = set[tuple[str, int, int]]
"""File, and two lines of it, the second of which was reached from the first."""


def worth_keeping(target: Target, known: Iterable[bytes], candidates: Iterable[bytes]) -> list[bytes]:
    """The candidates that reach further than those known: first the one that reaches most, of several the shortest, then the one that adds most
    to it, and so on. None that shows a fault."""
    reached = set[tuple[str, int, int]]().union(*(reach(target, data) for data in known))
    new = {
        data: steps for data in candidates if (steps := reach(target, data) - reached) and attempt(target, data) is None
    }
    found = []
    while new:
        best = max(new, key=lambda data: (len(new[data]), -len(data)))
        found.append(best)
        added = new.pop(best)
        new = {data: rest for data, steps in new.items() if (rest := steps - added)}
    return found


def reach(target: Target, data: bytes) -> Steps:
    """The steps that this thread takes within the project and the parsers that it uses."""
    steps: Steps = set()

    def call(frame: FrameType, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if file not in _SEEN:
            _SEEN[file] = any(part in file for part in _LOOKED_AT)
        if not _SEEN[file]:
            return None
        last = -frame.f_lineno

        def line(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal last
            steps.add((file, last, frame.f_lineno))
            last = frame.f_lineno
            return line

        return line

    sys.settrace(call)
    try:
        attempt(target, data)
    finally:
        sys.settrace(None)
    return steps
