"""The control socket: requests, replies, and what comes in as a message of any parts."""

from __future__ import annotations

import functools
import json
import logging
import os
import time
from collections.abc import Iterator

import zmq

from inspector.config.control import ControlConfig
from inspector.control.control_socket import LOCAL, Arrival
from inspector.control.remembered import Answer
from inspector.control.replies import Replies
from inspector.control.requests import Refusal, read_request
from inspector.control.server import ControlServer
from inspector.protocol import control_messages as wire
from inspector.protocol.control import AnyCommand, Caller
from tests.fuzz.mutation import json_changed
from tests.fuzz.target import MARK, Target, joined, parts_of, promised, require, require_readable
from tests.fuzz.targets import scratch

_EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
_COMMANDS: tuple[dict[str, object], ...] = (
    {"command": "status"}, {"command": "pause", "why": "lunch"}, {"command": "run start", "run": "coil-7", "recipe": "thin"},
    {"command": "part", "part": "p-1"}, {"command": "bundle activate", "bundle": "demo"}, {"command": "log", "level": "debug"},
    {"command": "shadow start", "bundle": "/srv/next", "share": 0.5},
)  # fmt: skip


def request_seeds() -> Iterator[bytes]:
    """A request for each kind of command."""
    yield json.dumps({"control": 1, "id": "a"}).encode()
    for number, command in enumerate(_COMMANDS):
        yield json.dumps(
            {
                "control": 1,
                "id": f"id-{number}",
                "epoch": _EPOCH,
                "expires_ns": 2**52,
                "on_behalf_of": "M. Huber",
                "do": command,
            }
        ).encode()


def request(data: bytes) -> None:
    """A request: read, encoded again to the same, and named in the journal."""
    wire.id_in(data)
    try:
        asked = read_request(Arrival([b"peer"], [data], LOCAL, "", False))
    except Refusal as refusal:
        require_readable(refusal.code)
        require_readable(str(refusal))
        return
    require(wire.decode_request(wire.encode(asked)) == asked, "a request that is encoded and decoded is another one")
    if asked.do is not None:
        require_readable(wire.name_of(asked.do))
        json.loads(wire.arguments_of(asked.do))


def reply_seeds() -> Iterator[bytes]:
    """Replies of a daemon."""
    replies = Replies("line1", _EPOCH)
    yield replies.encoded("a", Answer(outcome=wire.Outcome.DONE, code="done", result={"paused": True}))
    yield replies.encoded(None, Answer(outcome=wire.Outcome.REFUSED, code="malformed", text="no request"))


def reply(data: bytes) -> None:
    """A reply, as a client reads it."""
    with promised(ValueError):
        found = wire.decode_reply(data)
        require(wire.decode_reply(wire.encode(found)) == found, "a reply that is encoded and decoded is another one")


def frame_seeds() -> Iterator[bytes]:
    """Messages as REQ and DEALER sockets send them."""
    (hello, status, *_) = request_seeds()
    yield joined(hello)
    yield joined(b"", status)
    yield joined(b"", b"", status, b"more", b"more", b"more")


def frames(data: bytes) -> None:
    """A message of any parts to a real socket: it is answered or not, no error is logged, and the next request is answered."""
    _Daemon.get().send(parts_of(data, 12))


class _Daemon:
    """A control server in this process, and one client of it after another: each may send so much only."""

    _PER_CLIENT = 60

    def __init__(self) -> None:
        endpoint = f"ipc://{scratch.folder('control')}/{os.getpid()}"
        self._server = ControlServer(ControlConfig(endpoint=endpoint), "line1", _EPOCH, _perform)
        self._server.start()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._errors = _Errors()
        logging.getLogger("inspector").addHandler(self._errors)
        logging.getLogger("inspector").propagate = False
        self._sent = 0
        self._connect()

    @staticmethod
    @functools.cache
    def get() -> _Daemon:
        """The one of this process."""
        return _Daemon()

    def send(self, parts: list[bytes]) -> None:
        """Send a message, and then a request that must be answered."""
        if self._sent >= self._PER_CLIENT:
            self._socket.close(0)
            self._connect()
        self._sent += 2
        hello = f"hello-{time.monotonic_ns()}"
        self._socket.send_multipart(parts)
        if sum(map(len, parts)) > wire.LARGEST_READ // 2:
            self._sent = self._PER_CLIENT
        self._socket.send(json.dumps({"control": 1, "id": hello}).encode())
        until_s = time.monotonic() + 20
        while True:
            require(self._socket.poll(max(0, 1000 * (until_s - time.monotonic()))), "no answer to the next request")
            answer = wire.decode_reply(self._socket.recv_multipart()[-1])
            if answer.text:
                require_readable(answer.text)
            if answer.id == hello:
                break
        require(not self._errors.logged, f"an error in the log: {'; '.join(self._errors.logged)}")

    def _connect(self) -> None:
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.connect(self._server.endpoints[0])
        self._sent = 0


class _Errors(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.logged: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.logged.append(self.format(record))


def _perform(command: AnyCommand, caller: Caller) -> dict[str, object]:
    return {"did": type(command).__name__, "who": caller.who}


_KEYS = tuple(
    f'"{key}":'.encode() for key in (*wire.Request.__struct_fields__, *wire.Reply.__struct_fields__, "command")
)
_NAMES = tuple(f'"{command["command"]}"'.encode() for command in _COMMANDS)
_JSON = (b"null", b"{}", b"[" * 600, rb'"\u001b]0;t\u0007"', rb'"\ud800"', b"1e999", b"9" * 30)

TARGETS = (
    Target("control_request", request, request_seeds, (*_KEYS, *_NAMES, *_JSON), json_changed, longest=1 << 12),
    Target("control_reply", reply, reply_seeds, (*_KEYS, *_JSON), json_changed, longest=1 << 12),
    Target("control_frames", frames, frame_seeds, (*_KEYS, *_NAMES, *_JSON, MARK), json_changed, longest=1 << 12),
)
