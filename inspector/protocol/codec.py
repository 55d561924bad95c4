"""Encodes and decodes messages as multipart parts: ``[topic, header, body]`` and, for a result with a mask, the mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from engines.files.text import brief
from inspector.frames.sheet import SHEET
from inspector.protocol.messages import (
    BODIES,
    Body,
    GapBody,
    Header,
    HeartbeatBody,
    LateBody,
    MessageType,
    ResultBody,
    SheetBody,
    StartBody,
)
from inspector.protocol.values import PROTOCOL

TOPIC_ROOT = f"v{PROTOCOL}"
LONGEST_REASON = 400
"""Characters of what is wrong with a message, which may quote from it."""

_encode = msgspec.json.Encoder().encode
_header_decoder = msgspec.json.Decoder(Header)
_body_decoders = {kind: msgspec.json.Decoder(body) for kind, body in BODIES.items()}
_sheet_decoder = msgspec.json.Decoder(SheetBody)
_ABOUT_FRAMES = (MessageType.RESULT, MessageType.LATE, MessageType.GAP)


class MalformedError(ValueError):
    """The data is no message of this protocol; the text is one line with the reason."""


class Packet(msgspec.Struct, frozen=True):
    """One message, decoded."""

    header: Header
    body: Body
    blob: bytes = b""
    """The mask of a result, run-length encoded (``inspector.protocol.masks``); empty where there is none."""


class _Version(msgspec.Struct):
    protocol: Annotated[int, msgspec.Meta(ge=0, le=2**31)]


def stream_prefix(line: str, camera: str) -> str:
    """The prefix of all topics of a camera, to subscribe to."""
    return f"{TOPIC_ROOT}/{line}/{camera}/"


def encode(header: Header, body: Body) -> tuple[bytes, bytes, bytes]:
    """Topic, header and body as they are sent."""
    topic = f"{TOPIC_ROOT}/{header.line}/{header.camera}/{header.type.value}"
    return topic.encode(), _encode(header), _encode(body)


def decode(parts: Sequence[bytes]) -> Packet:
    """The message in the parts of a multipart message, topic first.

    Raises MalformedError, and nothing else, whatever the parts contain.
    """
    if not 3 <= len(parts) <= 4:
        raise MalformedError(f"{len(parts)} parts; expected topic, header, body and at most one blob")
    header = decode_header(parts[1])
    topic = f"{TOPIC_ROOT}/{header.line}/{header.camera}/{header.type.value}"
    if parts[0] != topic.encode():
        raise MalformedError(f"topic {parts[0][:200]!r} does not agree with the header, which makes it {topic!r}")
    return decode_body(header, parts[2], parts[3] if len(parts) == 4 else b"")


def decode_header(data: bytes) -> Header:
    """The header only. Raises MalformedError."""
    try:
        return _header_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        version = _version_in(data)
        if version not in (None, PROTOCOL):
            raise MalformedError(f"protocol version {version}; this program reads version {PROTOCOL}") from None
        raise MalformedError(f"header: {brief(str(error), LONGEST_REASON)}") from None


def decode_body(header: Header, data: bytes, blob: bytes) -> Packet:
    """The message with ``header`` and these body and blob. Raises MalformedError."""
    of_sheet = header.type is MessageType.RESULT and header.camera == SHEET
    try:
        body = (_sheet_decoder if of_sheet else _body_decoders[header.type]).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"body of {header.type.value}: {brief(str(error), LONGEST_REASON)}") from None
    unnumbered = isinstance(body, HeartbeatBody) or (isinstance(body, StartBody) and body.repeat)
    if (header.seq is None) != unnumbered:
        raise MalformedError(
            f"seq {header.seq} in a {header.type.value}; a heartbeat and a repeated start have none, all others have one"
        )
    if header.type in _ABOUT_FRAMES and header.frame is None:
        raise MalformedError(f"{header.type.value} without a frame number")
    if isinstance(body, GapBody) and not header.frame == body.first <= body.last:
        raise MalformedError(f"gap from {body.first} to {body.last} under frame {header.frame}")
    announced = isinstance(body, (ResultBody, LateBody)) and body.mask is not None
    if announced != bool(blob):
        raise MalformedError(
            "the body announces a mask that is not there" if announced else "a blob that the body does not announce"
        )
    return Packet(header, body, blob)


def _version_in(data: bytes) -> int | None:
    try:
        return msgspec.json.decode(data, type=_Version).protocol
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
