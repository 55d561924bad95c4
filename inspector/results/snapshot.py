"""What was published, journaled and asked for so far, in figures."""

from __future__ import annotations

import msgspec

from inspector.results.bad_messages import Fault
from inspector.results.journal_state import JournalState
from inspector.results.peer_limits import Cause
from inspector.results.recovery.server import RecoveryState


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What was published so far."""

    endpoint: str
    alive: bool
    """False before ``start``, after ``close`` and where the publishing thread failed: nothing is published then."""
    published: int
    """Numbered publications of all cameras."""
    waiting: int
    """Verdicts and events queued for the publishing thread."""
    failed: int
    """Verdicts and events that could not be published; the log holds the reasons."""
    last_seq: dict[str, int]
    """Per camera; -1 before the first publication."""
    resolved_through: dict[str, int]
    """Per camera; -1 before the first."""
    subscriptions: int
    connections: int
    """Open now."""
    accepted: int
    """Connections so far."""
    cut_off: dict[Cause, int]
    """How often connections were cut off."""
    refused: int | None
    """How often somebody was not let in; None where no keys are used."""
    bad_messages: dict[Fault, int]
    """How many messages of peers could not be used."""
    published_bytes: int
    """Of the numbered publications."""
    journal: JournalState | None
    recovery: RecoveryState | None
    """None where there is no recovery socket."""
