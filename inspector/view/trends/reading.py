"""Rows of a journal become buckets and events. No file is opened here; what was counted before is gone on with and never counted again.

A message is known by its stream and number, not by its row: so a journal that takes the place of another, or is a copy of it, counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from inspector.frames.outcome import Reason
from inspector.frames.sheet import SHEET
from inspector.protocol.codec import decode_body, decode_header
from inspector.results.brief_rows import BriefRow, BriefStream
from inspector.view.trends.buckets import DAY_STEPS, GATE_CLEAN, MOST_NAMES, STEP_NS, Bucket, Day, latency_bin
from inspector.view.trends.events import Events

MOST_DAYS = 30
"""Days that are kept."""
DAY_NS = 86_400 * 10**9
MOST_STREAMS = 4000
"""Cameras in epochs whose last number is kept, the newest: those of 16 cameras and 8 starts a day."""
VERSION = 1
"""Of what is kept."""
_UNINSPECTED, _LATE = "UNINSPECTED", Reason.DEADLINE.value
_UNKNOWN = -2
_TIME = (int, type(None))
_EVENTS = ("start", "change", "status")
_ALTERED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError, ValueError)
"""What a row of other content leads to."""


class Last(msgspec.Struct, frozen=True):
    """The row through which a journal is read; that it is still there says that the journal is the same."""

    id: int
    stream: str
    """Epoch and camera."""
    seq: int


class Call(msgspec.Struct, frozen=True):
    """What was said of a frame that review has dismissed, as it was counted."""

    at_step: int
    """Number of its bucket since 1970."""
    camera: str
    verdict: str
    classes: tuple[str, ...]


class Known(msgspec.Struct, kw_only=True):
    """What is known beside the buckets, and what reading goes on from."""

    version: int = VERSION
    last: Last | None = None
    inode: int = 0
    reached: dict[str, int] = msgspec.field(default_factory=dict)
    """By stream its last number that is counted."""
    first_epoch: str = ""
    """The one that the journal began with when it was read first."""
    first_ns: int | None = None
    """Time of the earliest message that was counted."""
    last_ns: int = 0
    events: Events = msgspec.field(default_factory=Events)
    altered: int = 0
    """Rows that could not be read."""
    is_ahead: bool = False
    """Whether rows are dated in the future, and so not counted."""
    dismissed: dict[str, Call] = msgspec.field(default_factory=dict)
    """Frames that review has dismissed, by ``frame_key``."""
    unreviewed: str = ""
    """Why reviews could not be read."""
    unfound: int = 0
    """Frames that review has dismissed and that the journal holds no more."""


_Number = Annotated[int, Meta(ge=0, le=2**40)]


class _Body(msgspec.Struct):
    """What is needed of a result or a gap."""

    reason: str
    latency_us: _Number = 0
    gate_score: Annotated[float, Meta(ge=0, le=1)] | None = None
    defect_pixels: dict[str, int] = {}
    first: _Number = 0
    last: _Number = 0


class _Times(msgspec.Struct):
    captured_unix_ns: int | None
    deadline_unix_ns: int | None


class _Open:
    """A stream, while its rows are read."""

    __slots__ = ("bucket", "is_sheet", "of", "reached", "step")

    def __init__(self, of: BriefStream, reached: int) -> None:
        self.of, self.reached = of, reached
        self.is_sheet = of.camera == SHEET
        self.step = -1
        self.bucket: Bucket | None = None
        """The one of ``step``; None: rows of this time are not counted."""


class Journal(NamedTuple):
    """What is asked of a journal, beside its rows."""

    streams: Callable[[], dict[int, BriefStream]]
    header: Callable[[int], bytes | None]
    """Of the row with this id; None: it was deleted meanwhile."""


_body = msgspec.json.Decoder(_Body)
_times = msgspec.json.Decoder(_Times)


class Reading:
    """Counts rows of one line in the order of publication."""

    def __init__(self, known: Known, line: str, journal: Journal, now_ns: int) -> None:
        """``known`` is changed."""
        self.known, self._line, self._journal = known, line, journal
        self._least, self._most = (now_ns - (MOST_DAYS + 1) * DAY_NS) // STEP_NS, (now_ns + DAY_NS) // STEP_NS
        self._open: dict[int, _Open | None] = {}
        self._days: dict[int, Day] = {}
        self._heard_ns = known.last_ns

    def feed(self, rows: Iterable[BriefRow]) -> None:
        """Count them. Rows that are counted already are left out, and those that were altered."""
        open_ = self._open
        for row in rows:
            number = row[1]
            stream = open_[number] if number in open_ else self._opened(number)
            if stream is not None:
                try:
                    self._count(row, stream)
                except _ALTERED:
                    self.known.altered += 1

    def take(self) -> dict[int, Day]:
        """What was counted since it was taken last, by number of the day since 1970; ``known`` belongs to it."""
        reached = self.known.reached
        for one in self._open.values():
            if one is not None:
                key = _stream_key(one.of)
                reached.pop(key, None)
                reached[key] = one.reached  # as the newest
                one.step, one.bucket = -1, None
        for key in list(reached)[:-MOST_STREAMS]:
            del reached[key]
        self.known.last_ns = max(self.known.last_ns, self._heard_ns)
        days, self._days = self._days, {}
        return days

    def _opened(self, number: int) -> _Open | None:
        of = self._journal.streams().get(number)
        wanted = of is not None and of.line == self._line
        found = None
        if of is not None and wanted:
            known = self.known
            known.first_epoch = known.first_epoch or of.epoch
            # A stream begins with 0. What the journal had deleted before it was read first is not missing in it.
            begin = _UNKNOWN if of.epoch == known.first_epoch else -1
            found = _Open(of, known.reached.get(_stream_key(of), begin))
        self._open[number] = found
        return found

    def _count(self, row: BriefRow, stream: _Open) -> None:
        id_, _, seq, kind, _, verdict, captured_ns, published_ns, data = row
        if type(seq) is not int or type(published_ns) is not int or type(captured_ns) not in _TIME:
            raise TypeError("a row holds values of other types")
        if seq <= stream.reached:
            return
        missing = 0 if stream.reached == _UNKNOWN else seq - stream.reached - 1
        stream.reached = seq
        if verdict is None:
            if kind in _EVENTS:
                self._event(id_, data)
            at_ns = published_ns if missing else None
        else:
            at_ns = published_ns if captured_ns is None else captured_ns
        if stream.is_sheet or at_ns is None:
            return
        body = None if verdict is None else _body.decode(data)
        step = at_ns // STEP_NS
        bucket = stream.bucket if step == stream.step else self._at(at_ns, step, stream, id_, kind)
        self._heard_ns = published_ns
        if bucket is None:
            return
        bucket.missing += missing
        if body is not None:
            _add(bucket, kind, verdict, body, simulated=stream.of.simulated)

    def _at(self, at_ns: int, step: int, stream: _Open, id_: int, kind: str) -> Bucket | None:
        """The bucket of this time, and that of its stream from now on; None where rows of this time are not counted."""
        known = self.known
        stream.step, stream.bucket = step, None
        if not self._least <= step <= self._most:
            known.is_ahead = known.is_ahead or step > self._most
            return None
        known.first_ns = at_ns if known.first_ns is None else min(known.first_ns, at_ns)
        day, slot = divmod(step, DAY_STEPS)
        buckets = self._days.setdefault(day, {}).setdefault(stream.of.camera, {})
        bucket = stream.bucket = buckets.setdefault(slot, Bucket())
        header = self._journal.header(id_) if bucket.deadline_ms is None and kind == "result" else None
        if header is not None:
            times = _times.decode(header)
            if times.deadline_unix_ns is not None and times.captured_unix_ns is not None:
                bucket.deadline_ms = (times.deadline_unix_ns - times.captured_unix_ns) / 1e6
        return bucket

    def _event(self, id_: int, data: bytes) -> None:
        header = self._journal.header(id_)
        if header is None:
            return
        events = self.known.events
        events.heard_ms = max(events.heard_ms, self._heard_ns // 10**6)
        events.feed(decode_body(decode_header(header), data, b""))


def frame_key(epoch: str, camera: str, frame: int) -> str:
    """Of a frame in ``Known.dismissed``."""
    return f"{epoch} {camera} {frame}"


def call_of(row: BriefRow, camera: str) -> Call | None:
    """What a row with a verdict says of its frame, as it is counted; None where it was altered."""
    _, _, _, _, _, verdict, captured_ns, published_ns, data = row
    try:
        classes = tuple(name for name, pixels in _body.decode(data).defect_pixels.items() if pixels)
        return Call((published_ns if captured_ns is None else captured_ns) // STEP_NS, camera, str(verdict), classes)
    except _ALTERED:
        return None


def _stream_key(stream: BriefStream) -> str:
    return f"{stream.epoch} {stream.camera}"


def _add(bucket: Bucket, kind: str, verdict: str | None, body: _Body, *, simulated: bool) -> None:
    frames = body.last - body.first + 1 if kind == "gap" else 1
    bucket.frames += frames
    if simulated:
        bucket.simulated += frames
    reason = body.reason
    call = verdict if verdict in ("REJECT", "SCRAP") else reason
    assert call is not None
    _bump(bucket.calls, call, frames)
    if verdict != _UNINSPECTED or reason == _LATE:
        number = latency_bin(max(0, body.latency_us))
        bucket.latencies[number] = bucket.latencies.get(number, 0) + 1
    if body.gate_score is not None:
        bucket.scored += 1
        bucket.score += body.gate_score
        if reason == GATE_CLEAN:
            bucket.clean_score += body.gate_score
    for name, pixels in body.defect_pixels.items():
        if pixels:
            _bump(bucket.classes, name, 1)


def _bump(counts: dict[str, int], key: str, count: int) -> None:
    if key in counts or len(counts) < MOST_NAMES:
        counts[key] = counts.get(key, 0) + count
