"""The folder of a run's report: runs may be called anything."""

from __future__ import annotations

import hashlib
import re

_LONGEST = 80
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def folder_name(run: str) -> str:
    """The run's name where it can be that of a folder; else what of it can, with a digest that tells it from others."""
    if len(run) <= _LONGEST and _PLAIN.fullmatch(run):
        return run
    kept = re.sub(r"[^A-Za-z0-9_-]+", "_", run).strip("_")[:_LONGEST]
    return f"{kept or 'run'}-{hashlib.sha256(run.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
