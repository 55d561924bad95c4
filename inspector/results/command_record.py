"""A command to the running line, as the journal keeps it: who asked for what, when, and what came of it."""

from __future__ import annotations

import msgspec


class CommandRecord(msgspec.Struct, frozen=True):
    """One request over the control socket. It holds names of secrets, never their values."""

    request_id: str
    """Chosen by who asked; a request that is repeated has the same one."""
    received_unix_ns: int
    epoch: str
    who: str
    """Name of the key, or ``local``."""
    public_key: str
    """Z85 text; empty for ``local``."""
    role: str
    on_behalf_of: str
    """The person for whom a program asked, as the program says; else empty."""
    command: str
    arguments: bytes
    """JSON object."""
    outcome: str
    """``done``, ``refused`` or ``failed``."""
    answer: bytes
    """JSON, as it was sent."""
    finished_unix_ns: int
    diff: bytes
    """JSON list of {key, before, after} where the configuration changed; else empty."""
