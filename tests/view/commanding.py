"""A real line that takes commands, and a server of commands at which each request says who sends it."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from starlette.applications import Starlette
from starlette.datastructures import Headers

from engines.bundle import Bundle
from inspector.line.line import Line
from inspector.results.command_record import CommandRecord
from inspector.results.journal_reader import JournalReader
from inspector.view.access.door import Door
from inspector.view.access.people import Person, Role, Visit
from inspector.view.access.security import Guard
from inspector.view.commands.routes import command_routes
from inspector.view.config import ViewConfig, ViewLineConfig
from tests.keys import make_keys, owner_of
from tests.line.conftest import tiny_config
from tests.line.sources import ListCamera
from tests.tiny_bundle import frame_with

CSRF = "told-to-the-page"
PEOPLE = {"Anna Weber": Role.OPERATOR, "Emma": Role.ENGINEER, "Quinn": Role.QUALITY, "Victor": Role.VIEWER}


class Commanded:
    """A line with a control socket, a remote one for keys, recipes and a journal."""

    def __init__(self, folder: Path, bundle: Bundle) -> None:
        self.folder, self.journal = folder, folder / "journal.sqlite"
        (folder / "recipes").mkdir()
        (folder / "recipes" / "thin.yaml").write_text(yaml.safe_dump({"description": "0.5 mm"}))
        keys = make_keys(folder, vera="viewer", emma="engineer")
        config = tiny_config(
            bundle.path,
            self.journal,
            ("top",),
            control={"endpoint": f"ipc://{folder}/control", "remote": "tcp://127.0.0.1:*"},
            recipes=str(folder / "recipes"),
            keys={"secret_key": keys.secret_key, "clients": keys.clients},
            run="coil-1",
        )
        camera = ListCamera([frame_with([]), frame_with([(192, 4), (64, 3)])], rate_hz=50, endless=True)
        self.line = Line(config, bundle, sources={"top": camera})
        self.stop = threading.Event()
        assert self.line.start(self.stop)
        self.ipc, self.remote = self.line.control.endpoints

    def close(self) -> None:
        """End the line."""
        self.line.stop()

    def shown(self, key: str = "emma", **more: Any) -> ViewLineConfig:
        """The line in a configuration of the viewer, which is let in with this key."""
        owner = {name: str(path) for name, path in owner_of(self.folder, key).items()}
        endpoint = self.line.results.snapshot().endpoint
        return ViewLineConfig(
            **{"endpoint": endpoint, "control": self.ipc, "journal": str(self.journal), **owner, **more}
        )

    def commands(self) -> list[CommandRecord]:
        """What the journal has of commands, the newest last."""
        with JournalReader(self.journal) as reader:
            return reader.commands(newest=1000)


class _ByName(Door):
    """The header `x-person` says who sends a request."""

    def visit(self, headers: Headers) -> Visit:
        name = headers.get("x-person", "")
        return Visit(Person(name, PEOPLE.get(name)), CSRF)


class Desk:
    """The server, as a program of one person after another."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ids = itertools.count(1)

    def ask(self, path: str, who: str = "Emma", body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """GET, or POST where there is a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        sent = {"x-person": who, **headers}
        if body is not None:
            origin = f"http://127.0.0.1:{self._port}"
            sent = {"origin": origin, "x-csrf-token": CSRF, "content-type": "application/json", **sent}
        connection.request("GET" if body is None else "POST", f"/api/lines/{path}", body, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if text.startswith("{") else text

    def give(self, command: str, who: str = "Anna Weber", line: str = "line1", **more: Any) -> tuple[int, Any]:
        """A command."""
        body = {"id": f"test-{next(self._ids)}", "command": command, **more}
        return self.ask(f"{line}/commands", who, json.dumps(body).encode())

    def told(self, command: str, who: str = "Anna Weber", line: str = "line1", **more: Any) -> dict[str, Any]:
        """What came of a command that is done at once."""
        status, given = self.give(command, who, line, **more)
        assert status == 200, given
        assert isinstance(given["told"], dict)
        return given["told"]


@contextmanager
def desk(*lines: ViewLineConfig, wait_s: float = 8.0) -> Iterator[Desk]:
    """Serve commands of these lines on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        app = Guard(Starlette(routes=command_routes(ViewConfig(lines=lines), wait_s)), _ByName(None), port)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Desk(port)
        finally:
            server.should_exit = True
            thread.join(10)
