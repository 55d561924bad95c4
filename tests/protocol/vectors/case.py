"""A recorded message, as it stands in ``messages.jsonl``."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from inspector.client import mask_of
from inspector.protocol.codec import Packet, decode
from inspector.protocol.messages import GapBody, HeartbeatBody, LateBody, ResultBody
from inspector.version import __version__

Part = str | dict[str, str]
"""Text, or bytes that are no text in base64."""
_SOFTWARE = f'"software":"inspector {__version__}"'.encode(), b'"software":"inspector 0.1.0"'


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message and its answer."""

    name: str
    answer: str
    """``accept`` or ``refuse``."""
    parts: list[Part]
    broken: str | None = None
    """Of a refused one: what is wrong."""
    is_: dict[str, Any] | None = msgspec.field(default=None, name="is")
    """Of an accepted one: what it says."""


def accepted(name: str, parts: Sequence[bytes], mask: str | None = None) -> Case:
    """``mask`` is ``refuse`` where the message is good and its mask is not."""
    return Case(name=name, answer="accept", parts=list(map(_text, parts)), is_=essentials(decode(parts), mask))


def refused(name: str, broken: str, parts: Sequence[bytes]) -> Case:
    return Case(name=name, answer="refuse", parts=list(map(_text, parts)), broken=broken)


def bytes_of(case: Case) -> list[bytes]:
    """The parts as they were sent."""
    return [part.encode() if isinstance(part, str) else base64.b64decode(part["base64"]) for part in case.parts]


def essentials(packet: Packet, mask: str | None = None) -> dict[str, Any]:
    """What a receiver must have understood. No time is among them: not every language reads 61 bits."""
    header, body = packet.header, packet.body
    keys = (
        "type",
        "line",
        "camera",
        "epoch",
        "run",
        "seq",
        "frame",
        "position_um",
        "simulated",
        "durable",
        "resolved_through",
    )
    found: dict[str, Any] = {key: msgspec.to_builtins(getattr(header, key)) for key in keys}
    if isinstance(body, ResultBody):
        found |= {"verdict": body.verdict.value, "reason": body.reason.value, "defects": len(body.defects)}
        found["lets_through"] = body.verdict.value == "PASS" and not header.simulated
    elif isinstance(body, GapBody):
        found |= {"verdict": body.verdict.value, "reason": body.reason.value, "first": body.first, "last": body.last}
    elif isinstance(body, HeartbeatBody):
        found |= {"last_seq": body.last_seq, "state": body.state.value, "interval_ms": body.interval_ms}
    if isinstance(body, (ResultBody, LateBody)) and body.mask is not None:
        found["mask"] = mask or _mask(packet, body.mask.bits)
    return found


def altered(parts: Sequence[bytes], part: int, /, **changes: Any) -> list[bytes]:
    """Some keys of the header (1) or body (2) changed; ``...`` removes one, a function gets the value there was."""
    values = json.loads(parts[part])
    for key, value in changes.items():
        values[key] = value(values[key]) if isinstance(value, Callable) else value  # type: ignore[arg-type]
    changed = json.dumps({key: value for key, value in values.items() if value is not ...}, separators=(",", ":"))
    topic = parts[0]
    if part == 1 and {"line", "camera", "type"} & set(changes):
        topic = f"v1/{values['line']}/{values['camera']}/{values['type']}".encode()
    return [topic if at == 0 else changed.encode() if at == part else old for at, old in enumerate(parts)]


def _mask(packet: Packet, bits: Sequence[str]) -> dict[str, Any]:
    pixels = mask_of(packet)
    assert pixels is not None
    counts = {name: int(np.count_nonzero(pixels >> k & 1)) for k, name in enumerate(bits)}
    return {"pixels": counts, "crc32": zlib.crc32(pixels.tobytes())}


def _text(part: bytes) -> Part:
    part = part.replace(*_SOFTWARE)
    try:
        return part.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(part).decode()}
