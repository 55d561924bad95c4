"""A state of the line as its owner decided it, on the way to the subscribers."""

from __future__ import annotations

import msgspec

from inspector.protocol.messages import LineState


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``status`` message tells."""

    state: LineState
    code: str
    """What happened, for a program (engine_restarted)."""
    text: str
    """What happened, one line for a person."""
    engines: str = ""
    """What computes the verdicts; empty before that is known."""
