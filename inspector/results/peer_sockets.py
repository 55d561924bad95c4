"""The publishing socket with all that concerns its peers: who may connect, what they send, what waits for them, and binding.

Nothing that a peer sends comes further than this: it is read here, and whatever that raises is logged and counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import msgspec
import zmq

from inspector.config.keys import KeysConfig
from inspector.config.results import ResultsConfig
from inspector.protocol.control import Role
from inspector.results.allow_list import AllowList
from inspector.results.backlog import Backlog
from inspector.results.bad_messages import Fault
from inspector.results.brief_log import BriefLog
from inspector.results.connections import Connections
from inspector.results.endpoint import check_endpoint
from inspector.results.listening import TRY_AGAIN_MS, Listening
from inspector.results.peer_guard import PeerGuard
from inspector.results.peer_limits import (
    LARGEST_PART,
    RECEIVE_BUFFER,
    RECEIVE_MESSAGES,
    Cause,
    PeerLimits,
    connections_possible,
)
from inspector.results.subscriptions import Subscriptions
from inspector.results.zap import ZAP_ENDPOINT

log = logging.getLogger(__name__)

HANDSHAKE_MS = 5000
"""A peer that has not finished its handshake by then is disconnected."""


class PeerSockets:
    """Sends to all subscribers and serves what they send. To be used by one thread, except ``subscriptions`` and ``bind_anew``."""

    def __init__(
        self,
        config: ResultsConfig,
        prefixes: Iterable[str],
        limits: PeerLimits,
        changed: Callable[[bool, str, str], None],
        wake: Callable[[], None],
        keys: KeysConfig | None = None,
    ) -> None:
        """``prefixes`` are those of the line's topics. ``changed(well, code, text)`` is called, in any thread, when peers have to be
        cut off and when that is over; ``wake`` ends a ``poll`` that waits. ``keys`` are those of the line, for an address over TCP."""
        self.errors = 0
        """How often something a peer sent could not be handled."""
        self._config = config
        self._keys = keys if config.endpoint.startswith("tcp://") else None
        possible = connections_possible(config.max_connections)
        if possible < config.max_connections:
            log.warning(
                "results.max_connections: %d connections, not %d: the limit of open files leaves no more (ulimit -n, LimitNOFILE)",
                possible,
                config.max_connections,
            )
        limits = msgspec.structs.replace(limits, connections=possible)
        self._allow_list: AllowList | None = None
        self.connections = Connections(limits)
        self._listening = Listening(self.connections, "results.endpoint", wake)
        self._guard = PeerGuard(self.connections, limits, self._listening.bind_anew, changed)
        self.subscriptions = Subscriptions(
            prefixes, self.connections, limits, self._guard.refuse, self._allows, self._guard.bad
        )
        self._backlog = Backlog(self.connections, config.send_mib << 20, self._keys is not None, self._guard.refuse)
        self._poller = zmq.Poller()
        self._problems = BriefLog(log, logging.ERROR, "errors with what peers sent")

    def open(self) -> None:
        """Bind. Raises UserError naming ``results.endpoint`` or ``keys``."""
        config = self._config
        check_endpoint(config.endpoint, keys=self._keys is not None)
        self._allow_list = AllowList(self._keys, "results", Role.SUBSCRIBER) if self._keys else None
        self._context = zmq.Context()
        try:
            zap = self._context.socket(zmq.ROUTER)  # without CURVE nobody asks it
            zap.bind(ZAP_ENDPOINT)
            self._data = self._context.socket(zmq.XPUB)
            self._poller.register(self._data, zmq.POLLIN)
            self._set_options(self._data)
            self.connections.watch(self._context, self._data)
            self._listening.bind(self._data, config.endpoint)
        except BaseException:
            self.close(0)
            raise
        self._guard.start(zap, self._allow_list)

    @property
    def cut_off(self) -> dict[Cause, int]:
        """How often connections were cut off, by cause."""
        return dict(self._guard.cut_off)

    @property
    def bad_messages(self) -> dict[Fault, int]:
        """How many messages could not be used, by kind."""
        return self._guard.bad.counts

    @property
    def refused(self) -> int | None:
        """How often somebody was not let in; None where no keys are used."""
        return None if self._allow_list is None else self._allow_list.refused

    def wake_by(self, descriptor: int) -> None:
        """Let ``poll`` return when ``descriptor`` is readable."""
        self._poller.register(descriptor, zmq.POLLIN)

    def poll(self, timeout_ms: int) -> None:
        """Wait until a peer sent something, ``descriptor`` is readable or the time is over, and read what peers sent."""
        if self._listening.unbound:
            timeout_ms = min(timeout_ms, TRY_AGAIN_MS)
        ready = dict(self._poller.poll(timeout_ms))
        if self._data in ready:
            self._guarded(lambda: self.subscriptions.read(self._data))
        self._guarded(self._listening.look)

    def send(self, parts: list[bytes]) -> None:
        """Send a message to all who have subscribed to it; never blocks. Whoever is too far behind is cut off before."""
        if self._backlog.due:
            self._guarded(self._look)
        self._data.send_multipart(parts, zmq.NOBLOCK)
        self._backlog.sent(parts)

    @property
    def endpoint(self) -> str:
        """The address bound; empty before ``open``."""
        return self._listening.endpoint

    def bind_anew(self) -> None:
        """Ask that all connections are closed; from any thread."""
        self._listening.bind_anew()

    def close(self, linger_ms: int) -> None:
        """Close every socket, after at most ``linger_ms`` for subscribers to read what is queued for them."""
        self._guard.stop()
        self.connections.close()
        self._context.destroy(linger=linger_ms)

    def _set_options(self, data: zmq.Socket[bytes]) -> None:
        options = {
            zmq.XPUB_VERBOSER: 1,
            zmq.SNDHWM: 0,  # a count of messages bounds no memory, and dropping some would hide how far behind a peer is
            zmq.LINGER: 0,  # so that binding anew drops what is queued; closing sets its own
            zmq.MAXMSGSIZE: LARGEST_PART,
            zmq.RCVBUF: RECEIVE_BUFFER,
            zmq.RCVHWM: RECEIVE_MESSAGES,
            zmq.HANDSHAKE_IVL: HANDSHAKE_MS,
            # A peer whose machine is gone is disconnected within about 40 s.
            zmq.TCP_KEEPALIVE: 1,
            zmq.TCP_KEEPALIVE_IDLE: 10,
            zmq.TCP_KEEPALIVE_INTVL: 10,
            zmq.TCP_KEEPALIVE_CNT: 3,
        }
        for option, value in options.items():
            data.setsockopt(option, value)
        if self._allow_list:
            self._allow_list.protect(data)

    def _allows(self, key: str) -> bool:
        return self._allow_list is None or self._allow_list.allows(key)

    def _look(self) -> None:
        self.subscriptions.read(self._data)  # what is sent to one that is not known yet would not be counted
        self._backlog.look()

    def _guarded(self, action: Callable[[], object]) -> None:
        """What peers cause must not end the publishing thread, whatever it raises."""
        try:
            action()
        except Exception:
            self.errors += 1
            self._problems.write("something a peer sent could not be handled", exc_info=True)
