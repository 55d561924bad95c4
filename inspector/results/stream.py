"""One stream: the publications of one camera in one epoch, numbered from 0 without a gap.

Used by the publishing thread only, so that the order of the numbers is the order of sending.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from inspector.frames.clock import both_clocks
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import REASONS, BundleIdentity, Outcome, Reason, Settled, Verdict
from inspector.protocol.codec import encode, encode_body
from inspector.protocol.codes import listed
from inspector.protocol.limits import LARGEST_BODY, LONGEST_FILE_NAME, LONGEST_PART, LONGEST_REASON
from inspector.protocol.messages import (
    Body,
    ChangeBody,
    EndBody,
    GapBody,
    Health,
    HealthReason,
    HeartbeatBody,
    LateBody,
    LineState,
    MessageType,
    ResultBody,
    StartBody,
    StatusBody,
)
from inspector.results.identity import Identity, StartInfo, Totals
from inspector.results.message_header import make_header
from inspector.results.message_parts import NO_BUNDLE, BundleWords, plain, settings, with_fewer_defects
from inspector.results.publication import Publication
from inspector.results.status import Status

log = logging.getLogger(__name__)

REPEAT_EVERY_S = 1.0
"""A start is repeated at most so often, seconds."""


class Stream:
    """Makes and numbers the messages of one camera."""

    _counts_as_inspected = True
    """Whether a result is of a frame of its own."""

    def __init__(
        self,
        identity: Identity,
        camera: str,
        *,
        heartbeat_ms: int,
        masks: bool,
        durable: Callable[[], bool] = lambda: False,
        clocks: Callable[[], tuple[int, int]] = both_clocks,
    ) -> None:
        """``durable`` says whether what is published now will be in the journal; it is called for every message. Default: there is none.
        ``clocks`` gives the time of a message: Unix time and monotonic time, ns."""
        self.camera = camera
        self.last_seq = -1
        self.resolved_through = -1
        self.recovery: str | None = None
        """Where subscribers ask for what they missed, as heartbeats say it."""
        self._identity = identity
        self._heartbeat_ms = heartbeat_ms
        self._masks = masks
        self._durable = durable
        self._clocks = clocks
        self._open: dict[str, _OpenRun] = {}
        """The runs that have not ended."""
        self._run: str | None = None
        """The run that began last; None once it has ended."""
        self._info: StartInfo | None = None
        """Of the run that began last."""
        self._joined = False
        """Whether somebody has subscribed since the start of the run was said last."""
        self._repeated_s = 0.0
        """When the start was repeated last, monotonic."""
        self._bundle = NO_BUNDLE
        self._line_state = LineState.STARTING
        """State in the last status message."""

    def start(self, run: str, info: StartInfo) -> Publication:
        """The message that run ``run`` begins."""
        body = StartBody(**settings(info, self._heartbeat_ms, self._masks), repeat=False)
        publication = self._publish(MessageType.START, body, run=run, info=info)
        self._open[run] = _OpenRun(info)
        self._run, self._info = run, info
        self._joined = False
        return publication

    def change(self, info: StartInfo, why: str) -> Publication:
        """The message that results are from now on to be read by ``info``."""
        body = ChangeBody(**settings(info, self._heartbeat_ms, self._masks), why=plain(why))
        publication = self._publish(MessageType.CHANGE, body, info=info)
        self._info = info
        return publication

    def joined(self) -> None:
        """Somebody has subscribed."""
        self._joined = True

    def repeat(self) -> Publication | None:
        """What the current run's start would say now, for those who joined; it takes no number and is not journaled. None where nobody
        joined, no run is on, or this was said less than a second ago."""
        if not self._joined or self._run is None or self._info is None:
            return None
        now_s = time.monotonic()
        if now_s - self._repeated_s < REPEAT_EVERY_S:
            return None
        self._joined, self._repeated_s = False, now_s
        body = StartBody(**settings(self._info, self._heartbeat_ms, self._masks), repeat=True)
        return self._publish(MessageType.START, body, numbered=False)

    def settled(self, settled: Settled) -> Publication:
        """The verdict of a frame, or of a range of frames the camera lost."""
        meta, outcome = settled.meta, settled.outcome
        self.resolved_through = max(self.resolved_through, settled.resolved_through)
        if self._is_gap(settled):
            publication = self._gap(settled)
        else:
            try:
                publication = self._result(settled, outcome)
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
                publication = self._result(settled, outcome)
        if meta.run in self._open:
            self._open[meta.run].totals.add(outcome.verdict, outcome.reason, settled.count)
        return publication

    def late(self, meta: FrameMeta, outcome: Outcome) -> Publication:
        """A result for a frame that already had its verdict."""
        if meta.run in self._open:
            self._open[meta.run].totals.late += 1
        bundle, mask = self._words_of(outcome.bundle), self._mask_of(outcome)
        body = LateBody(
            late_verdict=outcome.verdict,
            late_reason=outcome.reason,
            detail=plain(outcome.detail),
            gate_score=outcome.gate_score,
            pixels=bundle.counts(outcome.pixels),
            defect_pixels=bundle.counts(outcome.defect_pixels),
            defects=outcome.defects,
            name=plain(meta.name, LONGEST_FILE_NAME),
            mask=bundle.mask_of(outcome) if mask else None,
        )
        return self._publish(MessageType.LATE, body, meta, outcome.bundle, blob=mask, inspected=_is_inspected(outcome))

    def status(self, status: Status) -> Publication:
        """The message that the line changed its state or that something happened."""
        self._line_state = status.state
        if listed(status.code) != status.code:
            log.error("status code %s is not in the protocol's list", status.code)
        health = Health(
            signal=status.health.signal,
            reasons=tuple(
                HealthReason(
                    part=plain(one.part, LONGEST_PART),
                    code=listed(one.code),
                    text=plain(one.text, LONGEST_REASON),
                    signal=one.signal,
                )
                for one in status.health.reasons
            ),
        )
        body = StatusBody(
            state=status.state,
            code=listed(status.code),
            text=plain(status.text),
            engines=plain(status.engines),
            health=health,
        )
        return self._publish(MessageType.STATUS, body)

    def end(self, run: str, totals: Totals | None = None) -> Publication:
        """The message that run ``run`` is over; without ``totals`` the verdicts published so far are counted."""
        ended = self._open.pop(run, None)
        published = ended.totals if ended else Totals()
        totals = totals or published
        if totals != published:
            log.error(
                "camera %s, run %s: the line counts %s, but %s was published", self.camera, run, totals, published
            )
        body = EndBody(frames=totals.frames, verdicts=totals.verdicts, reasons=totals.reasons, late=totals.late)
        publication = self._publish(MessageType.END, body, run=run, info=ended.info if ended else None)
        if run == self._run:
            self._run = None
        return publication

    def heartbeat(self) -> Publication:
        """A heartbeat. It takes no number and is not journaled."""
        body = HeartbeatBody(
            last_seq=self.last_seq, state=self._line_state, interval_ms=self._heartbeat_ms, recovery=self.recovery
        )
        return self._publish(MessageType.HEARTBEAT, body, numbered=False)

    def _is_gap(self, settled: Settled) -> bool:
        """Whether the verdict is one of a range of frames, or of a frame that never came."""
        return settled.count > 1 or settled.outcome.reason is Reason.CAMERA_LOST

    def _result(self, settled: Settled, outcome: Outcome) -> Publication:
        """``outcome`` in the place of that of ``settled``, which may be one that cannot be encoded."""
        if outcome.reason not in REASONS[outcome.verdict]:
            raise ValueError(f"{outcome.verdict.value} with the reason {outcome.reason.value}")
        mask = self._mask_of(outcome)
        body = self._result_body(settled, outcome, self._words_of(outcome.bundle), bool(mask))
        verdict, inspected = outcome.verdict.value, self._counts_as_inspected and _is_inspected(outcome)
        return self._publish(
            MessageType.RESULT, body, settled.meta, outcome.bundle, verdict=verdict, blob=mask, inspected=inspected
        )

    def _result_body(self, settled: Settled, outcome: Outcome, bundle: BundleWords, masked: bool) -> ResultBody:
        return ResultBody(
            verdict=outcome.verdict,
            reason=outcome.reason,
            detail=plain(outcome.detail),
            gate_score=outcome.gate_score,
            pixels=bundle.counts(outcome.pixels),
            defect_pixels=bundle.counts(outcome.defect_pixels),
            defects=outcome.defects,
            name=plain(settled.meta.name, LONGEST_FILE_NAME),
            latency_us=latency_us(settled),
            mask=bundle.mask_of(outcome) if masked else None,
        )

    def _words_of(self, bundle: BundleIdentity | None) -> BundleWords:
        """What messages contain about a bundle; kept from the last message, because it is mostly the same bundle."""
        if bundle is not self._bundle.identity:
            self._bundle = BundleWords(bundle)
        return self._bundle

    def _mask_of(self, outcome: Outcome) -> bytes:
        return outcome.mask if self._masks and outcome.bundle else b""

    def _gap(self, settled: Settled) -> Publication:
        meta, outcome = settled.meta, settled.outcome
        body = GapBody(
            first=meta.frame,
            last=meta.frame + settled.count - 1,
            verdict=outcome.verdict,
            reason=outcome.reason,
            detail=plain(outcome.detail),
        )
        return self._publish(MessageType.GAP, body, meta, outcome.bundle, verdict=outcome.verdict.value)

    def _publish(
        self,
        kind: MessageType,
        body: Body,
        meta: FrameMeta | None = None,
        bundle: BundleIdentity | None = None,
        *,
        run: str | None = None,
        info: StartInfo | None = None,
        verdict: str | None = None,
        blob: bytes = b"",
        numbered: bool = True,
        inspected: bool = False,
    ) -> Publication:
        """Header and encoding. The number is taken last, when nothing can fail any more.

        A message about a frame names the run it was captured in and the bundle that inspected it; any other message names ``run``, else
        the current one, and the bundle that is active."""
        info = info or self._info
        if meta is not None:
            run = meta.run or None
        else:
            run = run or self._run
            bundle = info.bundle if info else None
        seq = self.last_seq + 1 if numbered else None
        header = make_header(
            self._identity,
            self.camera,
            kind,
            self._clocks(),
            seq=seq,
            run=run,
            bundle=bundle,
            meta=meta,
            info=info,
            resolved_through=self.resolved_through,
            durable=self._durable(),
        )
        topic, header_bytes, body_bytes = encode(header, body)
        while len(body_bytes) > LARGEST_BODY:
            body = with_fewer_defects(body)
            body_bytes = encode_body(body)
        if seq is not None:
            self.last_seq = seq
        return Publication(
            camera=self.camera,
            seq=-1 if seq is None else seq,
            type=kind,
            run=header.run,
            frame=header.frame,
            verdict=verdict,
            captured_unix_ns=header.captured_unix_ns,
            published_unix_ns=header.published_unix_ns,
            topic=topic,
            header=header_bytes,
            body=body_bytes,
            blob=blob,
            inspected=inspected,
        )


@dataclass
class _OpenRun:
    """A run that has begun and not ended."""

    info: StartInfo
    """As it was when the run began."""
    totals: Totals = field(default_factory=Totals)
    """What was published of it."""


def latency_us(settled: Settled) -> int:
    """From capture to verdict."""
    return (settled.settled_ns - settled.meta.captured_ns) // 1000


def _is_inspected(outcome: Outcome) -> bool:
    """Whether an engine's answer was judged, and the judgement was possible."""
    return outcome.bundle is not None and outcome.verdict is not Verdict.UNINSPECTED
