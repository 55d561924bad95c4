"""The messages of the wire protocol, version 1. ``docs/protocol.md`` is the contract these types are tested against.

A receiver ignores keys it does not know, so that a later version 1 publisher may add some; what is listed here is there.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from msgspec import Meta

from engines.files.names import Name
from inspector.frames.outcome import Defect, Reason, Verdict
from inspector.frames.position import PositionSource
from inspector.frames.sheet import SheetDefect, SheetFrame
from inspector.protocol import limits
from inspector.protocol.coil import CoilBody, CoilDefectBody, RollMarkBody
from inspector.protocol.settings import Settings
from inspector.protocol.values import (
    LARGEST,
    PROTOCOL,
    CameraNs,
    Classes,
    Code,
    Count,
    FileName,
    HeartbeatMs,
    Identity,
    Message,
    Number,
    PixelsOfClasses,
    Probability,
    Side,
    Text,
    UnixNs,
    Word,
)


class MessageType(str, Enum):
    """Type of a message, the last part of its topic."""

    START = "start"
    CHANGE = "change"
    RESULT = "result"
    LATE = "late"
    GAP = "gap"
    STATUS = "status"
    HEARTBEAT = "heartbeat"
    END = "end"
    COIL = "coil"
    DEFECT = "defect"
    ROLL_MARK = "roll_mark"


class LineState(str, Enum):
    """State of the line. ``degraded``: every frame still gets its verdict, but a person must look at something. ``paused``: frames are
    captured and not inspected, because somebody said so."""

    STARTING = "starting"
    RUNNING = "running"
    DEGRADED = "degraded"
    PAUSED = "paused"
    DRAINING = "draining"
    STOPPED = "stopped"


class Signal(str, Enum):
    """Health in the words of NAMUR NE 107, the worst first."""

    FAILURE = "failure"
    """Verdicts are missing or cannot be relied on, because a part failed."""
    FUNCTION_CHECK = "function_check"
    """Verdicts are missing for now, because the line starts, is paused or stops."""
    OUT_OF_SPECIFICATION = "out_of_specification"
    """Verdicts are given, but not under the conditions, or not with the records, that the line is made for."""
    MAINTENANCE_REQUIRED = "maintenance_required"
    """Verdicts are right; something will need a person before long."""
    NORMAL = "normal"


class Header(Message, frozen=True, kw_only=True):
    """Second part of every message: its stream, number, frame and times."""

    protocol: Annotated[int, Meta(description="Protocol version; 1.", ge=PROTOCOL, le=PROTOCOL)]
    type: MessageType
    line: Name
    camera: Name
    epoch: Annotated[
        str,
        Meta(
            description="UUID of this start of the daemon; part of the stream's identity.", min_length=1, max_length=64
        ),
    ]
    run: Annotated[
        Word | None,
        Meta(
            description="Name of the run (coil, batch, replay): the one in which the frame was captured, the one that begins or ends; else the current one. Null: none."
        ),
    ]
    recipe: Annotated[
        Word | None,
        Meta(
            description="Name of the recipe the frame is inspected with; without a frame, the current one. Null: none."
        ),
    ]
    part: Annotated[
        Word | None,
        Meta(description="Id of the sheet, where the line was told. Null: none, or a message about no frame."),
    ]
    seq: Annotated[
        Count | None,
        Meta(description="Number of the publication in its stream; null in heartbeats and in a repeated start."),
    ]
    frame: Annotated[
        Count | None, Meta(description="Frame number; in a gap the first one. Null in a message about no frame.")
    ]
    position_um: Annotated[
        Number | None, Meta(description="Leading edge of the frame, um of travel since the counting began.")
    ]
    captured_unix_ns: UnixNs | None
    deadline_unix_ns: UnixNs | None
    published_unix_ns: UnixNs
    resolved_through: Annotated[
        int,
        Meta(
            description="Every frame up to and including this one has its verdict; -1 before the first.",
            ge=-1,
            le=LARGEST,
        ),
    ]
    bundle: Annotated[
        Identity | None,
        Meta(
            description="Name and version of the model bundle: the one that inspected the frame, null where none did; "
            "in an end the one with which its run began; in any other message about no frame the active one, null before the first run."
        ),
    ]
    operating_point: Annotated[Identity | None, Meta(description="Identity of that bundle's thresholds.")]
    calibration: Annotated[Identity | None, Meta(description="Identity of the camera calibration; null: none.")]
    simulated: Annotated[bool, Meta(description="True: not from a real sheet. No controller may act on it.")]
    travel_um: Annotated[Number | None, Meta(description="The same as position_um, since the run began.")]
    position_source: Annotated[
        PositionSource | None, Meta(description="What the position is computed from; null: it is unknown.")
    ]
    encoder: Annotated[
        Number | None, Meta(description="Raw count of the encoder at the frame; null: the camera sends none.")
    ]
    camera_ns: Annotated[
        CameraNs | None, Meta(description="Capture time by the camera's own clock, ns; null: it has none.")
    ]
    camera_clock: Annotated[
        Word | None,
        Meta(description="Name of that clock: ticks (free-running), ptp; null: none."),
    ]
    flat_field: Annotated[
        Identity | None,
        Meta(description="Identity of the flat field that was applied to the frame; null: none."),
    ]
    durable: Annotated[
        bool,
        Meta(
            description="False: when this was made, the journal could not be written, or there is none, so that it may not be found there later."
        ),
    ]


class StartBody(Settings, frozen=True, kw_only=True):
    """A run begins on this camera. Holds what a subscriber needs to read the results that follow."""

    repeat: Annotated[
        bool,
        Meta(description="True: said again for those who join later, with what holds now; it has no number."),
    ]


class ChangeBody(Settings, frozen=True, kw_only=True):
    """Bundle, thresholds, rules or limits change while the run goes on. Holds what ``start`` holds, as it is from now on."""

    why: Annotated[Text, Meta(description="What was changed, one line for a person.")]


class MaskInfo(Message, frozen=True, kw_only=True):
    """How to read the blob that follows the body."""

    height_px: Side
    width_px: Side
    bits: Annotated[Classes, Meta(description="Class of each bit, bit 0 first.")]


class ResultBody(Message, frozen=True, kw_only=True):
    """The one verdict of one frame."""

    verdict: Verdict
    reason: Reason
    detail: Annotated[Text, Meta(description="One line for a person; may be empty.")]
    gate_score: Annotated[
        Probability | None, Meta(description="Gate's probability that the sheet holds a defect; null: it did not run.")
    ]
    pixels: Annotated[
        PixelsOfClasses,
        Meta(description="Pixels that the segmenter set, per class, specks included; empty: it did not run."),
    ]
    defect_pixels: Annotated[
        PixelsOfClasses, Meta(description="Of these, the pixels of defects; the others are specks. Empty like pixels.")
    ]
    defects: Annotated[tuple[Defect, ...], Meta(description="Largest first.", max_length=limits.MOST_DEFECTS)]
    name: Annotated[
        FileName,
        Meta(
            description="In a replay the file name, with the folders that tell it from others of that name; else empty."
        ),
    ]
    latency_us: Annotated[Number, Meta(description="Capture to verdict, microseconds.")]
    mask: Annotated[MaskInfo | None, Meta(description="Null: no fourth part follows.")]


class SheetBody(ResultBody, frozen=True, kw_only=True):
    """The one verdict of a sheet: a ``result`` in the stream ``sheet``. Its keys are those of a frame's result, and what it is made of."""

    defects: Annotated[
        tuple[SheetDefect, ...],
        Meta(description="Largest first; one that several frames show is there once.", max_length=limits.MOST_DEFECTS),
    ]
    mask: Annotated[None, Meta(description="Always null: masks are with the frames.")]
    frames: Annotated[
        tuple[SheetFrame, ...],
        Meta(description="The frames that it is made of.", max_length=limits.MOST_SHEET_FRAMES),
    ]
    missing: Annotated[
        tuple[Name, ...],
        Meta(
            description="Cameras of which not every frame is there; the sheet is UNINSPECTED then.",
            max_length=limits.MOST_CAMERAS,
        ),
    ]


class LateBody(Message, frozen=True, kw_only=True):
    """A result that came after its frame had its verdict. It is information only and changes nothing."""

    late_verdict: Annotated[Verdict, Meta(description="What the verdict would have been. Never act on it.")]
    late_reason: Reason
    detail: Text
    gate_score: Probability | None
    pixels: PixelsOfClasses
    defect_pixels: PixelsOfClasses
    defects: Annotated[tuple[Defect, ...], Meta(max_length=limits.MOST_DEFECTS)]
    name: FileName
    mask: MaskInfo | None


class GapBody(Message, frozen=True, kw_only=True):
    """The one verdict of a range of frames that have no pixels, most often lost by the camera."""

    first: Count
    last: Annotated[int, Meta(description="Last frame of the range, inclusive.", ge=0, le=LARGEST)]
    verdict: Annotated[Verdict, Meta(description="UNINSPECTED.")]
    reason: Reason
    detail: Text


class HealthReason(Message, frozen=True, kw_only=True):
    """One part of the line that is not as it should be."""

    part: Annotated[
        str,
        Meta(
            description="Which part: line, inference, journal, peers, camera NAME, ...", max_length=limits.LONGEST_PART
        ),
    ]
    code: Annotated[Code, Meta(description="What is wrong with it, for a program.")]
    text: Annotated[
        str, Meta(description="What is wrong with it, one line for a person.", max_length=limits.LONGEST_REASON)
    ]
    signal: Signal


class Health(Message, frozen=True, kw_only=True):
    """The health of the line (NAMUR NE 107), which is that of the worst reason."""

    signal: Signal
    reasons: Annotated[
        tuple[HealthReason, ...],
        Meta(description="The worst first; none where the line is well.", max_length=limits.MOST_REASONS),
    ]


WELL = Health(signal=Signal.NORMAL, reasons=())


class StatusBody(Message, frozen=True, kw_only=True):
    """The state of the line changed, or something happened that a person should know."""

    state: LineState
    code: Annotated[Code, Meta(description="What happened, for a program.")]
    text: Annotated[Text, Meta(description="What happened, one line for a person.")]
    engines: Annotated[
        Text,
        Meta(
            description="What computes the verdicts, for a person, and why no GPU where a CPU replaces one; empty before it is known."
        ),
    ]
    health: Annotated[Health, Meta(description="How the line is at this moment.")]


class HeartbeatBody(Message, frozen=True, kw_only=True):
    """The publisher is alive; how far it has published."""

    last_seq: Annotated[int, Meta(description="Last publication of the stream; -1: none yet.", ge=-1, le=LARGEST)]
    state: LineState
    interval_ms: Annotated[HeartbeatMs, Meta(description="Time to the next heartbeat.")]
    recovery: Annotated[
        Identity | None,
        Meta(
            description="Where to ask for what was missed: ipc://PATH or tcp://HOST:PORT; a HOST of * stands for the host under which the "
            "results were reached. Null: nowhere."
        ),
    ]


class EndBody(Message, frozen=True, kw_only=True):
    """The run is over on this camera, with its totals."""

    frames: Annotated[int, Meta(description="Frames of the run, all of them with one verdict.", ge=0, le=LARGEST)]
    verdicts: Annotated[dict[Verdict, Count], Meta(description="Frames per verdict.")]
    reasons: Annotated[dict[Reason, Count], Meta(description="Frames per reason.")]
    late: Annotated[int, Meta(description="Results that came too late.", ge=0, le=LARGEST)]


Body = (
    StartBody
    | ChangeBody
    | ResultBody
    | LateBody
    | GapBody
    | StatusBody
    | HeartbeatBody
    | EndBody
    | CoilBody
    | CoilDefectBody
    | RollMarkBody
)

BODIES: dict[MessageType, type[Body]] = {
    MessageType.START: StartBody,
    MessageType.CHANGE: ChangeBody,
    MessageType.RESULT: ResultBody,
    MessageType.LATE: LateBody,
    MessageType.GAP: GapBody,
    MessageType.STATUS: StatusBody,
    MessageType.HEARTBEAT: HeartbeatBody,
    MessageType.END: EndBody,
    MessageType.COIL: CoilBody,
    MessageType.DEFECT: CoilDefectBody,
    MessageType.ROLL_MARK: RollMarkBody,
}
