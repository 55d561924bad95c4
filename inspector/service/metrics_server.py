"""Serves metrics to Prometheus over HTTP, on threads of its own. No client can take more than a bounded part of the daemon.

The pages are made by ``prometheus_client``. Its own server starts a thread for each connection, without a limit of their number or
duration; this one serves a few connections at a time, each for a limited time, and accepts a limited number a second.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import make_wsgi_app
from prometheus_client.registry import Collector

from inspector.config.metrics import Address
from inspector.errors import UserError

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 8
"""Connections that are served at a time. One more ends the oldest: a scrape takes milliseconds, so the oldest is one that hangs."""
LONGEST_S = 5.0
"""A connection is cut off after this time, whatever it does."""
AT_ONCE, PER_S = 64.0, 20.0
"""So many connections are accepted at once, and so many a second later on. The others wait in the operating system."""
_PATIENCE_S = 0.2
_POLL_S = 0.1


class MetricsServer:
    """Serves what a collector collects, and figures of the process. Use as a context manager."""

    def __init__(self, address: Address, collector: Collector) -> None:
        """Bind; clients are served from ``start`` on. Raises UserError where the address cannot be bound."""
        registry = CollectorRegistry(auto_describe=True)
        registry.register(collector)
        ProcessCollector(registry=registry)
        self._server = _bound(address)
        self._server.set_app(_guarded(make_wsgi_app(registry)))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), name="metrics", daemon=True)

    @property
    def url(self) -> str:
        """Where the metrics are, with the port that was bound."""
        host = self._server.server_name
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.server_port}/metrics"

    def start(self) -> None:
        """Serve in the background."""
        self._thread.start()
        log.info("metrics at %s", self.url)

    def close(self) -> None:
        """Stop serving and cut off who is connected; takes at most 0.3 s."""
        self._server.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._server.cut_off(older_than_s=0.0)

    def __enter__(self) -> MetricsServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(WSGIServer):
    """Accepts connections in one thread and serves each in another, of which there are at most ``MOST_CONNECTIONS``."""

    allow_reuse_port = False
    request_queue_size = 128

    def __init__(self, address: Address) -> None:
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self.stopping = threading.Event()
        self._slots = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}
        """The connections that are served and when each began, the oldest first."""
        self._places, self._counted_s = AT_ONCE, time.monotonic()
        super().__init__((address.host, address.port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking for the host's name, as the base does: where no name server answers, that takes long."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection. Where that fails, as without a free file descriptor, it is not tried again at once."""
        try:
            return super().get_request()
        except OSError:
            self.stopping.wait(_POLL_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a thread, or close it where none becomes free."""
        self._pace()
        if not self._slots.acquire(blocking=False):
            self._cut_off_oldest()
            if not self._slots.acquire(timeout=_PATIENCE_S):
                self.shutdown_request(request)
                return
        with self._lock:
            self._open[request] = time.monotonic()
        try:
            threading.Thread(
                target=self._serve, args=(request, client_address), name="metrics-client", daemon=True
            ).start()
        except Exception:  # no thread or memory to be had
            self._done(request)

    def service_actions(self) -> None:
        """Called several times a second: cut off who takes too long."""
        self.cut_off(older_than_s=LONGEST_S)

    def cut_off(self, older_than_s: float) -> None:
        """End the connections that are at least this old."""
        now_s = time.monotonic()
        with self._lock:
            for request, begun_s in self._open.items():
                if now_s - begun_s >= older_than_s:
                    _end(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or was cut off, is no error of the line."""
        log.debug("a connection for metrics ended early", exc_info=True)

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self._done(request)

    def _done(self, request: socket.socket) -> None:
        with self._lock:
            del self._open[request]
        self.shutdown_request(request)
        self._slots.release()

    def _cut_off_oldest(self) -> None:
        with self._lock:
            oldest = next(iter(self._open), None)
            if oldest is not None:
                _end(oldest)

    def _pace(self) -> None:
        """Wait until a further connection may be served."""
        now_s = time.monotonic()
        self._places = min(AT_ONCE, self._places + (now_s - self._counted_s) * PER_S) - 1
        self._counted_s = now_s
        if self._places < 0:
            self.stopping.wait(-self._places / PER_S)


class _Handler(WSGIRequestHandler):
    """Serves one request of one connection, without a log line for it."""

    timeout = LONGEST_S

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


def _bound(address: Address) -> _Server:
    host = f"[{address.host}]" if ":" in address.host else address.host
    try:
        return _Server(address)
    except OSError as error:
        raise UserError(
            f"metrics.endpoint: {host}:{address.port} cannot be bound: {_worded(error)}, or set it to null to serve no metrics"
        ) from None


def _worded(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program uses this port; stop that one (ss -ltnp shows it), choose another port"
    if error.errno == errno.EACCES:
        return "not permitted; choose a port above 1023"
    return f"{error.strerror}; choose another address"


def _guarded(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """``app``, with its errors in the log and a short answer for the client."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except Exception:
            log.exception("metrics could not be collected")
            start_response("500 Internal Server Error", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"metrics could not be collected; the daemon's log says why\n"]

    return guarded


def _end(connection: socket.socket) -> None:
    """End a connection that another thread reads or writes; that one closes it."""
    with contextlib.suppress(OSError):  # the other side has ended it
        connection.shutdown(socket.SHUT_RDWR)
