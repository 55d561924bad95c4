"""What a ``Subscriber`` yields besides the messages."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from inspector.protocol.codec import Packet


class StreamKey(NamedTuple):
    """One stream: its publications are numbered from 0 without a gap."""

    line: str
    camera: str
    epoch: str


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """Publications ``first_seq`` to ``last_seq`` never arrived."""

    stream: StreamKey
    first_seq: int
    last_seq: int
    before_joining: bool
    """True where they were sent before the first message of the stream that arrived."""


class NewEpoch(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon was restarted: numbers begin at 0, and no more verdicts come for frames of the previous epoch."""

    stream: StreamKey
    previous_epoch: str


class Stale(msgspec.Struct, frozen=True, kw_only=True):
    """No message came for three heartbeat intervals. Reported once, until the next message of the stream."""

    stream: StreamKey
    silent_ms: int


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """Data arrived that is no message of this protocol; it is counted and otherwise ignored."""

    reason: str
    topic: bytes


Event = Packet | Missed | NewEpoch | Stale | Malformed
