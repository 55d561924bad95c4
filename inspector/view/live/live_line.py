"""A line as its page shows it: messages of the line go in, what the page shows comes out. No socket, no thread; times are given."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from inspector.client import LinkBack, LinkLost, Malformed, Missed, NewEpoch, Recovered, SecondPublisher, Stale
from inspector.client.events import Event
from inspector.frames.outcome import Reason, Verdict
from inspector.frames.position import PositionSource
from inspector.frames.sheet import SHEET
from inspector.protocol.codec import Packet
from inspector.protocol.messages import (
    GapBody,
    HeartbeatBody,
    LateBody,
    LineState,
    ResultBody,
    StartBody,
    StatusBody,
)
from inspector.protocol.settings import Settings
from inspector.view.live.coil_news import CoilNews, Coils
from inspector.view.live.figures import Latencies, Rates, Speed
from inspector.view.live.rejects import Rejects
from inspector.view.live.strip import Strip
from inspector.view.live.words import said

SILENT_S = 1.5
"""Without a message for so long, what is shown is old."""
_MOST_LOG = 20


class LiveLine:
    """One line. For one thread at a time."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.line: str | None = None
        self.state: LineState | None = None
        self.status: StatusBody | None = None
        """The last one that was heard."""
        self.run: str | None = None
        self.began_ns = 0
        """When the run began, by the line's clock; 0: before anything that was heard."""
        self.recipe: str | None = None
        self.bundle: str | None = None
        self.simulated = False
        self.strip: Strip | None = None
        self.deadline_ms: float | None = None
        self.heard_s: float | None = None
        self.stream_ns = 0
        """Time of the last message, by the line's clock."""
        self.lost_link = ""
        """Why there is no connection; empty: there is one, or none was tried."""
        self.catching_up = False
        """Whether messages of before are being fetched."""
        self.missed = 0
        """Messages of the run that did not arrive and could not be had."""
        self.late = 0
        """Results of the run that came too late."""
        self.malformed = 0
        self.rejects = Rejects()
        self.rates, self.latencies, self.speed = Rates(), Latencies(), Speed()
        self.log: deque[dict[str, Any]] = deque(maxlen=_MOST_LOG)
        self.logged = 0
        self.coils = Coils()
        self._status_ns = 0
        self._generations = 0
        self._by_encoder = False

    def feed(self, event: Event, now_s: float) -> None:
        """An event of the subscriber to the line."""
        if isinstance(event, Packet):
            self.heard_s = now_s
            self.lost_link = ""
            self._heard(event)
        elif isinstance(event, Missed):
            if not event.before_joining:
                self.missed += event.count
                self._say("lost", f"{event.stream.camera}: {event.count:,} messages did not arrive ({event.why.value})")
        elif isinstance(event, LinkLost):
            self.lost_link = event.detail or "the connection to the line is lost"
        elif isinstance(event, LinkBack):
            self.lost_link = ""
        elif isinstance(event, NewEpoch):
            self._say("restart", "the line was started again")
        elif isinstance(event, SecondPublisher):
            self._say(
                "second",
                f"two programs publish as {event.stream.line}/{event.stream.camera}: a mistake in a configuration",
            )
        elif isinstance(event, Malformed):
            self.malformed += 1
        else:
            assert isinstance(event, Stale | Recovered)

    def feed_coil(self, event: Event) -> None:
        """An event of the subscriber to what follows the line's coils."""
        if isinstance(event, Packet):
            self.coils.feed(event)

    @property
    def coil(self) -> CoilNews:
        """What was found on the coil that is shown."""
        return self.coils.of(self.run, self.began_ns)

    def silent(self, now_s: float) -> bool:
        """Whether what is shown is old, or nothing was heard yet."""
        return self.heard_s is None or bool(self.lost_link) or now_s - self.heard_s > SILENT_S

    @property
    def verdicts(self) -> Counter[Verdict]:
        """Of the run that is shown."""
        return sum((Counter(one.verdicts) for one in self._books), Counter())

    @property
    def reasons(self) -> Counter[Reason]:
        """Of the run that is shown."""
        return sum((Counter(one.reasons) for one in self._books), Counter())

    @property
    def _books(self) -> list[Any]:
        return [] if self.strip is None else self.strip.books

    def _heard(self, packet: Packet) -> None:
        header, body = packet.header, packet.body
        self.line, self.simulated, self.stream_ns = header.line, header.simulated, header.published_unix_ns
        if isinstance(body, HeartbeatBody):
            self.state = body.state
        elif isinstance(body, StatusBody) and header.published_unix_ns >= self._status_ns:
            if self.status is None or (body.code, body.text) != (self.status.code, self.status.text):
                self._say(body.code, body.text, header.published_unix_ns)
            self._status_ns, self.status, self.state = header.published_unix_ns, body, body.state
        if header.camera == SHEET:
            return
        if isinstance(body, Settings):
            self.deadline_ms = body.deadline_ms
            if body.placement is not None:
                self.rejects.across[header.camera] = 1 if body.placement.travel_axis == "x" else 0
        self._run(packet)
        if isinstance(body, ResultBody):
            self.rates.add(header.published_unix_ns, body.verdict, 1)
            self.latencies.add(header.published_unix_ns, body.latency_us)
            if body.verdict in (Verdict.REJECT, Verdict.SCRAP):
                self.rejects.add(packet)
            if header.travel_um is not None and header.captured_unix_ns is not None:
                self.speed.add(header.camera, header.captured_unix_ns, header.travel_um)
        elif isinstance(body, GapBody):
            self.rates.add(header.published_unix_ns, body.verdict, body.last - body.first + 1)
        elif isinstance(body, LateBody):
            self.late += 1

    def _run(self, packet: Packet) -> None:
        """Give the message to the run that is shown, which is the one that began last."""
        header = packet.header
        if header.position_source is not None:
            self._by_encoder = header.position_source is PositionSource.ENCODER
        if header.run is not None and self._is_new(packet):
            self._generations += 1_000  # a map that leaves boxes out counts on
            self.strip = Strip(header.run, self._generations)
            self.run, self.missed, self.late = header.run, 0, 0
            fresh = isinstance(packet.body, StartBody) and not packet.body.repeat
            self.began_ns = header.published_unix_ns if fresh else 0
        if header.run == self.run:
            self.recipe = header.recipe or self.recipe
            self.bundle = header.bundle or self.bundle
        if self.strip is not None:
            self.strip.feed(packet)

    def _is_new(self, packet: Packet) -> bool:
        header, body, strip = packet.header, packet.body, self.strip
        if strip is None:
            return isinstance(body, StartBody | ResultBody | GapBody)
        if not isinstance(body, StartBody) or body.repeat:
            return False
        if header.run != strip.run:
            return True
        # The line goes on with the run after a restart: the map can only go on where an encoder says the places.
        return header.epoch not in strip.epochs and not self._by_encoder

    def _say(self, code: str, text: str, at_ns: int | None = None) -> None:
        self.log.append({"at_ms": (at_ns or self.stream_ns) // 10**6, "code": code, "text": said(text)})
        self.logged += 1
