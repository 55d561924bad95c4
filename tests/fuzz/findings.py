"""Findings of a run, in a folder: each input with its traceback beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.fuzz.limits import Finding


class Findings:
    """Keeps the first, and then any shorter, input of each fault."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, data: bytes, finding: Finding) -> bool:
        """Keep an input; whether its fault is new."""
        name = hashlib.sha256(finding.key.encode()).hexdigest()[:12]
        file = self._folder / name
        new = not file.exists()
        if new or len(data) < file.stat().st_size:
            file.write_bytes(data)
            file.with_suffix(".txt").write_text(f"{finding.key}\n\n{finding.told}", encoding="utf-8")
        return new

    def take(self) -> list[bytes]:
        """The inputs that are there, which are removed."""
        inputs = [file.read_bytes() for file in self._folder.iterdir() if not file.suffix]
        for file in self._folder.iterdir():
            file.unlink()
        return inputs

    def told(self) -> list[tuple[Path, str]]:
        """The inputs, and what is told of each."""
        return [(file.with_suffix(""), file.read_text(encoding="utf-8")) for file in sorted(self._folder.glob("*.txt"))]
