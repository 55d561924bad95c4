"""Reads and checks the configuration of coils; each error is one line with the key and what mends it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from inspector.coil.config import CoilConfig
from inspector.config.other_file import load_file, parse_text
from inspector.errors import UserError

_KEYS = "docs/coil-configuration.md lists all"


def load_coil(path: Path) -> CoilConfig:
    """The configuration in ``path``; paths in it are relative to its folder. Raises UserError."""
    missing = "give an existing configuration of coils; `inspector config example coil` prints one"
    return load_file(path, parse_coil, missing)


def parse_coil(text: str, origin: str) -> CoilConfig:
    """The configuration in a YAML text; ``origin`` names it in errors. Raises UserError."""
    config = parse_text(text, origin, CoilConfig, "configuration of coils", _KEYS)
    counts = Counter(roll.name for roll in config.rolls)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise UserError(f"{origin}: rolls: the name {twice[0]!r} is used twice")
    marks = config.roll_marks
    if marks is not None and marks.period_from_mm >= marks.period_to_mm:
        raise UserError(f"{origin}: roll_marks: period_from_mm must be below period_to_mm")
    if (config.follow.server_key is None) != (config.follow.client_key is None):
        raise UserError(f"{origin}: follow: server_key and client_key go together; give both, or neither")
    return config
