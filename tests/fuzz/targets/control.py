"""The control socket: requests, replies, and what comes in as a message of any parts."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator

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
from tests.fuzz.targets.asked_socket import AskedSocket

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
    _daemon().send(parts_of(data, 12))


class _Daemon(AskedSocket):
    """A control server in this process, with its clients."""

    def __init__(self) -> None:
        endpoint = f"ipc://{scratch.folder('control')}/s"
        self._server = ControlServer(ControlConfig(endpoint=endpoint), "line1", _EPOCH, _perform)
        self._server.start()
        super().__init__(self._server.endpoints[0], lambda id_: json.dumps({"control": 1, "id": id_}).encode(), _told)

    def close(self) -> None:
        super().close()
        self._server.close()


_daemon = functools.cache(_Daemon)


def close() -> None:
    """End the server."""
    _daemon().close()
    _daemon.cache_clear()


def _told(parts: list[bytes]) -> tuple[str | None, str]:
    answer = wire.decode_reply(parts[-1])
    return answer.id, answer.text


def _perform(command: AnyCommand, caller: Caller) -> dict[str, object]:
    return {"did": type(command).__name__, "who": caller.who}


_KEYS = tuple(
    f'"{key}":'.encode() for key in (*wire.Request.__struct_fields__, *wire.Reply.__struct_fields__, "command")
)
_NAMES = tuple(f'"{command["command"]}"'.encode() for command in _COMMANDS)
_JSON = (b"null", b"{}", b"[" * 1500, rb'"\u001b]0;t\u0007"', rb'"\ud800"', b"1e999", b"9" * 30)

TARGETS = (
    Target("control_request", request, request_seeds, (*_KEYS, *_NAMES, *_JSON), json_changed, longest=1 << 12),
    Target("control_reply", reply, reply_seeds, (*_KEYS, *_JSON), json_changed, longest=1 << 12),
    Target(
        "control_frames", frames, frame_seeds, (*_KEYS, *_NAMES, *_JSON, MARK), json_changed, close, longest=1 << 12
    ),
)
