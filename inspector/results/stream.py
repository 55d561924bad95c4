"""One stream: the publications of one camera in one epoch, numbered from 0 without a gap.

Used by the publishing thread alone, so that the order of the numbers is the order on the wire.
"""

from __future__ import annotations

import logging
import time

import msgspec

from inspector import __version__
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Settled, Verdict
from inspector.protocol.codec import encode
from inspector.protocol.messages import (
    PROTOCOL,
    Body,
    EndBody,
    GapBody,
    Geometry,
    Header,
    HeartbeatBody,
    LateBody,
    LineState,
    MaskInfo,
    MessageType,
    ResultBody,
    ScaleMm,
    StartBody,
    StatusBody,
)
from inspector.results.identity import Identity, StartInfo, Totals

log = logging.getLogger(__name__)

UNITS = {"um": "micrometre", "mm": "millimetre", "mm2": "square millimetre", "px": "pixel", "ms": "millisecond",
         "us": "microsecond", "unix_ns": "nanosecond since 1970-01-01T00:00:00Z"}  # fmt: skip


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """A message ready for the wire and the journal."""

    camera: str
    seq: int
    """-1 in a heartbeat, which has no number."""
    type: MessageType
    frame: int | None
    verdict: str | None
    captured_unix_ns: int | None
    published_unix_ns: int
    topic: bytes
    header: bytes
    body: bytes
    blob: bytes

    @property
    def size(self) -> int:
        """Bytes of its parts."""
        return len(self.header) + len(self.body) + len(self.blob)

    def parts(self) -> list[bytes]:
        """The parts of the multipart message."""
        return [self.topic, self.header, self.body, self.blob] if self.blob else [self.topic, self.header, self.body]


class Stream:
    """Numbers and words the publications of one camera."""

    def __init__(self, identity: Identity, camera: str, *, heartbeat_ms: int, masks: bool) -> None:
        self.camera = camera
        self.last_seq = -1
        self.resolved_through = -1
        self.totals = Totals()
        self.engines = ""
        """What computes, told in every status."""
        self._identity = identity
        self._heartbeat_ms = heartbeat_ms
        self._masks = masks
        self._classes: tuple[str, ...] = ()
        self._mask_info: MaskInfo | None = None
        self._line_state = LineState.STARTING
        self._trouble = False

    def start(self, info: StartInfo) -> Publication:
        """A run begins."""
        self._classes = tuple(plain(name) for name in info.classes)
        self._mask_info = MaskInfo(height_px=info.height_px, width_px=info.width_px, bits=self._classes)
        scale = info.scale_mm_per_px
        body = StartBody(
            classes=self._classes,
            geometry=Geometry(height_px=info.height_px, width_px=info.width_px),
            scale=ScaleMm(x_mm_per_px=scale[0], y_mm_per_px=scale[1]) if scale else None,
            rules=tuple(plain(rule) for rule in info.rules),
            deadline_ms=info.deadline_ms,
            heartbeat_ms=self._heartbeat_ms,
            masks=self._masks,
            source=plain(info.source),
            software=f"inspector {__version__}",
            units=UNITS,
        )
        return self._publish(MessageType.START, body)

    def settled(self, settled: Settled) -> Publication:
        """The verdict of a frame, or of a range of frames the camera lost."""
        meta, outcome = settled.meta, settled.outcome
        self.resolved_through = max(self.resolved_through, settled.resolved_through)
        if settled.count > 1 or outcome.reason is Reason.CAMERA_LOST:
            publication = self._gap(settled)
        else:
            latency_us = (settled.settled_ns - meta.captured_ns) // 1000
            try:
                publication = self._result(meta, outcome, latency_us)
            except (TypeError, ValueError, OverflowError):
                log.exception(
                    "camera %s, frame %d: its %s cannot be put into a message",
                    self.camera,
                    meta.frame,
                    outcome.verdict.value,
                )
                outcome = Outcome(
                    verdict=Verdict.UNINSPECTED,
                    reason=Reason.INTERNAL,
                    detail="the verdict could not be put into a message",
                )
                publication = self._result(meta, outcome, latency_us)
        totals = self.totals
        totals.frames += settled.count
        totals.verdicts[outcome.verdict] = totals.verdicts.get(outcome.verdict, 0) + settled.count
        totals.reasons[outcome.reason] = totals.reasons.get(outcome.reason, 0) + settled.count
        return publication

    def late(self, meta: FrameMeta, outcome: Outcome) -> Publication:
        """An answer for a frame that already had its verdict."""
        mask = outcome.mask if self._masks and self._mask_info else b""
        self.totals.late += 1
        body = LateBody(
            late_verdict=outcome.verdict,
            late_reason=outcome.reason,
            detail=plain(outcome.detail),
            gate_score=outcome.gate_score,
            pixels=dict(zip(self._classes, outcome.pixels, strict=False)),
            defects=outcome.defects,
            name=plain(meta.name),
            mask=self._mask_info if mask else None,
        )
        return self._publish(MessageType.LATE, body, meta, blob=mask)

    @property
    def state(self) -> LineState:
        """The line's state; degraded where it says running while there is trouble."""
        return LineState.DEGRADED if self._trouble and self._line_state is LineState.RUNNING else self._line_state

    def status(self, state: LineState, code: str, text: str) -> Publication:
        """The line changed its state, or a person should know something."""
        self._line_state = state
        return self._status(code, text)

    def trouble(self, trouble: bool, code: str, text: str) -> Publication:
        """Something around the line began or ceased to be in trouble; a running line counts as degraded meanwhile."""
        self._trouble = trouble
        return self._status(code, text)

    def end(self, totals: Totals | None) -> Publication:
        """The run is over; None stands for what was published. The next run counts from zero again."""
        totals = totals or self.totals
        if totals != self.totals:
            log.error("camera %s: the line counts %s, but %s was published", self.camera, totals, self.totals)
        self.totals = Totals()
        body = EndBody(frames=totals.frames, verdicts=totals.verdicts, reasons=totals.reasons, late=totals.late)
        return self._publish(MessageType.END, body)

    def heartbeat(self) -> Publication:
        """Alive. Takes no number and is not journaled."""
        body = HeartbeatBody(last_seq=self.last_seq, state=self.state, interval_ms=self._heartbeat_ms)
        return self._publish(MessageType.HEARTBEAT, body)

    def _status(self, code: str, text: str) -> Publication:
        return self._publish(
            MessageType.STATUS, StatusBody(state=self.state, code=code, text=plain(text), engines=plain(self.engines))
        )

    def _result(self, meta: FrameMeta, outcome: Outcome, latency_us: int) -> Publication:
        mask = outcome.mask if self._masks and self._mask_info else b""
        body = ResultBody(
            verdict=outcome.verdict,
            reason=outcome.reason,
            detail=plain(outcome.detail),
            gate_score=outcome.gate_score,
            pixels=dict(zip(self._classes, outcome.pixels, strict=False)),
            defects=outcome.defects,
            name=plain(meta.name),
            latency_us=latency_us,
            mask=self._mask_info if mask else None,
        )
        return self._publish(MessageType.RESULT, body, meta, verdict=outcome.verdict.value, blob=mask)

    def _gap(self, settled: Settled) -> Publication:
        meta, outcome = settled.meta, settled.outcome
        body = GapBody(
            first=meta.frame,
            last=meta.frame + settled.count - 1,
            verdict=outcome.verdict,
            reason=outcome.reason,
            detail=plain(outcome.detail),
        )
        return self._publish(MessageType.GAP, body, meta, verdict=outcome.verdict.value)

    def _publish(
        self,
        kind: MessageType,
        body: Body,
        meta: FrameMeta | None = None,
        verdict: str | None = None,
        blob: bytes = b"",
    ) -> Publication:
        """Header and encoding. The number is spent only when nothing can fail any more."""
        identity, numbered = self._identity, kind is not MessageType.HEARTBEAT
        # One offset for all times of a message, so that their differences stay those of the monotonic clock.
        published = time.time_ns()
        offset = published - time.monotonic_ns()
        captured = None if meta is None else meta.captured_ns + offset
        deadline = None if meta is None or meta.deadline_ns is None else meta.deadline_ns + offset
        seq = self.last_seq + 1
        header = Header(
            protocol=PROTOCOL,
            type=kind,
            line=identity.line,
            camera=self.camera,
            epoch=identity.epoch,
            run=identity.run,
            seq=seq if numbered else None,
            frame=None if meta is None else meta.frame,
            position_um=None if meta is None else meta.position_um,
            captured_unix_ns=captured,
            deadline_unix_ns=deadline,
            published_unix_ns=published,
            resolved_through=self.resolved_through,
            bundle=identity.bundle,
            operating_point=identity.operating_point,
            calibration=identity.calibration,
            simulated=identity.simulated,
        )
        topic, header_bytes, body_bytes = encode(header, body)
        if numbered:
            self.last_seq = seq
        return Publication(
            camera=self.camera,
            seq=seq if numbered else -1,
            type=kind,
            frame=header.frame,
            verdict=verdict,
            captured_unix_ns=captured,
            published_unix_ns=published,
            topic=topic,
            header=header_bytes,
            body=body_bytes,
            blob=blob,
        )


def plain(text: str) -> str:
    """The text with what UTF-8 cannot carry (a file name's undecodable bytes) replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
