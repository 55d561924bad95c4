"""What a recording may take of the machine."""

from __future__ import annotations

import msgspec

from inspector.config.recording import PixelFormat

MIB = 1 << 20


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording may take."""

    format: PixelFormat
    buffer_bytes: int
    free_bytes: int
    """To be left free on the disk."""
    segment_bytes: int
    frames: int | None = None
    """Numbers of each camera, lost frames counted. None: until it is ended."""
