"""Writes a line's configuration for tests that need one as a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

LINE = f"l{os.getpid()}"
"""A name of this run of the tests: another one on this machine may run lines too."""


def write_line(folder: Path, bundle: Path, **changes: Any) -> Path:
    """A line on a free port with its journal in ``folder``; ``changes`` replace whole keys."""
    tree = {
        "line": LINE,
        "bundle": str(bundle),
        "cameras": [{"name": "top", "source": {"kind": "simulator", "frames": 10}}],
        "inference": {"allow_cpu": True},
        "results": {"endpoint": "tcp://127.0.0.1:*"},
        "journal": {"path": str(folder / "journal.sqlite")},
        **changes,
    }
    path = folder / "line.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path
