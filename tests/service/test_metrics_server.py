"""The server of the metrics: what a client gets, and how little one can take."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from inspector.config.metrics import Address
from inspector.errors import UserError
from inspector.service.metrics_server import AT_ONCE, MOST_CONNECTIONS, MetricsServer
from tests.results.publishing import eventually

LOOPBACK = Address("127.0.0.1", 0)


class One(Collector):
    """One metric; a large one, or an error, where the test asks for it."""

    def __init__(self) -> None:
        self.fails = False
        self.text = "one"

    def collect(self) -> Iterable[Metric]:
        if self.fails:
            raise RuntimeError("planted")
        return [GaugeMetricFamily("one", self.text, value=1)]


@pytest.fixture
def collector() -> One:
    return One()


@pytest.fixture
def server(collector: One) -> Iterator[MetricsServer]:
    with MetricsServer(LOOPBACK, collector) as server:
        yield server


def page(server: MetricsServer, query: str = "", **headers: str) -> str:
    with urlopen(Request(server.url + query, headers=headers), timeout=10) as answer:
        body = answer.read()
        return (gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body).decode()


def connected(server: MetricsServer, sent: bytes = b"") -> socket.socket:
    found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/metrics", server.url)
    assert found
    client = socket.create_connection(("127.0.0.1", int(found[1])), timeout=10)
    client.sendall(sent)
    return client


def serving() -> int:
    return sum(thread.name == "metrics-client" for thread in threading.enumerate())


def test_the_page_has_the_collector_and_the_process(server: MetricsServer) -> None:
    assert "\none 1.0\n" in page(server)
    assert "process_resident_memory_bytes" in page(server)
    assert "process" not in page(server, "?name[]=one")
    assert "\none 1.0\n" in page(server, **{"Accept-Encoding": "gzip"})
    assert page(server, Accept="application/openmetrics-text; version=1.0.0").endswith("# EOF\n")


def test_an_error_while_collecting_is_a_500_and_in_the_log(
    server: MetricsServer, collector: One, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.fails = True
    with pytest.raises(HTTPError, match="500") as error:
        page(server)
    error.value.close()
    assert "metrics could not be collected" in caplog.text
    collector.fails = False
    assert "\none 1.0\n" in page(server)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"\0" * 5000 + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"GET /x HTTP/1.1\r\nA",
        b"\xff\xfe /\xc3 HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 70_000,
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200,
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /?name[]=%ff%00 HTTP/1.1\r\n\r\n",
    ],
)
def test_bad_requests_harm_nobody(
    server: MetricsServer, request_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    connected(server, request_bytes).close()
    assert "\none 1.0\n" in page(server)
    eventually(lambda: serving() == 0)
    assert capsys.readouterr().err == ""


def test_clients_that_never_send_or_read_are_cut_off_for_one_that_does(server: MetricsServer, collector: One) -> None:
    collector.text = "x" * 10_000_000  # more than the sockets' buffers hold
    hanging = [connected(server, b"GET / HTTP/1.1\r\n\r\n")]
    hanging += [connected(server) for _ in range(MOST_CONNECTIONS - 1)]
    eventually(lambda: serving() == MOST_CONNECTIONS)
    begun = time.monotonic()
    collector.text = "one"
    assert "\none 1.0\n" in page(server)
    assert time.monotonic() - begun < 1
    more = [connected(server) for _ in range(3 * MOST_CONNECTIONS)]
    assert "\none 1.0\n" in page(server)
    assert serving() <= MOST_CONNECTIONS
    for client in hanging + more:
        client.close()


def test_an_old_connection_is_ended_though_it_is_never_idle(server: MetricsServer) -> None:
    with connected(server, b"GET") as client:
        eventually(lambda: serving() == 1)
        server._server.cut_off(older_than_s=0.0)
        assert client.recv(1000) == b""
    eventually(lambda: serving() == 0)


def test_connections_are_accepted_at_a_limited_rate(server: MetricsServer) -> None:
    """A flood is slowed down, and the end of the server does not wait for it."""
    begun = time.monotonic()
    for _ in range(int(AT_ONCE) + 6):
        connected(server).close()
    assert "\none 1.0\n" in page(server)
    assert time.monotonic() - begun > 0.2
    begun = time.monotonic()
    server.close()
    assert time.monotonic() - begun < 0.5


def test_close_ends_clients_and_frees_the_port(collector: One) -> None:
    server = MetricsServer(LOOPBACK, collector)
    with server, connected(server) as client:
        eventually(lambda: serving() == 1)
        begun = time.monotonic()
        server.close()
        assert time.monotonic() - begun < 0.5
        assert client.recv(1) == b""
    port = int(server.url.split(":")[2].split("/")[0])
    with MetricsServer(Address("127.0.0.1", port), collector) as again:
        assert "\none 1.0\n" in page(again)


def test_a_port_in_use_is_one_line_that_helps(server: MetricsServer, collector: One) -> None:
    port = int(server.url.split(":")[2].split("/")[0])
    with pytest.raises(UserError) as error:
        MetricsServer(Address("127.0.0.1", port), collector)
    assert str(error.value) == (
        f"metrics.endpoint: 127.0.0.1:{port} cannot be bound: another program uses this port; stop that one (ss -ltnp shows it), "
        "choose another port, or set it to null to serve no metrics"
    )
