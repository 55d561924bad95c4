"""The content of a ``status`` message. ``inspector.line.status`` decides it, ``stream.py`` publishes it."""

from __future__ import annotations

import msgspec

from inspector.protocol.messages import WELL, Health, LineState


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """State of the line, and what happened."""

    state: LineState
    code: str
    """What happened, for a program (engine_restarted)."""
    text: str
    """What happened, one line for a person."""
    engines: str = ""
    """What computes the verdicts, for a person; empty before it is known."""
    health: Health = WELL
    """How the line is, from its worst reason."""
