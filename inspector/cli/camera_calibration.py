"""What the commands that calibrate a camera share: name and serial number on the card of its file."""

from __future__ import annotations

from pathlib import Path


def calibration_name(out: Path, name: str | None) -> str:
    """The name of a camera's calibration: that of its file where none is given. Raises UserError."""
    import re

    from engines.files.names import NAME, NAME_IN_WORDS
    from inspector.errors import UserError

    found = out.name.split(".")[0] if name is None else name
    if not re.fullmatch(NAME, found):
        raise UserError(f"--name: {found[:60]!r} is no name of a calibration; expected {NAME_IN_WORDS}")
    return found


def camera_serial(text: str) -> str:
    """The serial number of a camera. Raises UserError."""
    from inspector.errors import UserError

    if len(text) > 100 or not text.isprintable():
        raise UserError(f"--serial: {text[:40]!r} is no serial number; expected at most 100 printable characters")
    return text
