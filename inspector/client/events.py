"""What a ``Subscriber`` yields besides the messages."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, TypeAlias

import msgspec

from inspector.protocol.codec import Packet


class StreamKey(NamedTuple):
    """One stream: its publications are numbered from 0 without a gap."""

    line: str
    camera: str
    epoch: str


class Why(str, Enum):
    """Why publications could not be had."""

    BEFORE_JOINING = "before_joining"
    """They were sent before the first message that arrived, and the subscriber was not told to fetch them (``since``)."""
    NO_RECOVERY = "no_recovery"
    """The subscriber does not recover, or the line has no recovery socket."""
    GONE = "gone"
    """The line no longer has them, or never stored them."""
    REFUSED = "refused"
    """The line refuses the request."""
    NO_ANSWER = "no_answer"
    """No answer brought them in ``patience_s``. They may still be there: see the line's journal."""
    TOO_MANY_STREAMS = "too_many_streams"
    """The subscriber follows more streams, or epochs of a camera, than it keeps."""


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """Publications ``first_seq`` to ``last_seq`` were not received and could not be recovered."""

    stream: StreamKey
    first_seq: int
    last_seq: int
    why: Why
    detail: str = ""
    """One line for a person; may be empty."""

    @property
    def before_joining(self) -> bool:
        """Whether they were sent before the first message of the stream that arrived."""
        return self.why is Why.BEFORE_JOINING

    @property
    def count(self) -> int:
        """How many."""
        return self.last_seq - self.first_seq + 1


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """The publications ``first_seq`` to ``last_seq``, which were yielded just before, did not come as they were published but were fetched
    afterwards: they may be old."""

    stream: StreamKey
    first_seq: int
    last_seq: int

    @property
    def count(self) -> int:
        """How many."""
        return self.last_seq - self.first_seq + 1


class NewEpoch(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon was restarted: numbers begin at 0, and no more verdicts come for frames of the previous epoch."""

    stream: StreamKey
    previous_epoch: str
    end_known: bool
    """Whether everything that the line still has of the previous epoch, and of epochs between the two, was yielded or reported as missed. False: it
    could not be asked, or knows the previous epoch no more."""
    order: int | None = None
    """Order of the epoch among those that the line knows, where it was told; a later epoch has a larger one."""


class Stale(msgspec.Struct, frozen=True, kw_only=True):
    """No message came for three heartbeat intervals. Reported once, until the next message of the stream."""

    stream: StreamKey
    silent_ms: int


class SecondPublisher(msgspec.Struct, frozen=True, kw_only=True):
    """Two publishers send as the same line and camera at the same time, which is a mistake in their configuration. Reported once for each
    pair of epochs; the messages of both are yielded from then on, each stream in its order."""

    stream: StreamKey
    other_epoch: str


class LinkLost(msgspec.Struct, frozen=True, kw_only=True):
    """The connection to the publisher ended, or it refuses this subscriber's key. It is tried again; reported once, until ``LinkBack``."""

    endpoint: str
    detail: str


class LinkBack(msgspec.Struct, frozen=True, kw_only=True):
    """The connection to the publisher stands again."""

    endpoint: str


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """Data arrived that is no message of this protocol; it is counted and otherwise ignored."""

    reason: str
    topic: bytes


Event: TypeAlias = Packet | Missed | Recovered | NewEpoch | Stale | SecondPublisher | LinkLost | LinkBack | Malformed
