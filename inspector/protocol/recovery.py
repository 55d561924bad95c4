"""Requests and replies of the recovery socket. ``docs/protocol.md`` (Recovery) is the contract that these types are tested against.

A request is one part; a request that holds a key that is not known is refused, because the answer would be that to another question. A reply is one part,
followed by four parts for each publication. A reader of replies ignores keys that it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from engines.files.names import Name
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import MalformedError
from inspector.protocol.control_messages import RequestId
from inspector.protocol.values import LARGEST, Count, UnixNs

RECOVERY = 1
"""Version of this protocol."""
LARGEST_REQUEST = 4 << 10
"""Bytes of a request; a larger one is not read."""
MOST_PUBLICATIONS = 500
"""In one reply."""
MOST_BYTES = 4 << 20
"""Of the publications in one reply; a larger one comes alone."""
MOST_STREAMS = 100
"""In one reply."""
MOST_ABSENT = MOST_PUBLICATIONS + 1
"""Ranges in one reply."""
WAITING = 8
"""Requests of one connection that may wait beside the one in work."""

Epoch = Annotated[str, Meta(min_length=1, max_length=64)]
Cursor = Annotated[
    str,
    Meta(
        description="`next` of the reply before, as it is; null: from the beginning.",
        min_length=1,
        max_length=64,
    ),
]


class _Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="request"):
    """What is asked for."""


class Get(_Ask, frozen=True, kw_only=True, tag="get", rename={"first": "from", "last": "to"}):
    """Publications of one stream by their numbers, ``first`` to ``last`` (``from`` and ``to`` on the wire)."""

    line: Name
    camera: Name
    epoch: Epoch
    first: Annotated[Count, Meta(description="The first number that is asked for.")]
    last: Annotated[Count, Meta(description="The last number that is asked for, inclusive.")]

    def __post_init__(self) -> None:
        """Raise ValueError for a range that is none."""
        if self.first > self.last:
            raise ValueError(f"from {self.first} is behind to {self.last}")


class Find(_Ask, frozen=True, kw_only=True, tag="find"):
    """Publications about frames that meet every condition that is not null, in the order of publication."""

    line: Name | None = None
    camera: Name | None = None
    epoch: Epoch | None = None
    run: Annotated[str, Meta(max_length=256)] | None = None
    first_frame: Annotated[Count | None, Meta(description="About this frame or a later one.")] = None
    last_frame: Annotated[Count | None, Meta(description="About this frame or an earlier one.")] = None
    verdict: Annotated[Verdict | None, Meta(description="Only `result` and `gap` with this verdict.")] = None
    since_unix_ns: Annotated[UnixNs | None, Meta(description="Captured at this time or later.")] = None
    until_unix_ns: Annotated[UnixNs | None, Meta(description="Captured before this time.")] = None
    after: Cursor | None = None
    limit: Annotated[int, Meta(description="Most publications in the reply.", ge=1, le=MOST_PUBLICATIONS)] = (
        MOST_PUBLICATIONS
    )


class Streams(_Ask, frozen=True, kw_only=True, tag="streams"):
    """The streams of which something may be had, in the order of their epochs."""

    line: Name | None = None
    camera: Name | None = None
    after: Cursor | None = None


Ask: TypeAlias = Get | Find | Streams
REQUESTS = tuple(str(kind.__struct_config__.tag) for kind in (Get, Find, Streams))
"""The names of what can be asked for."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends."""

    recovery: Annotated[int, Meta(description="Version of this protocol; 1.", ge=RECOVERY, le=RECOVERY)] = RECOVERY
    id: Annotated[
        RequestId, Meta(description="Chosen by the client; the reply carries it. Printable ASCII without spaces.")
    ]
    do: Ask


class Outcome(str, Enum):
    """What became of a request."""

    DONE = "done"
    REFUSED = "refused"
    """Asking the same again is no use; the text says why."""
    BUSY = "busy"
    """To be asked again after ``retry_ms``."""


Range: TypeAlias = tuple[Count, Count]
"""First and last number, both inclusive."""


class StreamEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A stream of which something may be had: a camera in an epoch."""

    line: Name
    camera: Name
    epoch: Epoch
    order: Annotated[
        Count,
        Meta(
            description="Of the epoch among those that this publisher knows: a later epoch has a larger one. It does not depend on a clock."
        ),
    ]
    opened_unix_ns: UnixNs
    oldest_available: Annotated[Count | None, Meta(description="Oldest number that may be had; null: none.")]
    newest: Annotated[int, Meta(description="Last number that was published, as far as is known; -1: none.", ge=-1)]
    simulated: bool
    ended: Annotated[bool, Meta(description="Whether nothing more will be published in it.")]
    current: Annotated[bool, Meta(description="Whether it is of the epoch that runs now.")]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The first part of a reply; every key is always present."""

    recovery: Annotated[int, Meta(ge=RECOVERY, le=RECOVERY)] = RECOVERY
    id: RequestId
    outcome: Outcome
    text: Annotated[str, Meta(description="Where refused or busy: why, one line for a person.", max_length=512)] = ""
    retry_ms: Annotated[
        Annotated[int, Meta(ge=1, le=60_000)] | None,
        Meta(description="Where busy: to be asked again after this time."),
    ] = None
    epoch: Annotated[Epoch, Meta(description="The epoch of the daemon that answers.")]
    publications: Annotated[int, Meta(description="How many follow, four parts each.", ge=0, le=MOST_PUBLICATIONS)] = 0
    next: Annotated[
        Count | Cursor | None,
        Meta(
            description="`get`: the first number that the reply does not cover, to go on from. `find`, `streams`: cursor for `after`. "
            "Null: that was all."
        ),
    ] = None
    absent: Annotated[
        tuple[Range, ...],
        Meta(description="`get`: numbers that are gone for good, in order.", max_length=MOST_ABSENT),
    ] = ()
    oldest_available: Annotated[
        Count | None, Meta(description="`get`: the oldest number of the stream that may be had; null: none.")
    ] = None
    newest: Annotated[
        int, Meta(description="`get`: the last number published in the stream; -1: none.", ge=-1, le=LARGEST)
    ] = -1
    streams: Annotated[tuple[StreamEntry, ...], Meta(max_length=MOST_STREAMS)] = ()


class Parts(NamedTuple):
    """The parts of one publication, byte for byte as they were published."""

    topic: bytes
    header: bytes
    body: bytes
    blob: bytes
    """Empty where there was none."""

    def sent(self) -> list[bytes]:
        """The parts of the message as it was published."""
        return [self.topic, self.header, self.body, self.blob] if self.blob else [self.topic, self.header, self.body]


class Answer(NamedTuple):
    """A whole reply."""

    reply: Reply
    publications: tuple[Parts, ...] = ()


class _Partial(msgspec.Struct):
    id: RequestId


_request_decoder = msgspec.json.Decoder(Request)
_partial_decoder = msgspec.json.Decoder(_Partial)
_reply_decoder = msgspec.json.Decoder(Reply)
_encode = msgspec.json.Encoder().encode
_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PARTS = len(Parts._fields)


def encode_request(request: Request) -> bytes:
    """The request as it is sent, in one part."""
    return _encode(request)


def decode_request(data: bytes) -> Request:
    """The request in ``data``. Raises MalformedError, and nothing else, whatever it holds."""
    if len(data) > LARGEST_REQUEST:
        raise MalformedError(f"a request of {len(data)} bytes; expected at most {LARGEST_REQUEST}")
    try:
        return _request_decoder.decode(data)
    except _ERRORS as error:
        raise MalformedError(f"request: {error}") from None


def id_in(data: bytes) -> str | None:
    """The id in a request that cannot be read as a whole; None where there is none."""
    if len(data) > LARGEST_REQUEST:
        return None
    try:
        return _partial_decoder.decode(data).id
    except _ERRORS:
        return None


def encode_answer(answer: Answer) -> list[bytes]:
    """The parts of a reply as they are sent."""
    return [_encode(answer.reply), *(part for publication in answer.publications for part in publication)]


def decode_answer(parts: Sequence[bytes]) -> Answer:
    """The reply in the parts of a message. Raises MalformedError, and nothing else, whatever they hold.

    What the publications hold is not looked at: ``codec.decode(publication.sent())`` does."""
    if not parts:
        raise MalformedError("a reply without parts")
    try:
        reply = _reply_decoder.decode(parts[0])
    except _ERRORS as error:
        raise MalformedError(f"reply: {error}") from None
    if len(parts) != 1 + _PARTS * reply.publications:
        raise MalformedError(
            f"{len(parts) - 1} parts follow a reply of {reply.publications} publications; expected {_PARTS * reply.publications}"
        )
    return Answer(reply, tuple(Parts(*parts[at : at + _PARTS]) for at in range(1, len(parts), _PARTS)))
