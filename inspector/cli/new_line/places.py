"""How a path that the user gives, relative to where the command runs, is written into a configuration in some folder."""

from __future__ import annotations

from pathlib import Path


def as_written(path: Path, folder: Path) -> str:
    """The path as a file in ``folder`` writes it: relative to it where it lies below it, else absolute."""
    here = Path.cwd()
    whole, base = here / path, here / folder
    if not whole.is_relative_to(base):
        return str(whole)
    written = str(whole.relative_to(base))
    return str(whole) if written.startswith("~") else written  # there it would be a home directory
