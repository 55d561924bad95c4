"""Machines other than this one, as file trees, and what the doctor finds there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from inspector.doctor.finding import Finding


def show(root: Path, **files: str) -> Path:
    """Write kernel files; ``__`` in a name stands for ``/``."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def named(name: str, findings: Iterable[Finding]) -> Finding:
    """The one finding of this name."""
    (found,) = [finding for finding in findings if finding.name == name]
    return found
