"""Requests and replies of the control socket. ``docs/control.md`` is the contract that these types are tested against.

A request is refused where it holds a key that is not known: a command is done as it was meant, or not at all. A reader of replies ignores
keys it does not know.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engines.files.text import brief
from inspector.protocol.codec import LONGEST_REASON
from inspector.protocol.control import AnyCommand, Command
from inspector.protocol.values import Number, UnixNs

CONTROL = 1
"""Version of this protocol."""
LARGEST_REQUEST = 16 << 10
"""Bytes of a request that are read; a larger one is refused."""
LARGEST_READ = 64 << 10
"""Bytes of a request at which the connection is closed, so that no reply comes."""
LONGEST_EXPIRY_S = 3600.0
"""A request may not expire later than this."""


class Outcome(str, Enum):
    """What became of a request."""

    DONE = "done"
    REFUSED = "refused"
    """Nothing was changed."""
    FAILED = "failed"
    """It was begun and went wrong: an error of the program, or the daemon stopped meanwhile."""
    WORKING = "working"
    """The same request came before and is still being done. Ask again with the same id."""


class Code:
    """Codes of a reply that are given before a command reaches the line. The line has further ones, such as ``not_prepared``."""

    DONE = "done"
    WORKING = "working"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    BUSY = "busy"
    EPOCH_MISSING = "epoch_missing"
    OTHER_EPOCH = "other_epoch"
    EXPIRED = "expired"
    ID_REUSED = "id_reused"
    ROLE = "role"
    JOURNAL = "journal"
    STOPPING = "stopping"
    INTERNAL = "internal"


UNDECIDED = frozenset(
    {
        Code.MALFORMED, Code.TOO_LARGE, Code.TOO_MANY, Code.BUSY, Code.EPOCH_MISSING, Code.OTHER_EPOCH, Code.EXPIRED, Code.ID_REUSED,
        Code.ROLE, Code.JOURNAL, Code.STOPPING,
    }
)  # fmt: skip
"""Refusals that decide nothing about an id: it may be sent again."""

RequestId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$(?!\n)")]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends."""

    control: Annotated[int, Meta(description="Version of this protocol; 1.", ge=CONTROL, le=CONTROL)]
    id: Annotated[
        RequestId, Meta(description="Of this request, chosen by the client and never used for another one; a UUID.")
    ]
    epoch: Annotated[
        Annotated[str, Meta(max_length=64)] | None,
        Meta(description="The daemon's epoch, as a reply told it. May be null for a command that only looks."),
    ] = None
    expires_ns: Annotated[
        Number | None,
        Meta(
            description="By the daemon's monotonic clock: not begun after this. May be null for a command that only looks."
        ),
    ] = None
    on_behalf_of: Annotated[
        str, Meta(description="The person for whom a program speaks; it is journaled.", max_length=200)
    ] = ""
    do: Annotated[AnyCommand | None, Meta(description="The command; null: only tell epoch and time.")] = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon sends back; every key is always present."""

    control: int = CONTROL
    id: Annotated[str | None, Meta(description="That of the request; null where it could not be read.")]
    line: str
    epoch: Annotated[str, Meta(description="UUID of this start of the daemon.")]
    monotonic_ns: Annotated[Number, Meta(description="The daemon's monotonic clock now; requests expire by it.")]
    unix_ns: UnixNs
    outcome: Outcome
    code: Annotated[str, Meta(description="For programs: `done`, `working`, or why not.")]
    text: Annotated[str, Meta(description="One line for a person; empty where the code is enough.")] = ""
    result: Annotated[dict[str, Any] | None, Meta(description="What was done or found; null where nothing was.")] = None
    journaled: Annotated[
        bool | None,
        Meta(
            description="Whether the command is in the journal. False: it was done, and the disk has not taken it. Null: none is kept of it."
        ),
    ] = None
    repeated: Annotated[bool, Meta(description="Whether this is the answer to an earlier request with this id.")] = (
        False
    )


class _Partial(msgspec.Struct):
    id: RequestId


_request_decoder = msgspec.json.Decoder(Request)
_partial_decoder = msgspec.json.Decoder(_Partial)
_reply_decoder = msgspec.json.Decoder(Reply)
_encode = msgspec.json.Encoder().encode
_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class MalformedRequest(ValueError):  # noqa: N818 - named for what it is
    """The bytes are no request; the text is one line with the reason."""


def decode_request(data: bytes) -> Request:
    """The request in ``data``. Raises MalformedRequest, and nothing else, whatever it holds."""
    try:
        return _request_decoder.decode(data)
    except _ERRORS as error:
        raise MalformedRequest(brief(str(error), LONGEST_REASON)) from None


def id_in(data: bytes) -> str | None:
    """The id in a request that cannot be read as a whole; None where there is none."""
    try:
        return _partial_decoder.decode(data).id
    except _ERRORS:
        return None


def decode_reply(data: bytes) -> Reply:
    """The reply in ``data``. Raises ValueError where it is none."""
    try:
        return _reply_decoder.decode(data)
    except _ERRORS as error:
        raise ValueError(f"no reply of a control socket: {brief(str(error), LONGEST_REASON)}") from None


def encode(message: Request | Reply) -> bytes:
    """As it is sent."""
    return _encode(message)


def name_of(command: Command) -> str:
    """The command's name, as ``run start``."""
    return str(type(command).__struct_config__.tag)


def arguments_of(command: Command) -> bytes:
    """The command's arguments as a JSON object, the same bytes for the same arguments."""
    return _encode(msgspec.structs.asdict(command))
