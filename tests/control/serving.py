"""A control server with a performer the test decides, and clients that speak JSON as any program would."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq

from inspector.config.control import ControlConfig
from inspector.config.keys import KeysConfig
from inspector.control.server import ControlServer
from inspector.protocol.control import (
    AnyCommand,
    BundleActivate,
    Caller,
    CommandRefused,
    ReadStatus,
    RecipePrepare,
    Reload,
    RunStart,
)
from inspector.results.command_record import CommandRecord

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"


class Performer:
    """Remembers what it was asked to do. A recipe takes until ``go_on``; a run ``nobody`` is refused, a run ``broken`` raises."""

    def __init__(self) -> None:
        self.done: list[tuple[AnyCommand, Caller]] = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.result: dict[str, object] = {}
        """What is told beside what was done."""

    def __call__(self, command: AnyCommand, caller: Caller) -> dict[str, object]:
        if isinstance(command, (RecipePrepare, BundleActivate)):
            self.begun.release()
            assert self.go_on.wait(10)
        if isinstance(command, RunStart) and command.run == "nobody":
            raise CommandRefused("not_prepared", "recipe r is not prepared")
        if isinstance(command, RunStart) and command.run == "broken":
            raise RuntimeError("an error nobody has thought of")
        if not isinstance(command, ReadStatus):
            self.done.append((command, caller))
        if isinstance(command, Reload):
            return {"changed": [{"key": "deadline_ms", "before": 100, "after": 80}], "needs_restart": []}
        return self.result or {"did": type(command).__name__}


class Journal:
    """Keeps records in memory."""

    def __init__(self) -> None:
        self.records: list[CommandRecord] = []
        self.problem = ""
        self.asked = threading.Semaphore(0)
        self.disk = threading.Event()
        """Cleared: a disk that hangs."""
        self.disk.set()

    def record(self, record: CommandRecord, timeout_s: float) -> bool:
        """Keep it."""
        self.asked.release()
        assert self.disk.wait(10)
        if self.problem:
            return False
        self.records.append(record)
        return True

    def writable(self) -> str:
        """As the test says."""
        return self.problem


class Served:
    """A server with its performer and journal."""

    def __init__(
        self,
        config: ControlConfig,
        remembered: list[CommandRecord] | None = None,
        epoch: str = EPOCH,
        keys: KeysConfig | None = None,
    ) -> None:
        self.perform = Performer()
        self.journal = Journal()
        self.server = ControlServer(
            config, "line1", epoch, self.perform, self.journal.record, self.journal.writable, remembered or [], keys
        )
        self.server.start()
        self.endpoint = self.server.endpoints[0]

    def commands(self) -> list[tuple[str, str]]:
        """Command and outcome of each record."""
        return [(record.command, record.outcome) for record in self.journal.records]


@contextmanager
def served(folder: Path, **options: Any) -> Iterator[Served]:
    """A server on an ipc address in ``folder``."""
    one = Served(ControlConfig(endpoint=f"ipc://{folder}/control"), **options)
    try:
        yield one
    finally:
        one.perform.go_on.set()
        one.server.close()


class RawClient:
    """Sends JSON and reads JSON, one request at a time or several at once."""

    def __init__(self, endpoint: str, prepare: Callable[[zmq.Socket[bytes]], None] = lambda socket: None) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        prepare(self.socket)
        self.socket.connect(endpoint)

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def send(self, command: str | None = None, /, **fields: Any) -> str:
        """Send a request and return its id. ``arguments`` are those of the command; other fields replace those of the request."""
        request = {
            "control": 1,
            "id": str(uuid.uuid4()),
            "epoch": EPOCH,
            "expires_ns": time.monotonic_ns() + 10**10,
            "do": None if command is None else {"command": command, **fields.pop("arguments", {})},
            **fields,
        }
        self.socket.send(json.dumps(request).encode())
        return str(request["id"])

    def receive(self, timeout_ms: int = 5000) -> dict[str, Any]:
        """The next reply."""
        assert self.socket.poll(timeout_ms), "no reply"
        reply: dict[str, Any] = json.loads(self.socket.recv_multipart()[-1])
        assert reply["control"] == 1
        assert reply["line"] == "line1"
        return reply

    def ask(self, command: str | None = None, /, **fields: Any) -> dict[str, Any]:
        """Send a request and return its reply."""
        request_id = self.send(command, **fields)
        reply = self.receive()
        assert reply["id"] == request_id
        return reply
