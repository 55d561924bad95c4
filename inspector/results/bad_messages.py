"""Counts what clients send and the line cannot use, and logs it once for each peer and kind in a minute. Whatever it is, it is dropped."""

from __future__ import annotations

import logging
import threading
from enum import Enum

from inspector.results.brief_log import BriefLog
from inspector.results.once_a_minute import OnceAMinute, and_more

log = logging.getLogger(__name__)


class Fault(Enum):
    """Why a message cannot be used."""

    HANDSHAKE = "handshake"
    """The connection speaks no ZMTP, not with the keys of this line, or without any."""
    MALFORMED = "malformed"
    """It is none of the messages that the socket takes."""
    TOO_LARGE = "too_large"
    """It is longer than any that the socket takes."""
    TOO_MANY = "too_many"
    """Its sender has sent too many."""


class BadMessages:
    """The count of one socket. May be used from any thread."""

    def __init__(self, socket: str) -> None:
        """``socket`` names it in the log."""
        self._socket = socket
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(Fault, 0)
        self._told = OnceAMinute()
        self._brief = BriefLog(log, logging.WARNING, f"messages to {socket} that could not be used")

    def note(self, fault: Fault, peer: str, what: str, count: int = 1) -> None:
        """Count a message from ``peer``, which names a client or its address; ``what`` says in words what was wrong."""
        with self._lock:
            self._counts[fault] += count
        untold = self._told.untold(fault, peer)
        if untold is None:
            return
        of = f" from {peer}" if peer else ""
        with self._lock:
            self._brief.write("%s: what came%s is dropped: %s%s", self._socket, of, what, and_more(untold))

    @property
    def counts(self) -> dict[Fault, int]:
        """How many there were, by kind."""
        with self._lock:
            return dict(self._counts)
