"""One epoch of a camera, as far as it is known."""

from __future__ import annotations

from collections.abc import Callable

from inspector.client.events import Event, StreamKey, Why
from inspector.client.reception.fetching import End, Fetching
from inspector.client.reception.ordering import Ordering, Room
from inspector.protocol.codec import Packet
from inspector.protocol.messages import Body, HeartbeatBody, LineState

LONGEST_HEARTBEAT_MS = 250
HEARTBEATS_TO_STALE = 3


class Epoch:
    """The stream of an epoch, and what its messages said of its publisher."""

    def __init__(
        self,
        stream: StreamKey,
        begin: int | None,
        held: bool,
        give: Callable[[Event], object],
        room: Room,
        patience_s: float,
        *,
        patient: bool,
    ) -> None:
        """``patient``: what is missing is asked for; else it is reported as missed at once."""
        self.ordering = Ordering(stream, room, give, begin, held=held and patient)
        self.fetching = Fetching(self.ordering, patience_s, give)
        self.heard_s: float | None = None
        """When its last message came; None before the first, and once its silence was reported."""
        self.interval_ms = LONGEST_HEARTBEAT_MS
        self.state: LineState | None = None
        self.endpoint: str | None = ""
        """Where to ask for what is missing, as its heartbeats say; empty before the first one, None where they say nowhere."""
        self.order: int | None = None
        self.past = False
        """Whether it was over before anything of it was heard."""
        self.following_known = False
        """Whether it is known which epoch came next."""
        self.unnumbered: dict[type[Body], Packet] = {}
        """The last heartbeat and repeated start that came while it was not its turn."""
        self.strays = 0
        """Messages that came after one of a later epoch."""
        self.parallel = False
        """Whether it goes on although a later one has begun."""
        self._patient = patient
        self._give = give
        self._why = (Why.NO_RECOVERY, "")

    @property
    def unsettled(self) -> bool:
        """Whether something may have to be asked for, or was."""
        ordering = self.ordering
        return self._patient and (
            (ordering.next is not None and ordering.next <= ordering.known)
            or self.fetching.sent != ""
            or self.fetching.end is End.WANTED
        )

    def take(self, packet: Packet, seq: int, size: int) -> bool:
        """A publication came; False where its number came before."""
        ordering = self.ordering
        if not self._patient and ordering.next is not None and seq > ordering.next:
            ordering.give_up(ordering.next, seq - 1, *self._why)
        return ordering.take(packet, seq, size)

    def heartbeat(self, body: HeartbeatBody) -> None:
        """A heartbeat came."""
        self.state, self.interval_ms, self.endpoint = body.state, min(body.interval_ms, 2500), body.recovery
        self.ordering.reach(body.last_seq)
        if not self._patient and self.ordering.next is not None:
            self.ordering.give_up(self.ordering.next, body.last_seq, *self._why)

    def ended(self) -> None:
        """It is over: what still comes of it is on its way, and what does not, cannot be had any more."""
        if self._patient:
            self._why = (Why.GONE, "") if self.fetching.end is End.KNOWN else (Why.NO_ANSWER, "its epoch is over")
        self._patient = False

    def in_parallel(self, patience_s: float, *, patient: bool) -> None:
        """It goes on."""
        self.parallel, self._patient = True, patient
        self._why = (Why.NO_RECOVERY, "")
        self.fetching = Fetching(self.ordering, patience_s, self._give)
