"""Messages of a line that the tests make up, decoded as a subscriber gets them."""

from __future__ import annotations

from typing import Any

import msgspec

from inspector.client.controller.config import ControllerConfig
from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.codec import Packet
from inspector.protocol.messages import GapBody, Header, HeartbeatBody, LineState, MessageType, ResultBody, StartBody
from inspector.protocol.settings import Geometry, ScaleMm
from inspector.protocol.values import PROTOCOL

MS = 1_000_000
SECOND = 1_000 * MS
EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"

TREE: dict[str, Any] = {
    "line": "line1",
    "cameras": [{"name": "top", "frame_mm": 100}],
    "sheets": {"by": "length", "length_mm": 250},
    "arrival": {"by": "position", "distance_mm": 2000, "fastest_m_per_s": 2, "gate_ms": 0, "decide_ms": 100},
    "actuator": {"kind": "log"},
    "clock": {"least_delay_ms": 2, "settle_s": 0.2},
}


def config_of(**changes: Any) -> ControllerConfig:
    """The usual configuration, with other sections."""
    return msgspec.convert({**TREE, **changes}, ControllerConfig)


def header(kind: MessageType, published_unix_ns: int, **fields: Any) -> Header:
    """A header with every key."""
    every: dict[str, Any] = dict.fromkeys(Header.__struct_fields__)
    given = {
        "protocol": PROTOCOL, "type": kind, "line": "line1", "camera": "top", "epoch": EPOCH, "seq": 0, "resolved_through": -1,
        "simulated": False, "published_unix_ns": published_unix_ns, "durable": True,
    }  # fmt: skip
    known = {name: value for name, value in {**every, **given, **fields}.items() if name in every}
    return Header(**known)


def heartbeat(published_unix_ns: int, **fields: Any) -> Packet:
    """A heartbeat."""
    body: dict[str, Any] = dict.fromkeys(HeartbeatBody.__struct_fields__)
    body |= {"last_seq": 0, "state": LineState.RUNNING, "interval_ms": 200}
    return Packet(header(MessageType.HEARTBEAT, published_unix_ns, **{"seq": None, **fields}), HeartbeatBody(**body))


def result(
    frame: int,
    verdict: Verdict,
    captured_unix_ns: int,
    published_unix_ns: int,
    body: dict[str, Any] | None = None,
    **fields: Any,
) -> Packet:
    """The verdict of a frame."""
    reasons = {Verdict.PASS: Reason.GATE_CLEAN, Verdict.UNINSPECTED: Reason.DEADLINE}
    every: dict[str, Any] = dict.fromkeys(ResultBody.__struct_fields__)
    every |= {
        "verdict": verdict,
        "reason": reasons.get(verdict, Reason.DEFECT),
        "detail": "",
        "pixels": {},
        "defects": (),
        "name": "",
    }
    every |= {"latency_us": 0, **(body or {})}
    return Packet(
        header(MessageType.RESULT, published_unix_ns, frame=frame, captured_unix_ns=captured_unix_ns, **fields),
        ResultBody(**every),
    )


def start(published_unix_ns: int, width_px: int = 200, mm_per_px: float | None = 0.5, **fields: Any) -> Packet:
    """What holds in the stream."""
    body: dict[str, Any] = dict.fromkeys(StartBody.__struct_fields__)
    body["geometry"] = Geometry(height_px=100, width_px=width_px)
    body["scale"] = None if mm_per_px is None else ScaleMm(x_mm_per_px=mm_per_px, y_mm_per_px=mm_per_px)
    return Packet(header(MessageType.START, published_unix_ns, **fields), StartBody(**body))


def gap(first: int, last: int, published_unix_ns: int, **fields: Any) -> Packet:
    """Frames that were lost."""
    body = GapBody(first=first, last=last, verdict=Verdict.UNINSPECTED, reason=Reason.CAMERA_LOST, detail="")
    return Packet(
        header(MessageType.GAP, published_unix_ns, frame=first, captured_unix_ns=published_unix_ns, **fields), body
    )
