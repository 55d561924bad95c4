"""Takes messages, answers and times, and gives events and requests: everything about receiving but sockets, threads and clocks."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from inspector.client.events import Event, Malformed, StreamKey, Why
from inspector.client.reception.asker import Asker
from inspector.client.reception.lane import Lane, Terms
from inspector.client.reception.ordering import Room
from inspector.protocol.codec import MalformedError, Packet, decode
from inspector.protocol.recovery import Request, decode_answer, encode_request

MOST_LANES = 256
"""Lines and cameras that are followed; of more, the one that was silent for longest is not any more."""
_MOST_LEFT = 4096
"""Lines and cameras that are not followed any more, and of which is known where to go on."""
_MOST_SENT = 4
"""Requests that wait for an answer at the same time."""
_TICK_S = 0.25

Since: TypeAlias = Literal["now", "epoch"] | Mapping[StreamKey, int]
"""Where to begin: with what comes ("now"), with number 0 of the running epoch ("epoch"), or with the number given for each stream; what is
not among those begins with number 0."""


class Outgoing(NamedTuple):
    """A request that is to be sent."""

    endpoint: str
    id: str
    data: bytes


class Reception:
    """All streams of a subscriber. Times are of any monotonic clock, in seconds."""

    def __init__(
        self,
        *,
        locate: Callable[[str | None], str | None] | None,
        since: Since,
        patience_s: float,
        room: Room,
        leftover: int,
    ) -> None:
        """``locate`` gives the address to ask, from what heartbeats say of it: empty where none has said anything, None where there is
        nobody to ask. ``locate`` None: nothing is recovered."""
        self.events: deque[Event] = deque()
        """What is to be given to the program, in order."""
        self.malformed = 0
        """Messages, and publications in answers, that could not be read."""
        self.duplicates = 0
        """Publications whose number came before."""
        self.wake_s = math.inf
        """When ``requests`` is to be called next."""
        self._locate = locate
        self._since = since
        self._terms = Terms(self._give, self._look, self._told, room, locate is not None, patience_s, leftover)
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._left: dict[tuple[str, str], tuple[str, int]] = {}
        self._askers: dict[Asker, Lane] = {}
        """Those that want something."""
        self._silent: set[str] = set()
        """Addresses at which nobody has answered."""
        self._number = 0
        self._now_s = 0.0
        if not isinstance(since, str):
            for stream, number in since.items():
                self._lanes[stream.line, stream.camera] = self._make_lane(
                    stream.line, stream.camera, (stream.epoch, number)
                )

    @property
    def asking(self) -> bool:
        """Whether something is missing that may still come."""
        return bool(self._askers)

    def take(self, parts: list[bytes], now_s: float) -> None:
        """A message came."""
        self._now_s = now_s
        try:
            packet = decode(parts)
        except MalformedError as error:
            self._give(Malformed(reason=str(error), topic=parts[0]))
            return
        header = packet.header
        lane = self._lanes.get((header.line, header.camera)) or self._open(packet)
        if not lane.take(packet, sum(map(len, parts)), now_s):
            self.duplicates += 1
            if self._locate is None:  # nobody but its publisher can have sent it twice
                self._give(Malformed(reason=f"seq {header.seq} came before", topic=parts[0]))

    def quiet(self, now_s: float) -> None:
        """No message is at hand. To be called only then: a slow reader must not report its publisher as stale."""
        for lane in self._lanes.values():
            lane.quiet(now_s)

    def requests(self, now_s: float) -> list[Outgoing]:
        """The requests that are to be sent now. To be called at ``wake_s``."""
        self._tick(now_s)
        free = _MOST_SENT - sum(1 for asker in self._askers if asker.sent)
        due: list[Outgoing] = []
        self.wake_s = now_s + _TICK_S if self._askers else math.inf
        for asker, lane in self._askers.items():
            endpoint = self._endpoint(asker, lane)
            if asker.ready(now_s) and endpoint and (asker.sent or free > 0):
                free -= not asker.sent
                self._number += 1
                id_, ask = asker.request(str(self._number), now_s)
                due.append(Outgoing(endpoint, id_, encode_request(Request(id=id_, do=ask))))
            if asker.due_s() > now_s:
                self.wake_s = min(self.wake_s, asker.due_s())
        return due

    def unsent(self, id_: str, now_s: float) -> None:
        """A request could not be sent."""
        for asker in self._askers:
            if asker.sent == id_:
                asker.unsent(now_s)

    def answer(self, parts: list[bytes], now_s: float) -> None:
        """An answer came. One that nothing waits for any more is ignored."""
        self._now_s = now_s
        try:
            answer = decode_answer(parts)
        except MalformedError as error:
            self._give(Malformed(reason=f"recovery: {error}", topic=b""))
            return
        for asker, lane in list(self._askers.items()):
            if asker.sent == answer.reply.id:
                self._silent.clear()
                asker.answered(answer, now_s)
                self._settle(asker, lane)
                # Whoever has waited longest is next.
                if asker in self._askers:
                    del self._askers[asker]
                    self._askers[asker] = lane

    def _told(self) -> None:
        if self._askers:
            self._tick(self._now_s)

    def _tick(self, now_s: float) -> None:
        self._now_s = now_s
        for asker, lane in list(self._askers.items()):
            endpoint = self._endpoint(asker, lane)
            if endpoint is None:
                asker.refuse(Why.NO_RECOVERY, "the line has no recovery socket", now_s)
            elif asker.expire(now_s, endpoint, silent=endpoint in self._silent) and len(self._silent) < MOST_LANES:
                self._silent.add(endpoint)
            self._settle(asker, lane)

    def _give(self, event: Event) -> None:
        if type(event) is Malformed:
            self.malformed += 1
        self.events.append(event)

    def _look(self, asker: Asker, lane: Lane) -> None:
        if asker.look(self._now_s):
            self._askers[asker] = lane
            self.wake_s = min(self.wake_s, asker.due_s())
        else:
            self._askers.pop(asker, None)

    def _settle(self, asker: Asker, lane: Lane) -> None:
        self._look(asker, lane)
        lane.changed(self._now_s)

    def _endpoint(self, asker: Asker, lane: Lane) -> str | None:
        assert self._locate is not None, "only what recovers asks"
        return self._locate(lane.endpoint(asker))

    def _open(self, packet: Packet) -> Lane:
        """A line and camera that is not known."""
        if len(self._lanes) >= MOST_LANES:
            forgotten = min(self._lanes, key=lambda key: self._lanes[key].heard_s)
            if (reached := self._lanes.pop(forgotten).close(self._now_s)) is not None:
                self._left[forgotten] = reached
                while len(self._left) > _MOST_LEFT:
                    del self._left[next(iter(self._left))]
        line, camera = packet.header.line, packet.header.camera
        lane = self._lanes[line, camera] = self._make_lane(line, camera, self._left.pop((line, camera), None))
        return lane

    def _make_lane(self, line: str, camera: str, begin: tuple[str, int] | None) -> Lane:
        return Lane(line, camera, self._terms, begin, from_start=self._since != "now")
