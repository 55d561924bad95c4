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
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import inspector.view
from inspector.view.coils import coil_routes

STATIC = Path(inspector.view.__file__).parent / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'"
)


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


class _Policy:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", CSP.encode()))
            await send(message)

        await self._app(scope, receive, sent)


def app(routes: Sequence[Route]) -> Starlette:
    """The pages, with the policy that the viewer has."""
    static = Mount("/static", StaticFiles(directory=STATIC))
    return Starlette(routes=[*routes, static], middleware=[Middleware(_Policy)])


@contextmanager
def served(routes: Sequence[Route]) -> Iterator[Pages]:
    """Serve them on a free port, in a thread."""
    server = uvicorn.Server(uvicorn.Config(app(routes), log_level="error", lifespan="off", ws="none"))
    with socket.create_server(
        ("127.0.0.1", 0)
    ) as listening:  # who connects before the server runs is answered when it does
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Pages(listening.getsockname()[1])
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
    uvicorn.run(app(routes), port=given.port, ws="none", lifespan="off", log_level="warning")


if __name__ == "__main__":
    main()
