"""Lets peers in and watches them, in a thread of its own: too many, or sending too much, they are cut off.

Peers send subscriptions and nothing else. libzmq bounds the size of a part of a message, but neither the number of parts nor that of
connections, so both are bounded here. The thread is not the publishing one, which is busy inside libzmq while a peer floods it.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from collections.abc import Callable

import zmq

from inspector.results.bad_messages import BadMessages, Fault
from inspector.results.brief_log import BriefLog
from inspector.results.connections import Connection, Connections
from inspector.results.door import Door
from inspector.results.mailbox import Mailbox
from inspector.results.once_a_minute import OnceAMinute, and_more
from inspector.results.peer_limits import Cause, PeerLimits
from inspector.results.process_memory import anonymous_bytes, give_back
from inspector.results.slow_peers import SlowPeers
from inspector.results.zap import Entrance

log = logging.getLogger(__name__)

_TICK_MS = 50
_PAUSE_S = 0.001
"""Between two looks while peers send."""
_COST_OF_A_FLOOD = 10
"""How many new connections one counts for that had to be cut off because it sent too much: what it sent has to be taken in first."""
_MEMORY_EVERY_S = 0.1
_SELDOM_S = 0.5
_CALM_S = 10.0
_BYTES_OF_MEMORY = 64
"""Most memory that a byte from a peer has been seen to take: in libzmq's table of subscriptions, or as a part of its own."""


class PeerGuard:
    """The thread. ``refuse`` may be called from any thread."""

    def __init__(
        self,
        connections: Connections,
        limits: PeerLimits,
        bind_anew: Callable[[], object],
        changed: Callable[[bool, str, str], None],
        section: str = "results",
    ) -> None:
        """``bind_anew`` asks for all connections to be closed, where nothing less helps. ``changed(well, code, text)`` is called, in
        any thread, when the first connection is cut off, and after 10 s without another. ``section`` is that of the configuration."""
        self._section = section
        self._connections = connections
        self._limits = limits
        self._bind_anew = bind_anew
        self._changed = changed
        self._cut_off = BriefLog(log, logging.WARNING, "connections that were cut off")
        self._slow = SlowPeers(log, section)
        self._told = OnceAMinute()
        self._errors = BriefLog(log, logging.ERROR, "errors while watching the connections")
        self.bad = BadMessages(section)
        """What peers sent and nobody can use."""
        self._handshakes_failed = 0
        self.cut_off = dict.fromkeys(Cause, 0)
        """How often, by cause; all connections at once count as one."""
        self._lock = threading.Lock()
        self._refused = 0
        """Connections cut off since the last calm."""
        self._refused_s = 0.0
        self._bytes_due_s = 0.0
        self._door = Door()
        self._accepted = 0
        """Connections that the door has counted."""
        self._listener: int | None = None
        self._memory_due_s = 0.0
        self._seldom_due_s = 0.0
        self._memory_before = 0
        """Of the process without what peers take, as far as known."""
        self._memory_kept = 0
        """When free memory was given back last."""
        self._stop = threading.Event()
        self._stopped: Mailbox[None] = Mailbox()
        """Ends the wait for peers when the line stops."""
        self._thread = threading.Thread(
            target=self._run, name="peers" if section == "results" else f"peers-{section}", daemon=True
        )

    def start(self, zap: zmq.Socket[bytes], allow_list: Entrance | None) -> None:
        """Start watching, and answering on ``zap``, a ROUTER socket that belongs to this thread from now on."""
        self._zap, self._allow_list = zap, allow_list
        self._memory_before = self._memory_kept = anonymous_bytes()
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._stopped.interrupt()
        if self._thread.ident is not None:
            self._thread.join(1.0)

    def refuse(self, connection: Connection, cause: Cause, why: str) -> None:
        """Cut ``connection`` off. ``why`` says which limit it exceeds; empty where it does not, but may no longer be connected."""
        if connection.ending:
            return
        self._count(cause)
        if not self._connections.cut_off(connection):
            why = "no file descriptor is left, so all were"
            self._bind_anew()
        if why:
            if cause is Cause.SLOW:
                peer = connection.key or connection.address or "local"
                self._slow.note(peer, why, connection.waiting, time.monotonic())
            else:
                self._tell(why, connection.address)
            self._trouble(why, connection.address)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                active = self._wait()
                if self._allow_list is not None:
                    self._allow_list.answer(self._zap)
                self._look(active, time.monotonic())
            except Exception:
                self._errors.write("the peers could not be looked at", exc_info=True)
                self._stop.wait(_TICK_MS / 1000)  # an error that comes every time must not take a core
        self._zap.close(linger=0)

    def _wait(self) -> set[int]:
        """Wait until a peer connects or sends something, or for a tick; return the descriptors on which something arrives. Subscribers
        that only listen cost nothing."""
        self._stop.wait(_PAUSE_S)
        poller = select.poll()
        poller.register(self._stopped.fileno(), select.POLLIN)
        if self._allow_list is not None:
            poller.register(int(self._zap.getsockopt(zmq.FD)), select.POLLIN)
        for descriptor in self._connections.descriptors():
            poller.register(descriptor, select.POLLIN)
        return {descriptor for descriptor, _ in poller.poll(_TICK_MS)}

    def _look(self, active: set[int], now_s: float) -> None:
        self._connections.refresh()
        self._check_number()
        every = now_s >= self._bytes_due_s
        if every:
            self._bytes_due_s = now_s + _TICK_MS / 1000
        for connection in self._connections.all():
            if not every and connection.descriptor not in active:
                continue
            if not self._connections.read_received(connection, now_s):
                self._door.entered(_COST_OF_A_FLOOD, now_s)
                self.refuse(connection, Cause.FLOOD, "one sent more than it may")
        self._move_door(now_s)
        if now_s >= self._memory_due_s:
            self._memory_due_s = now_s + _MEMORY_EVERY_S
            self._check_memory()
        if now_s >= self._seldom_due_s:
            self._seldom_due_s = now_s + _SELDOM_S
            self._check_keys()
            self._check_handshakes()
            self._check_calm(now_s)
            self._cut_off.sum_up()
            self._slow.sum_up(now_s)
            self._errors.sum_up()

    def _move_door(self, now_s: float) -> None:
        if self._connections.listener != self._listener:
            self._listener = self._connections.listener
            self._door.renewed()
        self._door.entered(self._connections.accepted - self._accepted, now_s)
        self._accepted = self._connections.accepted
        self._door.move(self._listener)

    def _check_keys(self) -> None:
        """Cut off whom the allow-list no longer names."""
        if self._allow_list is None:
            return
        self._allow_list.look()
        self._allow_list.sum_up()
        for connection in self._connections.all():
            if connection.key and not self._allow_list.allows(connection.key):
                log.info("%s: client %s is cut off: its key may not connect any more", self._section, connection.key)
                self.refuse(connection, Cause.KEY, "")

    def _check_handshakes(self) -> None:
        failed = self._connections.handshakes_failed - self._handshakes_failed
        if failed:
            self._handshakes_failed += failed
            keys = (
                ""
                if self._allow_list is None
                else ", or who connects has not the public key of this line or none of its own"
            )
            self.bad.note(Fault.HANDSHAKE, "", f"the handshake failed: it was not ZMTP{keys}", failed)

    def _check_number(self) -> None:
        """Refuse what is above the limit: the oldest without a subscription, so that a new subscriber has time for its first one; where
        all have one, the newest."""
        connections = self._connections.all()
        excess = len(connections) - self._limits.connections
        if excess <= 0:
            return
        silent = [connection for connection in connections if not connection.topics][:excess]
        newest = connections[len(connections) - (excess - len(silent)) :]
        setting = " (results.max_connections)" if self._section == "results" else ""
        for connection in silent + newest:
            self.refuse(connection, Cause.CONNECTIONS, f"there are more than {self._limits.connections}{setting}")

    def _check_memory(self) -> None:
        """Give back what peers have left behind; where they hold too much, close all connections."""
        if anonymous_bytes() < self._memory_kept + self._limits.growth_bytes // 4:
            return
        give_back()
        self._memory_kept = anonymous_bytes()
        growth = self._memory_kept - self._memory_before
        if growth < self._limits.growth_bytes:
            return
        self._memory_before = self._memory_kept
        if self._connections.received() * _BYTES_OF_MEMORY >= growth:
            self._bind_anew()
            self._count(Cause.MEMORY)
            why = f"all of them, because the daemon's memory has grown by {growth >> 20} MiB"
            self._tell(why)
            self._trouble(why)

    def _count(self, cause: Cause) -> None:
        with self._lock:
            self.cut_off[cause] += 1

    def _tell(self, why: str, address: str = "") -> None:
        """Log it, once a minute of one address."""
        untold = self._told.untold(why, address)
        if untold is not None:
            self._cut_off.write("%s: peers are cut off: %s%s", self._section, _of(why, address), and_more(untold))

    def _trouble(self, why: str, address: str = "") -> None:
        with self._lock:
            self._refused += 1
            self._refused_s = time.monotonic()
            if self._refused == 1:
                self._changed(False, "peers_cut_off", f"peers are cut off: {_of(why, address)}")

    def _check_calm(self, now_s: float) -> None:
        with self._lock:
            if self._refused and now_s - self._refused_s >= _CALM_S:
                refused, self._refused = self._refused, 0
                self._changed(True, "peers_calm", f"no peer was cut off for {_CALM_S:g} s; {refused} were before")


def _of(why: str, address: str) -> str:
    return f"{why}; the last was at {address}" if address else why
