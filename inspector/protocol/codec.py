"""Encodes and decodes messages as multipart parts: ``[topic, header, body]`` and, for a result with a mask, the mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from inspector.frames.sheet import SHEET
from inspector.protocol.conditions import problem
from inspector.protocol.limits import LARGEST_BODY, LARGEST_HEADER
from inspector.protocol.messages import BODIES, Body, Header, MessageType, SheetBody
from inspector.protocol.values import PROTOCOL

TOPIC_ROOT = f"v{PROTOCOL}"

_encode = msgspec.json.Encoder().encode
_header_decoder = msgspec.json.Decoder(Header)
_body_decoders = {kind: msgspec.json.Decoder(body) for kind, body in BODIES.items()}
_sheet_decoder = msgspec.json.Decoder(SheetBody)


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


def encode_body(body: Body) -> bytes:
    """The body as it is sent."""
    return _encode(body)


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
    if len(data) > LARGEST_HEADER:
        raise MalformedError(f"header: {len(data)} bytes; at most {LARGEST_HEADER}")
    try:
        return _header_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        version = _version_in(data)
        if version not in (None, PROTOCOL):
            raise MalformedError(f"protocol version {version}; this program reads version {PROTOCOL}") from None
        raise MalformedError(f"header: {error}") from None


def decode_body(header: Header, data: bytes, blob: bytes) -> Packet:
    """The message with ``header`` and these body and blob. Raises MalformedError."""
    kind = header.type
    if len(data) > LARGEST_BODY:
        raise MalformedError(f"body of {kind.value}: {len(data)} bytes; at most {LARGEST_BODY}")
    of_sheet = kind is MessageType.RESULT and header.camera == SHEET
    try:
        body = (_sheet_decoder if of_sheet else _body_decoders[kind]).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"body of {kind.value}: {error}") from None
    if wrong := problem(header, body, blob):
        raise MalformedError(wrong)
    return Packet(header, body, blob)


def _version_in(data: bytes) -> int | None:
    try:
        return msgspec.json.decode(data, type=_Version).protocol
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
