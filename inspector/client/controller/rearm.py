"""The socket on which a person arms the controller, and asks how it is: JSON over an ipc address, for one machine."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
import zmq
from msgspec import Meta

from inspector.client.control import NoAnswer
from inspector.client.controller.actuator import State
from inspector.errors import UserError

CONTROLLER = 1
_MOST_BYTES = 4096
_MODE = 0o660
_WAIT_MS = 2000


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request."""

    controller: Annotated[int, Meta(ge=CONTROLLER, le=CONTROLLER)]
    do: Literal["rearm", "status"]
    by: Annotated[str, Meta(max_length=100)] = ""
    """The person, for the log."""


class ControllerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the controller is."""

    line: str
    epoch: str | None
    state: State
    open: bool
    """The output: true is PASS."""
    why_closed: str
    """Why nothing can pass now; empty where it can."""
    faults: dict[str, str]
    """Code and text of each fault since it was armed."""
    decided: dict[str, int]
    """Sheets by reason."""
    malformed: int
    clock_ms: tuple[float, float] | None
    """Least and most difference of the clocks, of which the width says how well it is known; null: unknown."""
    actuator: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent back."""

    outcome: Literal["done", "refused"]
    text: str
    status: ControllerStatus | None = None


class RearmSocket:
    """The controller's end. For one thread."""

    def __init__(self, endpoint: str) -> None:
        """Raises UserError where the address cannot be bound, or another controller has it."""
        path = endpoint.removeprefix("ipc://")
        if os.path.exists(path):
            with suppress(NoAnswer):  # what is left of one that was killed
                ask(endpoint, "status", timeout_ms=300)
                raise UserError(f"rearm.endpoint: another controller answers at {endpoint}; stop it first")
        self._bound = ""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 100)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _MOST_BYTES)
        try:
            self._socket.bind(endpoint)
            self._bound = path
            os.chmod(path, _MODE)
        except (zmq.ZMQError, OSError) as error:
            self.close()
            raise UserError(
                f"rearm.endpoint: {endpoint} cannot be bound: {error}; its folder must exist and be writable"
            ) from None

    def asked(self) -> tuple[list[bytes], Asked | None] | None:
        """The next request, with the envelope of its reply; None in its place where it cannot be read. None: nothing waits."""
        if not self._socket.poll(0):
            return None
        *envelope, data = self._socket.recv_multipart()
        try:
            return envelope, msgspec.json.decode(data, type=Asked)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return envelope, None

    def answer(self, envelope: list[bytes], answer: Answer) -> None:
        """Reply; one that nobody takes is dropped."""
        try:
            self._socket.send_multipart([*envelope, msgspec.json.encode(answer)], zmq.NOBLOCK)
        except zmq.ZMQError:
            return

    def close(self) -> None:
        """Let go."""
        self._context.destroy(linger=100)
        if self._bound:
            with suppress(OSError):
                os.unlink(self._bound)


def ask(endpoint: str, do: Literal["rearm", "status"], by: str = "", timeout_ms: int = _WAIT_MS) -> Answer:
    """Ask a running controller. Raises NoAnswer where none answers, and UserError for an address that is none."""
    path = endpoint.removeprefix("ipc://")
    if path == endpoint:
        raise UserError(f"{endpoint!r} is no address of a controller; expected ipc://PATH")
    if not os.path.exists(path):
        raise NoAnswer(f"there is no socket {path}; the controller does not run, or its rearm.endpoint is another one")
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        socket = context.socket(zmq.REQ)
        socket.setsockopt(zmq.LINGER, 0)
        try:
            socket.connect(endpoint)
        except zmq.ZMQError:
            raise UserError(f"{endpoint!r} is no address; expected ipc://PATH") from None
        request: dict[str, Any] = {"controller": CONTROLLER, "do": do, "by": by}
        socket.send(msgspec.json.encode(request))
        if not socket.poll(timeout_ms):
            raise NoAnswer(f"no controller answers at {endpoint}; does it run, and may you open its socket?")
        return msgspec.json.decode(socket.recv(), type=Answer)
    except msgspec.DecodeError:
        raise UserError(f"{endpoint} is no socket of a reject controller of this version") from None
    finally:
        context.destroy(linger=0)
