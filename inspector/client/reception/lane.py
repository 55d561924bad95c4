"""The epochs of one line and camera: which is given to the program, which waits for its end, and which should not be there any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inspector.client.events import Event, Missed, NewEpoch, SecondPublisher, Stale, StreamKey, Why
from inspector.client.reception.asker import Asker
from inspector.client.reception.epoch import HEARTBEATS_TO_STALE, Epoch
from inspector.client.reception.fetching import End
from inspector.client.reception.ordering import Room
from inspector.client.reception.orders import Orders
from inspector.protocol.codec import Packet
from inspector.protocol.messages import HeartbeatBody, LineState, StatusBody
from inspector.protocol.recovery import StreamEntry

_MOST_HELD = 4
"""Epochs that wait for the end of one before. A daemon that is restarted more often meanwhile is not waited for."""
_MOST_BETWEEN = 64
"""Epochs that are fetched because they began and ended while nothing was heard; of more, the newest, and the others are reported."""
_MOST_PAST = 64
"""Past epochs of which messages are still known."""


@dataclass(frozen=True)
class Terms:
    """What all lanes of a subscriber share."""

    give: Callable[[Event], object]
    look: Callable[[Asker, Lane], object]
    """To be called when what an asker wants may have changed."""
    told: Callable[[], object]
    """To be called when a heartbeat may have said where to ask, or that there is nobody to ask."""
    room: Room
    recovers: bool
    patience_s: float
    leftover: int
    """Messages of a past epoch that may still be on their way to the program."""


class Lane:
    """One line and camera. The first epoch of the queue is being given; those behind it wait until it is over."""

    def __init__(
        self, line: str, camera: str, terms: Terms, begin: tuple[str, int] | None, *, from_start: bool
    ) -> None:
        """``begin``: the epoch and number to go on from. ``from_start``: the epoch that is found is wanted from its beginning."""
        self._line, self._camera, self._terms = line, camera, terms
        self._epochs: dict[str, Epoch] = {}
        self._queue: list[Epoch] = []
        self._orders: Orders | None = None
        self._from_start = from_start
        self.heard_s = 0.0
        if begin is not None:
            self._queue.append(self._make(begin[0], begin[1], held=False))

    def take(self, packet: Packet, size: int, now_s: float) -> bool:
        """A message came, of whose parts ``size`` is known; False where its number came before."""
        name = packet.header.epoch
        epoch = self._epochs.get(name) or self._open(name, now_s)
        if epoch is not self._queue[-1]:
            self._stray(epoch, now_s)
        self.heard_s = epoch.heard_s = now_s
        body, seq = packet.body, packet.header.seq
        if seq is not None:
            if type(body) is StatusBody:
                epoch.state = body.state
            fresh = epoch.take(packet, seq, size)
            if epoch.unsettled:
                self._terms.look(epoch.fetching, self)
            return fresh
        if type(body) is HeartbeatBody:
            epoch.heartbeat(body)
            if epoch.unsettled:
                self._terms.look(epoch.fetching, self)
            self._terms.told()
        if epoch.ordering.held:
            epoch.unnumbered[type(body)] = packet  # what holds now; it is given when it is the epoch's turn
        else:
            self._terms.give(packet)
        return True

    def endpoint(self, asker: Asker) -> str | None:
        """Where ``asker`` is to ask: its own publisher where that still sends, else the newest one, or, until that has said where, one
        before it. Empty: not known; None: nowhere."""
        own = next((one for one in self._epochs.values() if one.fetching is asker and one.parallel), None)
        if own is not None:
            return own.endpoint
        return next((one.endpoint for one in reversed(self._epochs.values()) if one.endpoint != ""), "")

    def changed(self, now_s: float) -> None:
        """An asker of this lane has taken something in, or given it up: go on to the next epoch where one is over."""
        while len(self._queue) > 1:
            head = self._queue[0]
            if self._terms.recovers:
                if head.fetching.end in (End.OPEN, End.WANTED) or (self._orders is not None and self._orders.wants):
                    return
                self._insert_between(now_s)
            self._pass_on(now_s)

    def quiet(self, now_s: float) -> None:
        """No message is at hand: report what has been silent for too long."""
        for epoch in self._epochs.values():
            if epoch.heard_s is None or not (epoch.parallel or epoch is self._queue[-1]):
                continue
            if now_s - epoch.heard_s >= HEARTBEATS_TO_STALE * epoch.interval_ms / 1000:
                silent_ms, epoch.heard_s = round(1000 * (now_s - epoch.heard_s)), None
                if epoch.state is not LineState.STOPPED:
                    self._terms.give(Stale(stream=epoch.ordering.stream, silent_ms=silent_ms))

    def close(self, now_s: float) -> tuple[str, int] | None:
        """Give what waits and report what is missing, because the lane is no longer followed; return where to go on where it is again."""
        self._skip_held(now_s, 0)
        if self._orders is not None:
            self._orders.refuse(Why.TOO_MANY_STREAMS, "", now_s)
            self._terms.look(self._orders, self)
        for epoch in self._epochs.values():
            epoch.fetching.refuse(Why.TOO_MANY_STREAMS, "", now_s)
            self._terms.look(epoch.fetching, self)
        last = self._queue[-1].ordering
        return None if last.next is None else (last.stream.epoch, last.next)

    def _make(self, name: str, begin: int | None, *, held: bool) -> Epoch:
        stream = StreamKey(self._line, self._camera, name)
        terms = self._terms
        epoch = Epoch(stream, begin, held, terms.give, terms.room, terms.patience_s, patient=terms.recovers)
        self._epochs[name] = epoch
        return epoch

    def _open(self, name: str, now_s: float) -> Epoch:
        """A message of an epoch that is not known came."""
        if not self._queue:
            self._queue.append(self._make(name, 0 if self._from_start else None, held=False))
            return self._queue[0]
        before = self._queue[-1]
        epoch = self._make(name, 0, held=True)
        self._queue.append(epoch)
        before.fetching.close()
        if self._terms.recovers:
            self._terms.look(before.fetching, self)
            if len(self._queue) == 2:
                self._ask_orders()
            self._skip_held(now_s, _MOST_HELD)
        self.changed(now_s)
        return epoch

    def _ask_orders(self) -> None:
        self._orders = Orders(self._line, self._camera, self._terms.patience_s)
        self._terms.look(self._orders, self)

    def _skip_held(self, now_s: float, most: int) -> None:
        """Wait for no more than ``most`` epochs that were heard."""
        while len(self._queue) > 1 and (most == 0 or sum(not one.past for one in self._queue) > most + 1):
            head = self._queue[0]
            head.fetching.refuse(Why.TOO_MANY_STREAMS, "", now_s)
            self._terms.look(head.fetching, self)
            self._pass_on(now_s)

    def _insert_between(self, now_s: float) -> None:
        """Fetch the epochs between the first two of the queue, too."""
        if self._orders is None:
            return
        orders, self._orders = self._orders, None
        for epoch in self._epochs.values():
            name = epoch.ordering.stream.epoch
            epoch.order = orders.order(name) if epoch.order is None else epoch.order
        names = [one.ordering.stream.epoch for one in self._queue[:2]]
        between = orders.between(*names)
        if between is None:
            return
        self._queue[0].following_known = True
        unheard = [one for one in between if one.epoch not in self._epochs]
        for entry in unheard[:-_MOST_BETWEEN]:
            self._leave_out(entry)
        self._queue[1:1] = [self._make_past(one) for one in unheard[-_MOST_BETWEEN:]]

    def _leave_out(self, entry: StreamEntry) -> None:
        if entry.newest >= 0:
            stream, why = StreamKey(self._line, self._camera, entry.epoch), Why.TOO_MANY_STREAMS
            detail = f"the daemon was restarted more than {_MOST_BETWEEN} times while nothing was heard"
            self._terms.give(Missed(stream=stream, first_seq=0, last_seq=entry.newest, why=why, detail=detail))

    def _make_past(self, entry: StreamEntry) -> Epoch:
        epoch = self._make(entry.epoch, 0, held=True)
        epoch.order, epoch.past, epoch.following_known = entry.order, True, True
        epoch.fetching.close()
        return epoch

    def _pass_on(self, now_s: float) -> None:
        """The first epoch of the queue is over, and the next one's turn has come."""
        past = self._queue.pop(0)
        past.ended()
        current = self._queue[0]
        self._terms.give(
            NewEpoch(
                stream=current.ordering.stream,
                previous_epoch=past.ordering.stream.epoch,
                end_known=past.fetching.end is End.KNOWN and past.following_known,
                order=current.order,
            )
        )
        current.ordering.release()
        for packet in current.unnumbered.values():
            self._terms.give(packet)
        current.unnumbered.clear()
        self._terms.look(current.fetching, self)
        if self._terms.recovers and len(self._queue) > 1 and not current.past:
            self._ask_orders()
        self._forget()

    def _forget(self) -> None:
        past = [(one.parallel, name) for name, one in self._epochs.items() if one not in self._queue]
        for _, name in sorted(past, key=lambda one: one[0])[:-_MOST_PAST]:  # what still speaks is kept for longest
            gone = self._epochs.pop(name)
            gone.fetching.refuse(Why.TOO_MANY_STREAMS, "", 0.0)
            self._terms.look(gone.fetching, self)

    def _stray(self, epoch: Epoch, now_s: float) -> None:
        """A message of an epoch came after one of its successor."""
        epoch.strays += 1
        if epoch.parallel or epoch in self._queue or epoch.strays <= self._terms.leftover:
            return
        epoch.in_parallel(self._terms.patience_s, patient=self._terms.recovers)
        self._terms.give(
            SecondPublisher(stream=self._queue[-1].ordering.stream, other_epoch=epoch.ordering.stream.epoch)
        )
