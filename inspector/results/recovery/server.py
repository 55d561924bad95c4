"""The recovery socket of a line: one thread that takes requests, has them answered in small steps, and sends the replies.

It shares nothing with the publishing thread but memory that neither locks. What it costs the line is bounded by its ``Pace``.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Generator
from pathlib import Path

import msgspec
import zmq

from inspector.config.keys import KeysConfig
from inspector.config.recovery import ENDPOINT, recovery_address
from inspector.config.results import ResultsConfig
from inspector.errors import UserError
from inspector.protocol.codec import MalformedError
from inspector.protocol.control import Role
from inspector.protocol.recovery import LARGEST_REQUEST, Answer, Outcome, Request, decode_request, encode_answer, id_in
from inspector.results.allow_list import AllowList
from inspector.results.bad_messages import Fault
from inspector.results.brief_log import BriefLog
from inspector.results.endpoint import InUseError, check_endpoint
from inspector.results.identity import Identity
from inspector.results.listening import TRY_AGAIN_MS
from inspector.results.mailbox import Mailbox
from inspector.results.peer_limits import Cause, PeerLimits
from inspector.results.recovery.address import collision, told
from inspector.results.recovery.answers import answer, without
from inspector.results.recovery.archive import Archive
from inspector.results.recovery.lane import Asked, Lanes
from inspector.results.recovery.pace import Pace
from inspector.results.recovery.recent import Recent
from inspector.results.recovery.sources import Sources
from inspector.results.request_socket import Arrival, RequestLimits, RequestSocket

log = logging.getLogger(__name__)

_MESSAGES_PER_TURN = 16
_FLOOD_S = 0.005
"""Pause after a turn in which so many came, so that reading them takes a bounded share of the time too."""
_WAIT_MS = 1000
_BEHIND_MS = 20
"""Between two looks at connections that have too much to read."""
_SOON_MS = 100
"""When one who asks too much at once may ask again."""
_LINGER_MS = 50
_KEEP_OPEN_S = 1.0


class RecoveryState(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for and answered so far."""

    endpoint: str
    requests: dict[tuple[str, str], int]
    """By kind and outcome."""
    publications: int
    """Sent again."""
    waiting: int
    """Requests."""
    connections: int
    cut_off: dict[Cause, int]
    """How often connections were cut off."""
    refused: int | None
    """How often somebody was not let in; None where no keys are used."""
    bad_messages: dict[Fault, int]
    """How many messages could not be used."""
    longest_step_s: float
    """Processor time of the longest piece of work between two looks at the socket."""


class RecoveryServer:
    """``start`` and ``close`` are for one thread, and for one time each; ``state`` for any."""

    def __init__(
        self,
        config: ResultsConfig,
        keys: KeysConfig | None,
        identity: Identity,
        recent: Recent,
        journal: Path | None,
    ) -> None:
        """``keys`` are those of the line, for an address over TCP. ``journal`` is its file; None: the line has none."""
        self.told: str | None = None
        """What heartbeats say of it; None: there is no socket, or it is not bound."""
        self._config = config
        self._keys = keys
        self._sources = Sources(identity, recent, None if journal is None else Archive(journal), time.time_ns())
        self._pace = Pace(config.recovery.publications_per_s)
        self._mailbox: Mailbox[None] = Mailbox()
        self._clients: AllowList | None = None
        self._socket: RequestSocket | None = None
        self._keep_open_s = 0.0
        """When the journal is looked at next."""
        self._work: Generator[int, None, None] | None = None
        """The request that is being answered, in steps, each with the number of publications found."""
        self._later: deque[tuple[Arrival | Asked, list[bytes]]] | None = None
        """Replies that wait, while another one is being sent; None: none is."""
        self._requests: Counter[tuple[str, str]] = Counter()
        self._publications = 0
        self._errors = BriefLog(log, logging.ERROR, "errors with requests")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recovery", daemon=True)

    def start(self) -> None:
        """Bind and answer. Raises UserError naming ``results.recovery`` or ``keys``. Does nothing where there is to be no socket."""
        try:
            endpoint = recovery_address(self._config.endpoint, self._config.recovery)
        except ValueError as error:
            raise UserError(str(error)) from None
        if endpoint is None:
            return
        keys = self._keys if endpoint.startswith("tcp://") else None
        check_endpoint(endpoint, keys=keys is not None, key=ENDPOINT)
        self._clients = None if keys is None else AllowList(keys, "recovery", Role.SUBSCRIBER)
        socket = RequestSocket(ENDPOINT, _limits(self._config.max_connections), self._clients, self._mailbox.interrupt)
        try:
            socket.open(endpoint)
        except InUseError as error:
            raise UserError(f"{error}; {collision(self._config)}") from None
        self._socket = socket
        self._lanes = Lanes(socket.connections)
        self.told = told(self._config.endpoint, socket.endpoint)
        log.info("answering for what was missed on %s", socket.endpoint)
        self._thread.start()

    def state(self) -> RecoveryState | None:
        """None where there is no socket."""
        socket = self._socket
        if socket is None:
            return None
        return RecoveryState(
            endpoint=socket.endpoint,
            requests=dict(self._requests),
            publications=self._publications,
            waiting=self._lanes.waiting + (self._work is not None),
            connections=len(socket.connections.all()),
            cut_off=dict(socket.guard.cut_off),
            refused=None if self._clients is None else self._clients.refused,
            bad_messages=socket.guard.bad.counts,
            longest_step_s=self._pace.longest_step_s,
        )

    def close(self, timeout_s: float = 0.3) -> None:
        """Answer nothing more, and close socket and file. To be called before the journal is closed, which then tidies its file up."""
        if self._socket is None:
            return
        self._closing.set()
        self._mailbox.interrupt()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.error("the recovery socket did not close in time and was left behind")

    def _run(self) -> None:
        assert self._socket is not None, "bound first"
        poller = zmq.Poller()
        poller.register(self._mailbox.fileno(), zmq.POLLIN)
        poller.register(self._socket.socket, zmq.POLLIN)
        try:
            while not self._closing.is_set():
                try:
                    self._turn(self._socket, poller)
                except Exception:
                    self._errors.write("a request could not be handled", exc_info=True)
                    self._closing.wait(0.01)  # an error that comes every time must not take a core
        finally:
            self._socket.close(_LINGER_MS)
            if self._sources.archive is not None:
                self._sources.archive.close()

    def _turn(self, socket: RequestSocket, poller: zmq.Poller) -> None:
        socket.look()
        arrivals = list(socket.read(_MESSAGES_PER_TURN))
        for arrival in arrivals:
            self._take(socket, arrival)
        if len(arrivals) == _MESSAGES_PER_TURN:
            self._closing.wait(_FLOOD_S)
        if self._pace.due_in_s() <= 0:
            self._step(socket)
        if self._sources.archive is not None and (now_s := time.monotonic()) >= self._keep_open_s:
            self._keep_open_s = now_s + _KEEP_OPEN_S
            self._sources.archive.keep_open()
        self._errors.sum_up()
        if self._mailbox.rest():
            poller.poll(self._pause_ms(socket))
            self._mailbox.awake()

    def _pause_ms(self, socket: RequestSocket) -> int:
        if self._work is not None:
            return math.ceil(self._pace.due_in_s() * 1000)
        if socket.unbound:
            return TRY_AGAIN_MS
        return max(math.ceil(self._pace.due_in_s() * 1000), _BEHIND_MS) if self._lanes.waiting else _WAIT_MS

    def _take(self, socket: RequestSocket, arrival: Arrival) -> None:
        """A request that came in: it is queued, or answered at once where it cannot be."""
        data = arrival.parts[0] if len(arrival.parts) == 1 else b""
        try:
            request = decode_request(data)
        except MalformedError as error:
            arrival.bad(Fault.TOO_LARGE if len(data) > LARGEST_REQUEST else Fault.MALFORMED, str(error))
            if (id_ := id_in(data)) is not None and not arrival.too_many:
                self._at_once(socket, arrival, without(self._sources, id_, Outcome.REFUSED, str(error)))
            return
        if arrival.too_many or not self._lanes.put(Asked(arrival.connection, arrival.envelope, request)):
            why = "too many requests at once"
            if arrival.too_many:
                arrival.bad(Fault.TOO_MANY, why)
            busy = without(self._sources, request.id, Outcome.BUSY, why, _SOON_MS)
            self._count(request, busy)
            self._at_once(socket, arrival, busy)

    def _step(self, socket: RequestSocket) -> None:
        """Work on one request for a few milliseconds."""
        began_s, began_cpu_s = time.monotonic(), time.thread_time()
        if self._work is None:
            for connection in self._lanes.stuck():
                socket.guard.refuse(connection, Cause.SLOW, "one reads no replies")
            asked_for = self._lanes.take()
            if asked_for is None:
                return
            self._work = self._answering(socket, asked_for)
        found = None
        try:
            found = next(self._work, None)
        finally:
            if found is None:
                self._work = None
            self._pace.done(found or 0, began_s, time.thread_time() - began_cpu_s)

    def _answering(self, socket: RequestSocket, asked: Asked) -> Generator[int, None, None]:
        """Work the answer out and send it."""
        try:
            reply = yield from answer(self._sources, asked.request)
        except Exception:
            self._errors.write("a request could not be answered", exc_info=True)
            why = "an internal error; the line's log has it"
            reply = without(self._sources, asked.request.id, Outcome.BUSY, why, _WAIT_MS)
        self._count(asked.request, reply)
        parts = encode_answer(reply)
        self._later = deque()
        try:
            sent = yield from socket.sending(asked.envelope, parts)
        finally:
            later, self._later = self._later, None
        if sent:
            self._publications += len(reply.publications)
            self._lanes.sent(asked.connection, sum(map(len, parts)))
        for number, (to, parts) in enumerate(later, 1):
            self._send(socket, to, parts)
            if number % _MESSAGES_PER_TURN == 0:
                yield 0

    def _at_once(self, socket: RequestSocket, to: Arrival, reply: Answer) -> None:
        """Send a reply that holds nothing, behind one that is being sent."""
        parts = encode_answer(reply)
        if self._later is None:
            self._send(socket, to, parts)
        else:
            self._later.append((to, parts))

    def _send(self, socket: RequestSocket, to: Arrival | Asked, parts: list[bytes]) -> None:
        if socket.send(to.envelope, parts):
            self._lanes.sent(to.connection, sum(map(len, parts)))

    def _count(self, request: Request, reply: Answer) -> None:
        kind = str(type(request.do).__struct_config__.tag)
        self._requests[kind, reply.reply.outcome.value] += 1


def _limits(connections: int) -> RequestLimits:
    """What clients may take: far more than one needs that reads as fast as it can."""
    return RequestLimits(
        peers=PeerLimits(connections=connections, burst_bytes=256 << 10, bytes_per_s=float(64 << 10)),
        replies_waiting=64,
        largest_read=2 * LARGEST_REQUEST,
        at_once=100,
        per_s=100.0,
        too_many=400,
    )
