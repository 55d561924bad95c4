"""A line, its journal and a subscriber's reception without sockets and clocks: what comes when is decided by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

from inspector.client.events import Event, Missed, NewEpoch, Recovered, StreamKey
from inspector.client.reception import Reception, Since
from inspector.client.reception.ordering import Room
from inspector.protocol.codec import Packet
from inspector.protocol.messages import HeartbeatBody
from inspector.protocol.recovery import (
    Answer,
    Get,
    Outcome,
    Parts,
    Reply,
    StreamEntry,
    Streams,
    decode_request,
    encode_answer,
)
from inspector.results.stream import Stream
from tests.results.publishing import RUN, START, make_identity, make_settled

ENDPOINT = "tcp://line1:5551"
LEFTOVER = 4


@cache
def published(epoch: str, count: int, camera: str = "cam1") -> list[list[bytes]]:
    """The publications of an epoch, as they are sent: a start, then results."""
    stream = Stream(make_identity(camera, epoch=epoch), camera, heartbeat_ms=200, masks=True)
    first = [stream.start(RUN, START)] if count else []
    return [
        one.parts() for one in [*first, *(stream.settled(make_settled(n, camera=camera)) for n in range(count - 1))]
    ]


@cache
def heartbeat(epoch: str, last_seq: int, camera: str = "cam1", recovery: str | None = ENDPOINT) -> list[bytes]:
    """A heartbeat of an epoch that has published so much."""
    stream = Stream(make_identity(camera, epoch=epoch), camera, heartbeat_ms=200, masks=True)
    stream.last_seq = last_seq
    topic, header, body = stream.heartbeat().parts()
    # Which address a stream states is the business of the publisher.
    import msgspec

    return [topic, header, msgspec.json.encode({**msgspec.json.decode(body), "recovery": recovery})]


@dataclass
class Line:
    """What a line has published in its epochs, and what its journal still holds of it."""

    epochs: dict[str, int] = field(default_factory=dict)
    """Publications of each epoch, in the order of the epochs."""
    gone: dict[str, set[int]] = field(default_factory=dict)
    """Numbers that the journal does not hold."""
    per_reply: int = 3

    def answer(self, data: bytes) -> list[bytes]:
        """The reply to a request, as the daemon gives it."""
        request = decode_request(data)
        if isinstance(request.do, Streams):
            entries = tuple(
                StreamEntry(
                    line="line1", camera="cam1", epoch=epoch, order=order, opened_unix_ns=1, oldest_available=None,
                    newest=count - 1, simulated=True, ended=False, current=False,
                )
                for order, (epoch, count) in enumerate(self.epochs.items())
            )  # fmt: skip
            after = int(request.do.after or 0)
            page, following = entries[after : after + 2], str(after + 2) if after + 2 < len(entries) else None
            return encode_answer(
                Answer(Reply(id=request.id, outcome=Outcome.DONE, epoch="x", streams=page, next=following))
            )
        assert isinstance(request.do, Get)
        return encode_answer(self._get(request.id, request.do))

    def _get(self, id_: str, wanted: Get) -> Answer:
        count, gone = self.epochs.get(wanted.epoch, 0), self.gone.get(wanted.epoch, set())
        last = min(wanted.last, count - 1)
        sent: list[Parts] = []
        absent: list[tuple[int, int]] = []
        seq = wanted.first
        while seq <= last and len(sent) < self.per_reply:
            if seq in gone:
                if absent and absent[-1][1] == seq - 1:
                    absent[-1] = (absent[-1][0], seq)
                else:
                    absent.append((seq, seq))
            else:
                parts = published(wanted.epoch, count)[seq]
                sent.append(Parts(*parts, *([b""] if len(parts) == 3 else [])))
            seq += 1
        reply = Reply(
            id=id_, outcome=Outcome.DONE, epoch="x", publications=len(sent), absent=tuple(absent), newest=count - 1,
            next=seq if seq <= last else None,
        )  # fmt: skip
        return Answer(reply, tuple(sent))


class World:
    """A reception, its clock, and what it gave."""

    def __init__(
        self,
        line: Line,
        *,
        since: Since = "now",
        recovers: bool = True,
        patience_s: float = 10.0,
        room: Room | None = None,
        told: bool = True,
    ) -> None:
        """``told``: where to ask is known from heartbeats only."""
        self.line = line
        self.now_s = 100.0
        self.events: list[Event] = []
        self.requests: list[tuple[str, bytes]] = []
        """Requests on their way to the line: id and data."""
        self.reception = Reception(
            locate=(lambda said: said if told else ENDPOINT) if recovers else None,
            since=since,
            patience_s=patience_s,
            room=room or Room(10_000, 64 << 20),
            leftover=LEFTOVER,
        )

    def hear(self, *messages: list[bytes]) -> None:
        """Messages come."""
        for parts in messages:
            self.reception.take(parts, self.now_s)
            self.collect()

    def collect(self) -> None:
        """Send what is due, and take the events."""
        if self.now_s >= self.reception.wake_s:
            for endpoint, id_, data in self.reception.requests(self.now_s):
                assert endpoint == ENDPOINT
                self.requests.append((id_, data))
        while self.reception.events:
            self.events.append(self.reception.events.popleft())

    def answer(self, change: Callable[[list[bytes]], list[bytes] | None] = lambda parts: parts) -> None:
        """The line answers the oldest request; ``change`` may alter the answer, or lose it."""
        _, data = self.requests.pop(0)
        parts = change(self.line.answer(data))
        if parts is not None:
            self.reception.answer(parts, self.now_s)
        self.collect()

    def wait(self, seconds: float) -> None:
        """Time passes in small steps."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += 0.25
            self.reception.quiet(self.now_s)
            self.collect()

    def finish(self, *, answers: bool = True, most_s: float = 120.0) -> None:
        """Let time pass until nothing is asked for any more."""
        until_s = self.now_s + most_s
        while self.reception.asking:
            assert self.now_s < until_s, "it waits for ever"
            if self.requests:
                self.answer() if answers else self.requests.clear()
            else:
                self.wait(0.25)

    def given(self, epoch: str) -> list[int | tuple[int, int]]:
        """Of an epoch, in the order in which they were given: numbers, and ranges that were missed."""
        found: list[int | tuple[int, int]] = []
        for event in self.events:
            if isinstance(event, Packet) and event.header.epoch == epoch and event.header.seq is not None:
                found.append(event.header.seq)
            elif isinstance(event, Missed) and event.stream.epoch == epoch:
                found.append((event.first_seq, event.last_seq))
        return found

    def names(self) -> list[str]:
        """The events in short: numbers with their epoch, and the names of the others."""
        return [_name(event) for event in self.events]


def _name(event: Event) -> str:
    if isinstance(event, Packet):
        return "beat" if isinstance(event.body, HeartbeatBody) else f"{event.header.epoch}{event.header.seq}"
    if isinstance(event, (Missed, Recovered)):
        return f"{type(event).__name__} {event.stream.epoch}{event.first_seq}-{event.last_seq}"
    if isinstance(event, NewEpoch):
        return f"NewEpoch {event.stream.epoch}"
    return type(event).__name__


def key(epoch: str) -> StreamKey:
    """The stream of camera cam1."""
    return StreamKey("line1", "cam1", epoch)


def covered(given: Iterable[int | tuple[int, int]], first: int = 0) -> int:
    """Check that every number from ``first`` on is there once, in order, as a message or as missed; return the one behind the last."""
    expected = first
    for one in given:
        begin, last = (one, one) if isinstance(one, int) else one
        assert begin == expected, f"{one} where {expected} is expected"
        assert last >= begin
        expected = last + 1
    return expected
