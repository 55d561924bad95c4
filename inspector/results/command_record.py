"""A command that the line was given, as the journal keeps it."""

from __future__ import annotations

import msgspec


class CommandRecord(msgspec.Struct, frozen=True):
    """Who asked for what, when, and what came of it."""

    request_id: str
    received_unix_ns: int
    epoch: str
    """Of the daemon that was asked."""
    who: str
    """The key's name, or ``local``."""
    public_key: str
    """Empty for a local one."""
    role: str
    on_behalf_of: str
    command: str
    """Its name, as ``run start``."""
    arguments: bytes
    """JSON object."""
    outcome: str
    """``done``, ``refused`` or ``failed``."""
    answer: bytes
    """JSON object: code, text and result."""
    finished_unix_ns: int
    diff: bytes
    """JSON list of the keys that changed, each with ``key``, ``before`` and ``after``; secrets by name only. Empty where none changed."""
