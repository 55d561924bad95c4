"""The control socket of a line: a thread that takes requests and sends replies, and never does anything slow."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import zmq

from inspector.config.control import AUTO, ControlConfig, service_endpoint
from inspector.config.keys import KeysConfig
from inspector.control.audit import Record
from inspector.control.control_socket import ControlSocket
from inspector.control.desk import Desk, Perform
from inspector.control.replies import Replies
from inspector.errors import UserError
from inspector.protocol.control import Role
from inspector.results.allow_list import AllowList
from inspector.results.bad_messages import Fault
from inspector.results.brief_log import BriefLog
from inspector.results.command_record import CommandRecord
from inspector.results.listening import TRY_AGAIN_MS
from inspector.results.mailbox import Mailbox

log = logging.getLogger(__name__)

_MESSAGES_PER_TURN = 64
_WAIT_MS = 1000
_LINGER_MS = 100


class _Reply(NamedTuple):
    """A reply that is to be sent."""

    socket: ControlSocket
    envelope: list[bytes]
    data: bytes


class ControlServer:
    """Takes commands on the sockets of the configuration. ``start`` and ``close`` are for one thread, and for one time each."""

    def __init__(
        self,
        config: ControlConfig,
        line_name: str,
        epoch: str,
        perform: Perform,
        record: Record | None = None,
        writable: Callable[[], str] = lambda: "",
        remembered: Sequence[CommandRecord] = (),
        keys: KeysConfig | None = None,
    ) -> None:
        """``perform`` does the commands: those that look in one thread, quick ones in another, slow ones (``SLOW``) in a third, each of
        them one after another. ``record`` keeps a command, None where the line has no journal; ``writable`` says in one line why the
        journal cannot be written, empty where it can. ``remembered`` are the commands of the journal, the oldest first. ``keys`` are needed for the address of ``remote``."""
        self._config = config
        self._keys = keys
        self._desk = Desk(Replies(line_name, epoch), perform, record, writable, remembered)
        self._mailbox: Mailbox[_Reply] = Mailbox()
        self._sockets: list[ControlSocket] = []
        self._closing = threading.Event()
        self._errors = BriefLog(log, logging.ERROR, "errors with what clients sent")
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    @property
    def endpoints(self) -> list[str]:
        """The addresses bound, with the port that ``*`` took: the one for this machine, and that for others; none before ``start``."""
        return [socket.endpoint for socket in self._sockets]

    @property
    def bad_messages(self) -> dict[str, dict[Fault, int]]:
        """How many messages could not be used, by kind, for each socket by its key in the configuration."""
        return {socket.config_key: socket.bad_messages for socket in self._sockets}

    def start(self) -> None:
        """Bind and take commands. Raises UserError naming the key of the configuration, and leaves nothing open then."""
        wake = self._mailbox.interrupt
        local, remote = local_endpoint(self._config), self._config.remote
        wanted = [ControlSocket(local, None, "control.endpoint", wake)] if local is not None else []
        if remote is not None:
            if self._keys is None:
                raise UserError(f"control.remote: {remote} needs keys, and the line has none (docs/keys.md)")
            clients = AllowList(self._keys, "control", Role.VIEWER, self._desk.key_refused)
            wanted.append(ControlSocket(remote, clients, "control.remote", wake))
        try:
            for socket in wanted:
                socket.open()
                self._sockets.append(socket)
        except BaseException:
            for socket in self._sockets:
                socket.close(0)
            self._sockets = []
            raise
        if self._sockets:
            self._desk.start()
            self._thread.start()

    def close(self, timeout_s: float = 0.5) -> None:
        """Take no further command, let what is under way end for at most ``timeout_s``, send the last replies and close the sockets, which
        takes some 0.2 s more. To be called before the journal is closed."""
        if not self._sockets or self._closing.is_set():
            return
        self._desk.close(timeout_s)
        self._closing.set()
        self._mailbox.interrupt()
        self._thread.join(0.5)
        if self._thread.is_alive():
            log.error("the control socket did not close in time and was left behind")

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._mailbox.fileno(), zmq.POLLIN)
        for socket in self._sockets:
            poller.register(socket.socket, zmq.POLLIN)
        while not self._closing.is_set():
            try:
                self._turn(poller)
            except Exception:
                self._errors.write("what a client sent could not be handled", exc_info=True)
                self._closing.wait(0.01)  # an error that comes every time must not take a core
        self._send()
        for socket in self._sockets:
            socket.close(_LINGER_MS)

    def _turn(self, poller: zmq.Poller) -> None:
        self._send()
        for socket in self._sockets:
            socket.look()
            for arrival in socket.read(_MESSAGES_PER_TURN):
                self._desk.take(arrival, partial(self._answer, socket, arrival.envelope))
        self._errors.sum_up()
        if self._mailbox.rest():
            poller.poll(TRY_AGAIN_MS if any(socket.unbound for socket in self._sockets) else _WAIT_MS)
            self._mailbox.awake()

    def _answer(self, socket: ControlSocket, envelope: list[bytes], data: bytes) -> None:
        self._mailbox.put(_Reply(socket, envelope, data))

    def _send(self) -> None:
        while (reply := self._mailbox.take()) is not None:
            reply.socket.send(reply.envelope, reply.data)


def takes_commands(config: ControlConfig) -> bool:
    """Whether a line with this configuration, started in this environment, has a control socket."""
    return local_endpoint(config) is not None or config.remote is not None


def local_endpoint(config: ControlConfig) -> str | None:
    """The address for programs on this machine; None where there is none."""
    if config.endpoint != AUTO:
        return config.endpoint
    folder = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return service_endpoint(folder) if folder else None
