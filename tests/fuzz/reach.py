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
    """The candidates, the shortest first, that reach something that neither those known nor a shorter one does; none that shows a fault."""
    reached: Steps = set()
    for data in known:
        reached |= reach(target, data)
    found = []
    for data in sorted(candidates, key=len):
        new = reach(target, data) - reached
        if new and attempt(target, data) is None:
            reached |= new
            found.append(data)
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
