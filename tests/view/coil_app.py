"""The pages of coils, served as the viewer serves them, without its live pages.

python -m tests.view.coil_app JOURNAL [--archive FOLDER] [--config coil.yaml] [--port 8099]
"""

from __future__ import annotations

import argparse
import http.client
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inspector.view.access.door import Door, person_routes
from inspector.view.access.people import Role
from inspector.view.access.security import App, Guard
from inspector.view.answers import as_json
from inspector.view.coils.routes import coil_routes
from inspector.view.pages import page_routes


@dataclass(frozen=True)
class Line:
    """A line that has a journal, and perhaps an archive."""

    id: str = "line1"
    name: str | None = None
    journal: Path | None = None
    archive: Path | None = None


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Pages:
    """A server that answers."""

    port: int

    def get(self, path: str) -> Answer:
        """What is at this path, which is sent as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=50)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            headers = {key.lower(): value for key, value in answer.getheaders()}
            return Answer(answer.status, headers, answer.read())
        finally:
            connection.close()


def app(routes: Sequence[Route], port: int, lines: Sequence[Line] = ()) -> App:
    """The pages behind the guard that the viewer has; everybody may do everything."""

    async def listed(_: Request) -> Response:
        return as_json([{"id": one.id, "journal": bool(one.journal), "archive": bool(one.archive)} for one in lines])

    served_too = [*page_routes(), *person_routes(), Route("/api/lines", listed)]
    return Guard(Starlette(routes=[*routes, *served_too]), Door(Role.ENGINEER), port)


@contextmanager
def served(routes: Sequence[Route], lines: Sequence[Line] = ()) -> Iterator[Pages]:
    """Serve them on a free port, in a thread; pages are told of ``lines``."""
    with socket.create_server(
        ("127.0.0.1", 0)
    ) as listening:  # who connects before the server runs is answered when it does
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app(routes, port, lines), log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Pages(port)
        finally:
            server.should_exit = True
            thread.join(10)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("journal", type=Path)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--port", type=int, default=8099)
    given = parser.parse_args()
    line = Line(journal=given.journal, archive=given.archive)
    routes = coil_routes([line], {} if given.config is None else {line.id: given.config})
    uvicorn.run(app(routes, given.port, [line]), port=given.port, ws="none", lifespan="off", log_level="warning")


if __name__ == "__main__":
    main()
