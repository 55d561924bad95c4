"""What must hold between the keys of a message, beyond the type of each. The codec refuses a message of which it does not hold, and the JSON
Schema says the same."""

from __future__ import annotations

from inspector.frames.outcome import REASONS, Reason, Verdict
from inspector.protocol.coil import COIL
from inspector.protocol.messages import (
    Body,
    GapBody,
    Header,
    LateBody,
    MaskInfo,
    MessageType,
    ResultBody,
    StartBody,
)

_OF_FRAMES = (
    "part",
    "frame",
    "position_um",
    "captured_unix_ns",
    "deadline_unix_ns",
    "travel_um",
    "position_source",
    "encoder",
    "camera_ns",
    "camera_clock",
    "flat_field",
)

OF_COILS = (MessageType.COIL, MessageType.DEFECT, MessageType.ROLL_MARK)
"""Types of the stream of a coil, and of no other."""

NEVER_NULL: dict[MessageType, tuple[str, ...]] = {
    MessageType.START: ("run", "bundle", "operating_point"),
    MessageType.CHANGE: ("seq", "bundle", "operating_point"),
    MessageType.RESULT: ("seq", "frame", "captured_unix_ns"),
    MessageType.LATE: ("seq", "frame", "captured_unix_ns"),
    MessageType.GAP: ("seq", "frame", "captured_unix_ns"),
    MessageType.STATUS: ("seq",),
    MessageType.HEARTBEAT: (),
    MessageType.END: ("seq", "run"),
    **dict.fromkeys(OF_COILS, ("seq", "run")),
}
"""Keys of the header that are not null in a message of the type."""
ALWAYS_NULL: dict[MessageType, tuple[str, ...]] = {
    MessageType.START: _OF_FRAMES,
    MessageType.CHANGE: _OF_FRAMES,
    MessageType.RESULT: (),
    MessageType.LATE: (),
    MessageType.GAP: ("deadline_unix_ns",),
    MessageType.STATUS: _OF_FRAMES,
    MessageType.HEARTBEAT: ("seq", *_OF_FRAMES),
    MessageType.END: _OF_FRAMES,
    **dict.fromkeys(OF_COILS, _OF_FRAMES),
}
"""Keys of the header that are null in a message of the type."""


def problem(header: Header, body: Body, blob: bytes) -> str:
    """What does not hold, in one line; empty where all does."""
    kind = header.type
    for key in NEVER_NULL[kind]:
        if getattr(header, key) is None:
            return f"{kind.value} with {key} null"
    for key in ALWAYS_NULL[kind]:
        if getattr(header, key) is not None:
            return f"{kind.value} with a {key}"
    if kind in OF_COILS and header.camera != COIL:
        return f"{kind.value} in the stream {header.camera}"
    mask: MaskInfo | None = None
    if isinstance(body, StartBody):
        if (header.seq is None) != body.repeat:
            return f"start with seq {header.seq} and repeat {str(body.repeat).lower()}"
    elif isinstance(body, ResultBody):
        mask = body.mask
        if wrong := _wrong_pair(body.verdict, body.reason) or (_marked(body) if body.reason is _CLEAN else ""):
            return wrong
    elif isinstance(body, LateBody):
        mask = body.mask
        if wrong := _wrong_pair(body.late_verdict, body.late_reason) or (
            _marked(body) if body.late_reason is _CLEAN else ""
        ):
            return wrong
    elif isinstance(body, GapBody):
        if not header.frame == body.first <= body.last:
            return f"gap from {body.first} to {body.last} under frame {header.frame}"
        if body.verdict is not Verdict.UNINSPECTED:
            return f"gap with the verdict {body.verdict.value}"
        if wrong := _wrong_pair(body.verdict, body.reason):
            return wrong
    return _wrong_blob(mask, blob)


_CLEAN = Reason.GATE_CLEAN


def _wrong_pair(verdict: Verdict, reason: Reason) -> str:
    return "" if reason in REASONS[verdict] else f"{verdict.value} with the reason {reason.value}"


def _marked(body: ResultBody | LateBody) -> str:
    """What a frame that the gate passed as clean cannot have."""
    if body.gate_score is None:
        return "gate_clean without a gate_score"
    marked = body.pixels or body.defect_pixels or body.defects or body.mask is not None
    return "gate_clean with what only the segmenter finds" if marked else ""


def _wrong_blob(mask: MaskInfo | None, blob: bytes) -> str:
    if mask is None:
        return "a blob that the body does not announce" if blob else ""
    return "" if blob else "the body announces a mask that is not there"
