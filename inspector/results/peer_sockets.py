"""The publishing socket with all that concerns its peers: who may connect, what they send, what waits for them, and binding.

Nothing that a peer sends comes further than this: it is read here, and whatever that raises is logged and counted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

import msgspec
import zmq

from inspector.config.results import ResultsConfig
from inspector.errors import UserError
from inspector.results.allow_list import ZAP_ENDPOINT, AllowList
from inspector.results.backlog import Backlog
from inspector.results.brief_log import BriefLog
from inspector.results.connections import Connections
from inspector.results.endpoint import bind, check_endpoint
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

log = logging.getLogger(__name__)

HANDSHAKE_MS = 5000
"""A peer that has not finished its handshake by then is disconnected."""
_TRY_TO_BIND_MS = 10
"""Pause between two attempts to bind anew in the first second; libzmq closes the previous socket meanwhile."""


class PeerSockets:
    """Sends to all subscribers and serves what they send. To be used by one thread, except ``subscriptions`` and ``bind_anew``."""

    def __init__(
        self,
        config: ResultsConfig,
        prefixes: Iterable[str],
        limits: PeerLimits,
        changed: Callable[[bool, str, str], None],
        wake: Callable[[], None],
    ) -> None:
        """``prefixes`` are those of the line's topics. ``changed(well, code, text)`` is called, in any thread, when peers have to be
        cut off and when that is over; ``wake`` ends a ``poll`` that waits."""
        self.endpoint = ""
        """The address bound, once open."""
        self.errors = 0
        """How often something a peer sent could not be handled."""
        self._config = config
        possible = connections_possible(config.max_connections)
        if possible < config.max_connections:
            log.warning(
                "results.max_connections: %d connections, not %d: the limit of open files leaves no more (ulimit -n, LimitNOFILE)",
                possible,
                config.max_connections,
            )
        limits = msgspec.structs.replace(limits, connections=possible)
        self._wake = wake
        self._bind_anew = False
        self._bind_at_s: float | None = None
        """When to try to bind again; None while bound."""
        self._unbound_s = 0.0
        """When the socket was closed to be bound again."""
        self._allow_list: AllowList | None = None
        self.connections = Connections(limits)
        self._guard = PeerGuard(self.connections, limits, self.bind_anew, changed)
        self.subscriptions = Subscriptions(prefixes, self.connections, limits, self._guard.refuse, self._allows)
        self._backlog = Backlog(self.connections, config.send_mib << 20, config.curve is not None, self._guard.refuse)
        self._poller = zmq.Poller()
        self._problems = BriefLog(log, logging.ERROR, "errors with what peers sent")

    def open(self) -> None:
        """Bind. Raises UserError naming ``results.endpoint`` or ``results.curve``."""
        config = self._config
        check_endpoint(config.endpoint, curve=config.curve is not None)
        self._allow_list = AllowList(config.curve) if config.curve else None
        self._context = zmq.Context()
        try:
            if self._allow_list and self._allow_list.warning:
                log.warning("results.curve.secret_key: %s", self._allow_list.warning)
            zap = self._context.socket(zmq.ROUTER)  # without CURVE nobody asks it
            zap.bind(ZAP_ENDPOINT)
            self._data = self._context.socket(zmq.XPUB)
            self._poller.register(self._data, zmq.POLLIN)
            self._set_options(self._data)
            self.connections.watch(self._context, self._data)
            self.endpoint = bind(self._data, config.endpoint)
            self.connections.bound(self.endpoint)
        except BaseException:
            self.close(0)
            raise
        self._guard.start(zap, self._allow_list)

    @property
    def cut_off(self) -> dict[Cause, int]:
        """How often connections were cut off, by cause."""
        return dict(self._guard.cut_off)

    @property
    def refused(self) -> int | None:
        """How often somebody was not let in by the allow-list; None where there is none."""
        return None if self._allow_list is None else self._allow_list.refused

    def wake_by(self, descriptor: int) -> None:
        """Let ``poll`` return when ``descriptor`` is readable."""
        self._poller.register(descriptor, zmq.POLLIN)

    def poll(self, timeout_ms: int) -> None:
        """Wait until a peer sent something, ``descriptor`` is readable or the time is over, and read what peers sent."""
        if self._bind_at_s is not None:
            timeout_ms = min(timeout_ms, _TRY_TO_BIND_MS)
        ready = dict(self._poller.poll(timeout_ms))
        if self._data in ready:
            self._guarded(lambda: self.subscriptions.read(self._data))
        if self._bind_anew or self._bind_at_s is not None:
            self._guarded(self._bind_again)

    def send(self, parts: list[bytes]) -> None:
        """Send a message to all who have subscribed to it; never blocks. Whoever is too far behind is cut off before."""
        if self._backlog.due:
            self._guarded(self._look)
        self._data.send_multipart(parts, zmq.NOBLOCK)
        self._backlog.sent(parts)

    def bind_anew(self) -> None:
        """Ask that all connections are closed; from any thread."""
        self._bind_anew = True
        self._wake()

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

    def _guarded(self, action: Callable[[], None]) -> None:
        """What peers cause must not end the publishing thread, whatever it raises."""
        try:
            action()
        except Exception:
            self.errors += 1
            self._problems.write("something a peer sent could not be handled", exc_info=True)

    def _bind_again(self) -> None:
        """Close all connections by closing the socket that accepts them, and bind it again."""
        now_s = time.monotonic()
        if self._bind_anew and self._bind_at_s is None:
            self.connections.unbind(self.endpoint)
            self._bind_at_s = self._unbound_s = now_s
        self._bind_anew = False
        if self._bind_at_s is None or now_s < self._bind_at_s:
            return
        self.connections.refresh()
        if self.connections.listener is not None and now_s - self._unbound_s < 1.0:
            return  # too early, and libzmq would remove the new socket file of an ipc address together with the previous one
        try:
            bind(self._data, self.endpoint)
        except UserError as error:
            lasting = now_s - self._unbound_s > 1.0
            if lasting:
                log.error("nobody can connect: %s; trying again", error)
            self._bind_at_s = now_s + (1.0 if lasting else _TRY_TO_BIND_MS / 1000)
        else:
            self._bind_at_s = None
            log.info("publishing on %s again", self.endpoint)
