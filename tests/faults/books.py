"""What holds whatever the fault: checked from what the subscribers received and what the journal holds, put together.

Of each stream: numbers without a gap, exactly one verdict for each frame, a watermark that is never ahead of them; the same publication is the
same in both; every verdict on pixels is the one that a replay gives them, and none was reached after its deadline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from inspector.client.events import StreamKey
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import Packet
from inspector.protocol.messages import EndBody, GapBody, LateBody, ResultBody, StartBody, StatusBody
from tests.line.camera_line import Judgement, judgement


@dataclass
class Books:
    """One stream."""

    packets: dict[int, Packet] = field(default_factory=dict)
    """By seq."""
    verdicts: dict[int, tuple[Verdict, str]] = field(default_factory=dict)
    """Verdict and reason by frame."""
    journaled: int = 0
    begun: bool = False
    ended: bool = False

    @property
    def reasons(self) -> Counter[str]:
        """Frames by reason."""
        return Counter(reason for _, reason in self.verdicts.values())

    @property
    def inspected(self) -> int:
        """Frames with a verdict on their pixels."""
        return sum(verdict is not Verdict.UNINSPECTED for verdict, _ in self.verdicts.values())

    @property
    def codes(self) -> list[str]:
        """Of the statuses, in their order."""
        return [packet.body.code for _, packet in sorted(self.packets.items()) if isinstance(packet.body, StatusBody)]


def key_of(packet: Packet) -> StreamKey:
    """Its stream."""
    return StreamKey(packet.header.line, packet.header.camera, packet.header.epoch)


def opened(received: Iterable[Iterable[Packet]], journal: Iterable[Packet]) -> dict[StreamKey, Books]:
    """The books of every stream in what each subscriber received and in the journal. Raises AssertionError where one of them has a publication
    twice, or out of order, or another one than the others."""
    books: dict[StreamKey, Books] = {}
    for number, source in enumerate([*received, journal]):
        last: dict[StreamKey, int] = {}
        for packet in source:
            seq, key = packet.header.seq, key_of(packet)
            if seq is None:
                continue
            assert seq > last.get(key, -1), f"{key}: {seq} behind {last[key]} in source {number}"
            last[key] = seq
            known = books.setdefault(key, Books()).packets.setdefault(seq, packet)
            assert known == packet, f"{key}: {seq} differs between the subscriber and the journal"
    for packet in journal:
        books[key_of(packet)].journaled += 1
    return books


def check(
    books: Mapping[StreamKey, Books],
    expected: Callable[[], Mapping[str, Judgement]],
    image_of: Callable[[Packet], str | None],
    ended: bool,
) -> None:
    """Raises AssertionError where a promise is broken. ``expected``: what a replay says of each image; ``image_of``: which one a result is about,
    None where that cannot be known; ``ended``: whether every stream was told its end."""
    for key, one in books.items():
        _check_numbers(key, one)
        _check_verdicts(key, one)
        _check_pixels(key, one, expected, image_of)
        if ended and one.begun:
            assert one.ended, f"{key}: its end was not told"


def _check_numbers(key: StreamKey, books: Books) -> None:
    gaps = sorted(set(range(max(books.packets) + 1)) - set(books.packets))
    assert not gaps, f"{key}: {len(gaps)} publications are neither with a subscriber nor in the journal: {gaps[:5]}"


def _check_verdicts(key: StreamKey, books: Books) -> None:
    """Fills in the verdicts."""
    books.verdicts.clear()
    watermark, covered = -1, 0
    for _, packet in sorted(books.packets.items()):
        header, body = packet.header, packet.body
        if isinstance(body, ResultBody):
            assert header.frame is not None
            frames: Iterable[int] = (header.frame,)
        else:
            frames = range(body.first, body.last + 1) if isinstance(body, GapBody) else ()
        for frame in frames:
            assert frame not in books.verdicts, f"{key}: frame {frame} has two verdicts"
            assert isinstance(body, (ResultBody, GapBody))
            books.verdicts[frame] = (body.verdict, body.reason.value)
        if isinstance(body, LateBody):
            assert header.frame in books.verdicts, f"{key}: a late answer for frame {header.frame} before its verdict"
        assert header.resolved_through >= watermark, f"{key}: the watermark fell"
        watermark = header.resolved_through
        while covered in books.verdicts:
            covered += 1
        assert watermark < covered, f"{key}: the watermark {watermark} is ahead of frame {covered}"
        books.begun = books.begun or isinstance(body, StartBody)
        if isinstance(body, EndBody):
            books.ended = True
            assert body.frames == len(books.verdicts), f"{key}: {body.frames} frames, {len(books.verdicts)} verdicts"
    if books.ended:
        assert watermark == len(books.verdicts) - 1, f"{key}: frames without a verdict"


def _check_pixels(
    key: StreamKey,
    books: Books,
    expected: Callable[[], Mapping[str, Judgement]],
    image_of: Callable[[Packet], str | None],
) -> None:
    for packet in books.packets.values():
        header, body = packet.header, packet.body
        if not isinstance(body, ResultBody) or body.verdict is Verdict.UNINSPECTED:
            continue
        where = f"{key}: frame {header.frame}, {body.verdict.value}"
        assert body.gate_score is not None, f"{where} without a score"
        if header.deadline_unix_ns is not None:
            assert header.captured_unix_ns is not None
            allowed_us = (header.deadline_unix_ns - header.captured_unix_ns) / 1000
            assert body.latency_us <= allowed_us + 1, f"{where}, after its deadline: {body.latency_us} us"
        image = image_of(packet)
        if image is not None:
            assert judgement(body) == expected()[image], f"{where}: {judgement(body)}, not {expected()[image]}"
