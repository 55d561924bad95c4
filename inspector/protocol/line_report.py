"""What ``status`` answers: the line at one moment, for people and for programs that watch it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from inspector.frames.camera_state import CameraState
from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.messages import Health, LineState
from inspector.protocol.recovery import Outcome
from inspector.protocol.values import Count, Number, UnixNs


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Common to the parts of the report: every key is always present, null where it does not apply."""


class EngineReport(Report, frozen=True, kw_only=True):
    """A loaded bundle and the child process that computes with it."""

    bundle: str
    operating_point: str
    role: Annotated[str, Meta(description="`active`, `shadow`, `loading`, `standby` or `retiring`.")]
    state: Annotated[str, Meta(description="Of its child: `starting`, `ready`, `restarting`, `given_up` or `stopped`.")]
    device: Annotated[str, Meta(description="What computes, for a person; empty before it is known.")]
    cpu_fallback: Annotated[bool, Meta(description="Whether a CPU computes where a GPU is configured.")]


class SourceReport(Report, frozen=True, kw_only=True):
    """What a camera has counted since the start of the daemon, over all its connections."""

    received: Annotated[Count, Meta(description="Frames that arrived whole.")]
    lost: Annotated[
        Count | None,
        Meta(
            description="Frames whose number was skipped. Null: the camera numbers no frames, so a loss cannot be proved."
        ),
    ]
    incomplete: Annotated[Count, Meta(description="Frames of which packets were missing.")]
    dropped: Annotated[Count, Meta(description="Frames for which this machine was too slow.")]
    resent_packets: Count
    missing_packets: Count


class ClockOfCamera(Report, frozen=True, kw_only=True):
    """How a camera's clock stands against this machine's."""

    name: Annotated[str, Meta(description="Of the clock: `ticks` or `ptp`.")]
    offset_ns: Annotated[int | None, Meta(description="Camera's time minus this machine's UTC; null: not known.")]
    spread_ns: Annotated[int | None, Meta(description="How far the measured offsets are apart; null: not known.")]
    in_specification: bool
    text: str


class CameraReport(Report, frozen=True, kw_only=True):
    """A camera and its frames since the start of the daemon."""

    camera: str
    frames: Annotated[Count, Meta(description="Captured and lost.")]
    open: Annotated[Count, Meta(description="Without a verdict yet.")]
    rate_hz: Annotated[float, Meta(description="Frames per second over the last seconds.")]
    verdicts: dict[Verdict, Count]
    reasons: dict[Reason, Count]
    last_seq: Annotated[Number, Meta(description="Last publication; -1: none yet.")]
    resolved_through: Annotated[
        Number, Meta(description="Every frame up to this one has its verdict; -1 before the first.")
    ]
    state: Annotated[CameraState, Meta(description="Of its connection.")]
    reconnects: Annotated[Count, Meta(description="How often it was opened again after it had been lost.")]
    source: Annotated[
        SourceReport | None, Meta(description="What the camera counts; null: a recording or a simulation.")
    ]
    clock: Annotated[ClockOfCamera | None, Meta(description="Null: it has no clock of its own.")]


class SheetsReport(Report, frozen=True, kw_only=True):
    """The sheets since the start of the daemon."""

    cameras: Annotated[list[str], Meta(description="Those that see each sheet.")]
    sheets: Annotated[Count, Meta(description="That have their verdict.")]
    open: Annotated[Count, Meta(description="Without a verdict yet, and verdicts of frames that wait to be looked at.")]
    verdicts: dict[Verdict, Count]
    reasons: dict[Reason, Count]
    last_seq: Annotated[Number, Meta(description="Last publication in the stream of sheets; -1: none yet.")]
    resolved_through: Annotated[
        Number, Meta(description="Every sheet up to this one has its verdict; -1 before the first.")
    ]


class LatencyReport(Report, frozen=True, kw_only=True):
    """From capture to verdict, ms, since the start of the daemon; null before the first verdict."""

    p50: float | None
    p99: float | None
    max: float | None


class RejectReport(Report, frozen=True, kw_only=True):
    """A frame that was not passed, or several that were lost together."""

    camera: str
    frame: Annotated[Count, Meta(description="The first one, where several were lost together.")]
    run: str | None
    verdict: Verdict
    reason: Reason
    detail: str
    captured_unix_ns: UnixNs


class JournalReport(Report, frozen=True, kw_only=True):
    """The journal's file."""

    path: str
    error: Annotated[str, Meta(description="Why the last commit failed; empty where it did not.")]
    waiting: Count
    not_journaled: Annotated[
        Count, Meta(description="Publications that were left out because the disk did not take them.")
    ]


class RecoveryReport(Report, frozen=True, kw_only=True):
    """The socket on which subscribers ask for what they missed, since the start of the daemon."""

    endpoint: Annotated[str, Meta(description="The address bound.")]
    connections: Annotated[Count, Meta(description="Open now.")]
    requests: Annotated[dict[Outcome, Count], Meta(description="By what became of them.")]
    waiting: Annotated[Count, Meta(description="Requests that are being answered or wait for it.")]
    publications: Annotated[Count, Meta(description="Sent again.")]
    not_let_in: Annotated[
        Count | None, Meta(description="How often somebody was not let in; null: the address has no keys.")
    ]
    cut_off: Annotated[Count, Meta(description="How often connections were cut off.")]
    bad_messages: Annotated[Count, Meta(description="Messages that could not be used.")]


class ArchiveReport(Report, frozen=True, kw_only=True):
    """The archive of defects. Counts are since the start of the daemon, by class of evidence: `scrap`, `reject`, `disagreement`, `uncertain`, `clean`."""

    path: str
    error: Annotated[str, Meta(description="Why frames cannot be archived now; empty where they can.")]
    archived: dict[str, Count]
    left_out: Annotated[
        dict[str, Count], Meta(description="To be archived, and not: there was no room or time for them.")
    ]
    waiting: Annotated[Count, Meta(description="Frames that wait to be archived.")]
    entries: Annotated[Count | None, Meta(description="Frames that it holds; null: not known yet.")]
    bytes: Annotated[Count | None, Meta(description="What they take of the disk; null: not known yet.")]
    full_in_days: Annotated[
        float | None,
        Meta(description="Until it is full and the oldest are deleted, at the present rate; null: not known."),
    ]


class ShadowReport(Report, frozen=True, kw_only=True):
    """The candidate that inspects a share of the frames beside the active bundle."""

    bundle: str
    share: float
    compared: Count
    disagreements: Count


class LineReport(Report, frozen=True, kw_only=True):
    """The line at one moment; on a busy line the figures are from slightly different ones."""

    line: str
    epoch: str
    software: Annotated[str, Meta(description="Name and version of the daemon.")]
    unix_ns: UnixNs
    monotonic_ns: Number
    state: LineState
    health: Health
    paused: bool
    run: str | None
    recipe: str | None
    part: str | None
    bundle: str
    operating_point: str
    engines: list[EngineReport]
    cameras: list[CameraReport]
    sheets: Annotated[SheetsReport | None, Meta(description="Null: the line has no section sheets.")]
    latency_ms: LatencyReport
    last_rejects: Annotated[list[RejectReport], Meta(description="The last 10 that were not passed, the newest first.")]
    journal: Annotated[JournalReport | None, Meta(description="Null: the line keeps none.")]
    recovery: Annotated[RecoveryReport | None, Meta(description="Null: nobody can ask for what was missed.")]
    archive: Annotated[ArchiveReport | None, Meta(description="Null: the line keeps none.")]
    shadow: ShadowReport | None
    standby: Annotated[str | None, Meta(description="The bundle to which a rollback would go; null: none.")]
