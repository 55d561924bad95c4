"""Who may ask, and for what: hosts, origins, paths, messages, and connections that stand still."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from inspector.view.access.security import HEADERS
from inspector.view.app import PATIENCE_S, Viewer
from tests.follow.test_follower import Line
from tests.view.serving import Page, configured, serving


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.results.close()


@pytest.fixture(scope="module")
def viewer(line: Line) -> Iterator[Viewer]:
    with serving(configured(line.results.endpoint, viewers=3), patience_s=1.5) as made:
        yield made


def test_whoever_stands_still_is_freed_within_ten_seconds() -> None:
    assert PATIENCE_S < 9


def ask(viewer: Viewer, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", viewer.port, timeout=10)
    connection.putrequest(method, path, skip_host="host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    told = {name.lower(): value for name, value in answer.getheaders()}
    data = answer.read()
    connection.close()
    return answer.status, told, data


@pytest.mark.parametrize("path", ["/", "/static/live.js", "/static/base.css", "/api/lines", "/no/such/page"])
def test_every_answer_has_the_headers(viewer: Viewer, path: str) -> None:
    status, told, data = ask(viewer, path)
    assert (status == 404) == ("no" in path)
    assert {name: told[name] for name in HEADERS} == HEADERS
    assert "server" not in told
    assert data


def test_pages_load_nothing_from_elsewhere(viewer: Viewer) -> None:
    _, _, page = ask(viewer, "/")
    assert b"//" not in page.replace(b"<!doctype", b"")
    assert b"<script>" not in page
    assert b"style=" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/%2e%2e/app.py", "/static//etc/passwd", "/static/%00", "/static/.",
        "/../../../etc/passwd", "/static/..\\app.py", "/api/lines/../../etc/passwd", "/api/lines/line1/runs/..%2f..%2fetc/passwd",
        "/%ff%fe", "/static/live.js/", "/api/lines/%2e%2e%2f%2e%2e/runs",
    ],
)  # fmt: skip
def test_no_path_leads_out(viewer: Viewer, path: str) -> None:
    status, _, data = ask(viewer, path)
    assert status in (400, 404)
    assert b"root:" not in data
    assert b"import" not in data


@pytest.mark.parametrize(
    "host",
    ["example.org", "127.0.0.1", "127.0.0.1.example.org:{port}", "127.0.0.1:1", "", "localhost:{port}@example.org"],
)
def test_another_host_is_refused(viewer: Viewer, host: str) -> None:
    assert ask(viewer, "/", host=host.format(port=viewer.port))[0] in (400, 421)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
def test_this_machine_may_be_called_by_its_names(viewer: Viewer, name: str) -> None:
    assert ask(viewer, "/", host=f"{name}:{viewer.port}")[0] == 200


@pytest.mark.parametrize(
    "origin", ["http://example.org", "null", "https://127.0.0.1:{port}", "http://localhost:{port}"]
)
def test_pages_of_another_origin_are_refused(viewer: Viewer, origin: str) -> None:
    origin = origin.format(port=viewer.port)
    assert ask(viewer, "/api/lines", origin=origin)[0] == 403
    with pytest.raises(InvalidStatus) as caught, connect(f"ws://127.0.0.1:{viewer.port}/live", origin=origin):  # type: ignore[arg-type]
        pass
    assert caught.value.response.status_code == 403


def test_only_what_changes_something_is_posted(viewer: Viewer) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        assert ask(viewer, "/api/lines", method)[0] in (405, 400)
    assert ask(viewer, "/", "POST")[0] == 405


def test_a_post_needs_the_origin_and_what_the_page_was_told(viewer: Viewer) -> None:
    here = f"http://127.0.0.1:{viewer.port}"
    told = json.loads(ask(viewer, "/api/me")[2])
    assert told["role"] == "viewer"
    csrf = told["csrf"]
    headers: list[dict[str, str]] = [
        {}, {"x-csrf-token": csrf}, {"origin": here}, {"origin": here, "x-csrf-token": "x"}, {"origin": here, "x-csrf-token": "\xe9"},
        {"origin": "http://example.org", "x-csrf-token": csrf},
    ]  # fmt: skip
    assert [ask(viewer, "/api/lines", "POST", **one)[0] for one in headers] == [403] * len(headers)
    assert ask(viewer, "/api/lines", "POST", **{"origin": here, "x-csrf-token": csrf})[0] == 405


def test_a_long_address_and_long_headers_are_refused(viewer: Viewer) -> None:
    assert ask(viewer, "/" + "a" * 5000)[0] == 414
    with contextlib.suppress(ConnectionError):  # ended while it was still being sent
        assert ask(viewer, "/", x="a" * 2_000_000)[0] == 400


@pytest.mark.parametrize(
    "message", ["", "-1", "1e3", "x", "999999", "0", "٣", "9" * 1000, "9" * 5000, b"1", b"\x00" * 4000, '{"n": 1}']
)
def test_a_message_that_no_page_sends_ends_the_connection(viewer: Viewer, message: str | bytes) -> None:
    with Page(viewer) as page:
        page.take()
        page.socket.send(message)
        close = page.ended()
    assert close is not None
    assert close.code in (4400, 1009)


def test_a_flood_of_messages_ends_the_connection(viewer: Viewer) -> None:
    with Page(viewer) as page:
        page.take()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(1000):
                page.socket.send("1")
        close = page.ended()
    assert close is None or close.code == 4400


def test_one_page_too_many_is_told_so(viewer: Viewer) -> None:
    with Page(viewer) as one, Page(viewer) as two, Page(viewer) as three:
        for page in (one, two, three):
            page.take()
        with Page(viewer) as four:
            with pytest.raises(ConnectionClosed) as caught:
                four.take()
            assert caught.value.rcvd is not None
            assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4008, "3 pages are open already")
        one.take()
    with Page(viewer) as again:
        again.until(lambda page: page.line("now"))


def ends_within(connection: socket.socket, most_s: float) -> bool:
    """Whether the other side ends the connection; what comes until then is thrown away only once it has."""
    until_s = time.monotonic() + most_s
    connection.settimeout(0.05)
    while time.monotonic() < until_s:
        try:
            # A reset is told by the system without anything being read.
            if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or not connection.recv(1 << 16):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_a_request_that_does_not_end_is_cut_off(viewer: Viewer) -> None:
    """Nothing at all, one that stops in its head, and one behind another that was answered; all at once, for each takes its patience."""
    whole = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{viewer.port}\r\n\r\n".encode()
    with contextlib.ExitStack() as open_ones:
        connections = {}
        for sent in (b"", b"GET / HTTP/1.1\r\nHost: ", whole + b"GET"):
            connections[sent] = open_ones.enter_context(socket.create_connection(("127.0.0.1", viewer.port)))
            connections[sent].sendall(sent)
        for sent, connection in connections.items():
            assert ends_within(connection, 5), sent


def test_a_page_that_confirms_nothing_is_closed(viewer: Viewer) -> None:
    with Page(viewer) as page:
        began_s = time.monotonic()
        page.ended()
        assert time.monotonic() - began_s < 5


def test_a_page_that_reads_nothing_is_freed(line: Line) -> None:
    """With far more to be sent than any buffer holds."""
    with serving(configured(line.results.endpoint, viewers=1), patience_s=1.5) as viewer:
        with Page(viewer) as page:
            page.until(lambda page: page.line("now"))
        with socket.create_connection(("127.0.0.1", viewer.port)) as dead:
            dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            dead.sendall(
                f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{viewer.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            began_s = time.monotonic()
            while True:  # the one place is free again
                with Page(viewer) as page:
                    try:
                        page.take()
                        break
                    except ConnectionClosed:
                        assert time.monotonic() - began_s < 5
            assert time.monotonic() - began_s > 1
