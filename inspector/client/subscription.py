"""What the blocking and the asynchronous subscriber have in common, which is everything but waiting."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import zmq

from inspector.client.completeness import Completeness
from inspector.client.connection import Connection
from inspector.client.events import Event, Missed, Recovered, StreamKey
from inspector.client.reception import Reception, Since
from inspector.client.reception.ordering import Room
from inspector.client.sockets import (
    Context,
    RecoveryLink,
    Socket,
    Terms,
    check_ipc_has_no_keys,
    no_address,
    recovery_address,
)
from inspector.errors import UserError
from inspector.protocol.codec import TOPIC_ROOT, Packet
from inspector.protocol.messages import HeartbeatBody

_STREAMS_KEPT = 256
_LONGEST_PREFIX = 200
"""Bytes. The longest topic has 142, and the publisher disconnects whoever asks for more than this."""
_LINKS = 4
"""Recovery sockets that are connected at the same time."""
_MESSAGES_PER_TURN = 256
"""Messages that are taken before an answer is looked for, while something is being recovered."""
_LOOK_S = 0.25


class Subscription:
    """Sockets and reception of a subscriber, for one thread at a time."""

    def __init__(
        self,
        endpoint: str,
        prefix: str = f"{TOPIC_ROOT}/",
        *,
        recovery: str | None = "auto",
        since: Since = "now",
        patience_s: float = 10.0,
        timeout_ms: int | None = None,
        server_key: Path | None = None,
        client_key: Path | None = None,
        receive_hwm: int = 16,
        largest_part_bytes: int = 16 << 20,
        waiting_messages: int = 10_000,
        waiting_mib: int = 64,
    ) -> None:
        """``prefix``: what the topics begin with, ``v1/<line>/`` or ``v1/<line>/<camera>/``; with a longer one messages
        seem to be missing. ``timeout_ms``: iteration ends when nothing comes for this long. ``server_key`` and ``client_key``:
        the publisher's public certificate (``*.key``) and one's own secret one (``*.key_secret``), where it uses CURVE; ipc has no keys.

        ``recovery``: where to ask for what is missing: ``auto``, as heartbeats say; an address; None: nothing is asked for and nothing waits, for
        programs that must act at once. ``since``: where to begin: ``now``; ``epoch``, with the first message of the running epoch; or a
        ``position()`` of before, to go on from there. ``patience_s``: what brought no answer for so long is given up as ``Missed``.

        At most ``receive_hwm`` messages wait here, of parts of at most ``largest_part_bytes`` bytes, so that a faulty publisher does
        not use up the memory; further messages wait with the publisher (``results.send_mib``). A mask of noise has up to 8 bytes
        a pixel; a publisher that sends a larger part is disconnected, and connected again after 3 s. Besides, at most
        ``waiting_messages`` of ``waiting_mib`` wait for others that are being recovered; further ones are dropped and recovered as well.

        Raises UserError for an endpoint or a key that cannot be used.
        """
        self.streams: dict[StreamKey, Completeness] = {}
        """What the program was given of each stream; of more than 256 streams those of earlier epochs are removed, then the oldest."""
        self._timeout_ms = timeout_ms
        self._stopped = False
        self._since: Mapping[StreamKey, int] = {} if isinstance(since, str) else dict(since)
        _check_since(since, recovery)
        if recovery is None or not recovery.startswith("tcp://"):  # of which the keys may be
            check_ipc_has_no_keys(endpoint, server_key, client_key)
        self._terms = Terms.read(server_key, client_key, largest_part_bytes)
        self._links: dict[str, RecoveryLink] = {}
        self._connection: Connection | None = None
        self._context: Context = zmq.Context()
        self._socket: Socket = self._context.socket(zmq.SUB)
        try:
            self._terms.apply(self._socket, endpoint)
            self._socket.setsockopt(zmq.RCVHWM, receive_hwm)
            self._connect(endpoint, prefix)
            if recovery not in (None, "auto"):
                self._link(recovery)
        except BaseException:
            self.close()
            raise
        auto = partial(recovery_address, endpoint=endpoint)
        self._reception = Reception(
            locate=None if recovery is None else auto if recovery == "auto" else lambda told: recovery,
            since=since,
            patience_s=patience_s,
            room=Room(waiting_messages, waiting_mib << 20),
            leftover=receive_hwm + 8,
        )

    @property
    def malformed(self) -> int:
        """How many messages could not be decoded."""
        return self._reception.malformed

    @property
    def recovering(self) -> bool:
        """Whether something is missing that may still come."""
        return self._reception.asking

    def close(self) -> None:
        """Disconnect."""
        for link in self._links.values():
            link.close()
        self._links.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._context.destroy(linger=0)

    def position(self) -> dict[StreamKey, int]:
        """Where the program is: for each line and camera the epoch that was given last, and the number that follows. To be stored, and given
        as ``since`` to go on from there."""
        newest = {stream[:2]: (stream, number) for stream, number in self._since.items()}
        newest.update((stream[:2], (stream, books.last_seq + 1)) for stream, books in self.streams.items())
        return dict(newest.values())

    def stop(self) -> None:
        """End ``run``, within 0.1 s; from the callback, a signal handler or another thread."""
        self._stopped = True

    def _next(self) -> Event | None:
        """The next event, without waiting; None where there is none at hand."""
        events = self._reception.events
        if not events:
            self._turn()
            if not events:
                return None
        event = events.popleft()
        self._note(event)
        return event

    def _pause_s(self, now_s: float) -> float:
        """How long there is nothing to be done unless something arrives."""
        return max(0.0, min(_LOOK_S, self._reception.wake_s - now_s))

    def _sockets(self) -> list[Socket]:
        """What becomes readable when there may be a next event."""
        return [self._socket, *(link.socket for link in self._links.values())]

    def _over(self, silent_s: float) -> bool:
        """Whether ``run`` is to end, after so long without an event."""
        patient = self._timeout_ms is None or self.recovering or 1000 * silent_s < self._timeout_ms
        return self._stopped or not patient

    def _turn(self) -> None:
        """Take messages and answers until there is an event or nothing is at hand."""
        reception = self._reception
        while not reception.events:
            heard = self._listen()
            if reception.asking or (self._links and not heard):  # what nobody waits for any more is taken, too
                heard |= self._recover()
            if not heard:
                # Only now: a slow reader must not report the publisher as stale.
                reception.quiet(time.monotonic())
                self._look()
                return

    def _listen(self) -> bool:
        """Take a message, or several where they are to wait for others; False where there is none."""
        reception, socket = self._reception, self._socket
        for taken in range(_MESSAGES_PER_TURN):
            try:
                parts = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return taken > 0
            reception.take(parts, time.monotonic())
            if not reception.asking:
                return True
        return True

    def _recover(self) -> bool:
        """Take answers and send requests; False where no answer came."""
        reception, now_s, heard = self._reception, time.monotonic(), False
        for link in self._links.values():
            if (parts := link.receive()) is not None:
                reception.answer(parts, now_s)
                heard = True
        if now_s >= reception.wake_s:
            for endpoint, id_, data in reception.requests(now_s):
                link_ = self._link_or_none(endpoint)
                if link_ is None or not link_.send(data):
                    reception.unsent(id_, now_s)
        return heard

    def _look(self) -> None:
        assert self._connection is not None, "closed"
        self._reception.events.extend(self._connection.look())
        for link in self._links.values():
            link.look()

    def _link_or_none(self, endpoint: str) -> RecoveryLink | None:
        try:
            return self._link(endpoint)
        except UserError:
            return None

    def _link(self, endpoint: str) -> RecoveryLink:
        """The connection to a recovery socket. Raises UserError."""
        if endpoint not in self._links:
            while len(self._links) >= _LINKS:
                self._links.pop(next(iter(self._links))).close()
            try:
                self._links[endpoint] = RecoveryLink(self._context, endpoint, self._terms)
            except (zmq.ZMQError, UnicodeError) as error:
                raise no_address(endpoint, error, "results.recovery.endpoint") from None
        return self._links[endpoint]

    def _connect(self, endpoint: str, prefix: str) -> None:
        topic = prefix.encode("utf-8", "replace")
        if len(topic) > _LONGEST_PREFIX:
            raise UserError(
                f"prefix {prefix[:40]!r}...: no topic begins with {len(topic)} bytes; expected v1/<line>/<camera>/"
            )
        try:
            self._socket.setsockopt(zmq.SUBSCRIBE, topic)
            self._connection = Connection(self._context, self._socket, endpoint)
        except (zmq.ZMQError, UnicodeError) as error:
            raise no_address(endpoint, error) from None

    def _note(self, event: Event) -> None:
        """Keep the books of the streams."""
        if type(event) is Packet:
            header = event.header
            books = self.streams.get((header.line, header.camera, header.epoch)) or self._open(  # type: ignore[call-overload]
                StreamKey(header.line, header.camera, header.epoch)
            )
            if type(event.body) is HeartbeatBody:
                books.hear(event.body)
            else:
                books.take(event)
        elif type(event) is Missed:
            (self.streams.get(event.stream) or self._open(event.stream)).miss(event.last_seq)
        elif type(event) is Recovered:
            (self.streams.get(event.stream) or self._open(event.stream)).recovered += event.count

    def _open(self, stream: StreamKey) -> Completeness:
        if len(self.streams) >= _STREAMS_KEPT:
            newest = {one[:2]: one for one in self.streams}
            over = (one for one in self.streams if newest[one[:2]] != one)  # the position is in the others
            del self.streams[next(over, next(iter(self.streams)))]
        books = self.streams[stream] = Completeness(stream, self._since.get(stream, 0))
        return books


def _check_since(since: Since, recovery: str | None) -> None:
    if since == "now":
        return
    if recovery is None:
        raise UserError("since: what came before can only be had with recovery; leave since at 'now', or recovery on")
    if isinstance(since, str):
        if since != "epoch":
            raise UserError(f"since: found {since!r}, expected 'now', 'epoch' or the position of a subscriber")
    elif len({stream[:2] for stream in since}) < len(since):
        raise UserError("since: two epochs of one line and camera; expected the one to go on from")
