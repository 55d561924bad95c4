"""Checks what the subscriber is given, message by message, in memory that is bounded."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b

from inspector.client import Missed, Packet, StreamKey
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import encode
from inspector.protocol.messages import EndBody, GapBody, LateBody, ResultBody, StatusBody
from inspector.soak.findings import Findings, Kind

MOST_DIGESTS = 8_000
"""Of publications that the journal and the second subscriber are compared with."""
_STREAMS_KEPT = 8


def digest_of(packet: Packet) -> bytes:
    """Of a publication as it is sent."""
    _, header, body = encode(packet.header, packet.body)
    return digest(header, body, packet.blob)


def digest(header: bytes, body: bytes, blob: bytes) -> bytes:
    """Of the parts of a publication."""
    made = blake2b(digest_size=8)
    for part in (header, body, blob):
        made.update(len(part).to_bytes(4, "little") + part)
    return made.digest()


@dataclass
class Stream:
    """One camera in one epoch."""

    key: StreamKey
    next_seq: int = 0
    next_frame: int = 0
    """Every frame before it has its verdict."""
    ahead: set[int] = field(default_factory=set)
    """Frames from there on that have theirs."""
    watermark: int = -1
    blurred: bool = False
    """Something was missed, so that frames up to the next watermark are unknown."""
    ended: bool = False
    """It said that it stopped."""
    missed: list[Missed] = field(default_factory=list)
    """To be compared with the journal."""
    not_durable: set[int] = field(default_factory=set)
    """Publications marked so that the journal was not seen to have."""
    digests: OrderedDict[int, bytes] = field(default_factory=OrderedDict)
    stored_through: int = -1
    """The journal was compared up to here."""


class Books:
    """All streams."""

    def __init__(self, findings: Findings, pool: int) -> None:
        self.streams: OrderedDict[StreamKey, Stream] = OrderedDict()
        self.verdicts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.frames = self.published = self.inspected = self.missed = self.recovered = 0
        self._findings = findings
        self._pool = pool
        self._shown: dict[int, Counter[str]] = {}
        """Verdicts on pixels by sheet."""

    @property
    def current(self) -> Stream | None:
        """The stream that began last."""
        return next(reversed(self.streams.values()), None)

    def stream(self, key: StreamKey) -> Stream:
        """Its books."""
        if key not in self.streams:
            self.streams[key] = Stream(key)
            while len(self.streams) > _STREAMS_KEPT:
                self.streams.popitem(last=False)
        return self.streams[key]

    def take(self, packet: Packet) -> None:
        """A publication or a heartbeat."""
        header = packet.header
        if header.seq is None:
            return
        stream = self.stream(StreamKey(header.line, header.camera, header.epoch))
        if header.seq != stream.next_seq:
            self._broken(Kind.NUMBERS, stream, f"number {header.seq}, expected {stream.next_seq}")
        stream.next_seq = header.seq + 1
        self.published += 1
        stream.digests[header.seq] = digest_of(packet)
        if len(stream.digests) > MOST_DIGESTS:
            stream.digests.popitem(last=False)
        if not header.durable:
            stream.not_durable.add(header.seq)
        self._frames(stream, packet)

    def miss(self, missed: Missed) -> None:
        """Publications that could not be had."""
        if missed.before_joining:
            return
        stream = self.stream(missed.stream)
        if missed.first_seq != stream.next_seq:
            self._broken(Kind.NUMBERS, stream, f"{missed.first_seq} is missed, expected {stream.next_seq}")
        stream.next_seq = missed.last_seq + 1
        stream.blurred = True
        stream.missed.append(missed)
        self.missed += missed.count

    def _frames(self, stream: Stream, packet: Packet) -> None:
        header, body = packet.header, packet.body
        if isinstance(body, ResultBody):
            assert header.frame is not None
            self._verdict(stream, range(header.frame, header.frame + 1), body)
            self._judged(stream, packet, body)
        elif isinstance(body, GapBody):
            self._verdict(stream, range(body.first, body.last + 1), body)
        elif isinstance(body, LateBody):
            frame = header.frame or 0
            if not stream.blurred and frame >= stream.next_frame and frame not in stream.ahead:
                self._broken(Kind.VERDICTS, stream, f"a late answer for frame {frame} before its verdict")
        elif isinstance(body, StatusBody):
            stream.ended |= body.code == "stopped"
        elif isinstance(body, EndBody) and sum(body.verdicts.values()) != body.frames:
            self._broken(Kind.TOTALS, stream, f"an end of {body.frames} frames, with verdicts {body.verdicts}")
        self._watermark(stream, header.resolved_through)

    def _verdict(self, stream: Stream, frames: range, body: ResultBody | GapBody) -> None:
        self.frames += len(frames)
        self.verdicts[body.verdict.value] += len(frames)
        self.reasons[body.reason.value] += len(frames)
        for frame in frames:
            if frame < stream.next_frame or frame in stream.ahead:
                self._broken(Kind.VERDICTS, stream, f"frame {frame} has two verdicts")
            stream.ahead.add(frame)
        while stream.next_frame in stream.ahead:
            stream.ahead.discard(stream.next_frame)
            stream.next_frame += 1

    def _watermark(self, stream: Stream, through: int) -> None:
        if through < stream.watermark:
            self._broken(Kind.VERDICTS, stream, f"the watermark fell from {stream.watermark} to {through}")
        stream.watermark = through
        if through < stream.next_frame:
            return
        if not stream.blurred:
            lost = [frame for frame in range(stream.next_frame, through + 1) if frame not in stream.ahead]
            self._broken(Kind.VERDICTS, stream, f"no verdict was published for {len(lost)} frames: {lost[:5]}")
        stream.blurred = False
        stream.next_frame = through + 1
        stream.ahead = {frame for frame in stream.ahead if frame > through}

    def _judged(self, stream: Stream, packet: Packet, body: ResultBody) -> None:
        header = packet.header
        if body.verdict is Verdict.UNINSPECTED:
            return
        self.inspected += 1
        if header.deadline_unix_ns is not None and header.captured_unix_ns is not None:
            allowed_us = (header.deadline_unix_ns - header.captured_unix_ns) / 1000
            if body.latency_us > allowed_us + 1:
                text = f"frame {header.frame}: {body.verdict.value} after {body.latency_us} us, later than its deadline"
                self._broken(Kind.JUDGEMENT, stream, text)
        sheet = (header.frame or 0) % self._pool
        before = self._shown.setdefault(sheet, Counter())
        before[body.verdict.value] += 1
        if len(before) > 1:
            text = f"frame {header.frame}: {body.verdict.value}; the same sheet had {dict(before)}"
            self._broken(Kind.JUDGEMENT, stream, text)

    def _broken(self, kind: Kind, stream: Stream, text: str) -> None:
        self._findings.broken(kind, f"epoch {stream.key.epoch[:8]}: {text}")
