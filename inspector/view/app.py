"""The server of the pages: what is asked for where, who may ask, and how it is started and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from inspector.config.metrics import Address
from inspector.errors import UserError
from inspector.view.access.door import person_routes
from inspector.view.access.entrance import Entrance, Files
from inspector.view.access.login import login_routes
from inspector.view.access.security import App, Guard
from inspector.view.arrivals import Arrivals
from inspector.view.coils.routes import coil_routes
from inspector.view.commands.routes import command_routes
from inspector.view.config import ViewConfig, coil_configs, line_sources
from inspector.view.connections import Watch
from inspector.view.live.frames import frame_routes
from inspector.view.live.lines import Lines
from inspector.view.live.sockets import Hub
from inspector.view.load import listen_address
from inspector.view.pages import page_routes
from inspector.view.review.routes import review_routes
from inspector.view.server import Server, WebSocketConnection
from inspector.view.trends.desk import TrendDesk
from inspector.view.trends.routes import trend_routes
from inspector.view.trends.state import TrendState

log = logging.getLogger(__name__)

PATIENCE_S = 6.0
"""A page that is gone without a word is freed in less than 10 s: this long, and up to a second until it is seen that it stands still."""
_STOP_S = 2
_LONGEST_MESSAGE = 1024
"""Bytes that a page may send in one message; it sends numbers."""
_LONGEST_HEAD = 16 << 10
"""Bytes of a request's headers."""
_MORE_CONNECTIONS = 64
"""Connections beside the WebSockets of the pages."""
_MORE_OF_ONE = 16
"""Of them, those from one other machine."""
_POLL_S = 0.1


def make_app(
    config: ViewConfig, lines: Lines, entrance: Entrance, patience_s: float, state: TrendState | None = None
) -> App:
    """The application, as ASGI; ``patience_s`` as of the viewer, ``state`` keeps what is counted for trends."""
    hub = Hub(lines.all, config.viewers, patience_s)
    sources = line_sources(config)
    shown = {line.id: line.live for line in lines.all}

    async def listed(_: Request) -> JSONResponse:
        has = ("journal", "archive", "control")
        return JSONResponse([{"id": one.id, **{key: getattr(one, key) is not None for key in has}} for one in sources])

    def published(line: str) -> str | None:
        return shown[line].line

    routes = [
        *person_routes(),
        *login_routes(entrance.door, entrance.logins),
        *page_routes(),
        Route("/api/lines", listed),
        WebSocketRoute("/live", hub.serve),
        *frame_routes(sources),
        *coil_routes(sources, coil_configs(config), published=published),
        *review_routes(sources),
        *trend_routes(sources, published, TrendDesk(state)),
        *command_routes(config),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return Guard(app, entrance.door, entrance.hosts.port, entrance.hosts)


class Viewer:
    """Binds its address when it is made, and serves in ``run``."""

    def __init__(self, config: ViewConfig, origin: str = "view.yaml", patience_s: float = PATIENCE_S) -> None:
        """``origin`` names the configuration in errors. A connection that stands still for ``patience_s`` is cut off. Raises UserError."""
        self._config = config
        self._patience_s = patience_s
        address = listen_address(config, origin)
        files = Files(config, origin)
        self._socket = _bound(address, config.listen)
        self._socket.most_of_one = config.viewers + _MORE_OF_ONE
        self.port: int = self._socket.getsockname()[1]
        self._entrance = Entrance(config, files, address._replace(port=self.port))

    @property
    def url(self) -> str:
        """Of the first page."""
        return f"{self._entrance.hosts.scheme}://{self._entrance.hosts.first}/"

    def run(
        self,
        stop: threading.Event,
        report: Callable[[], None] = lambda: None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """Serve until ``stop`` is set; ``ready`` is called once all that is configured can be used, ``report`` several times a second. Raises
        UserError."""
        with self._socket, self._entrance, _state(self._config) as state, Lines(self._config) as lines:
            ready()
            asyncio.run(self._serve(lines, state, stop, report))

    async def _serve(
        self, lines: Lines, state: TrendState | None, stop: threading.Event, report: Callable[[], None]
    ) -> None:
        server = Server(
            uvicorn.Config(
                make_app(self._config, lines, self._entrance, self._patience_s, state),
                http="h11",
                loop="asyncio",
                ws=WebSocketConnection,
                ws_max_size=_LONGEST_MESSAGE,
                ws_per_message_deflate=False,
                ws_ping_interval=None,
                lifespan="off",
                log_config=None,
                log_level="error",  # whoever sends nonsense writes no log
                access_log=False,
                server_header=False,
                proxy_headers=False,
                h11_max_incomplete_event_size=_LONGEST_HEAD,
                limit_concurrency=self._config.viewers + _MORE_CONNECTIONS,
                timeout_keep_alive=max(1, int(self._patience_s) - 1),
                timeout_graceful_shutdown=_STOP_S,
            ),
            self._entrance.tls,
            self._patience_s,
        )
        tasks = [
            asyncio.ensure_future(Watch(server.server_state.connections, self._patience_s).run()),
            asyncio.ensure_future(_stop_with(server, stop, report)),
            asyncio.ensure_future(self._entrance.run()),
        ]
        try:
            await server.serve(sockets=[self._socket])
        finally:
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception):  # one that failed is told by whoever started the viewer
                    raise ended


@contextlib.contextmanager
def _state(config: ViewConfig) -> Iterator[TrendState | None]:
    """Raises UserError where the folder cannot be used."""
    if config.state is None:
        yield None
        return
    with contextlib.closing(TrendState(Path(config.state))) as state:
        yield state


async def _stop_with(server: uvicorn.Server, stop: threading.Event, report: Callable[[], None]) -> None:
    try:
        while not stop.is_set():
            report()
            await asyncio.sleep(_POLL_S)
    finally:  # also where it fails: nothing would stop the viewer any more
        server.should_exit = True


def _bound(address: Address, listen: str) -> Arrivals:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    bound = Arrivals(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address.host, address.port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise UserError(f"listen {listen}: {error.strerror}; name another port, or 0 for a free one") from None
    return bound
