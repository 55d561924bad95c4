"""What no browser sends, through bare sockets: each is refused at once, in one answer with the usual headers, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Iterator

import msgspec
import pytest

from inspector.view.access.security import HEADERS
from inspector.view.app import Viewer
from inspector.view.config import ViewLineConfig
from tests.view.people import Browser, users_file
from tests.view.serving import Page, configured, serving
from tests.view.test_security import ends_within

UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
PING = b"\x89\x80\x00\x00\x00\x00"
EMPTY_PART = b"\x00\x80\x00\x00\x00\x00"


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    folder = tmp_path_factory.mktemp("users")
    users = users_file(folder, ana="operator")
    config = configured(f"ipc://{folder}/nobody", users=str(users))
    line = ViewLineConfig(endpoint=f"ipc://{folder}/nobody", control=f"ipc://{folder}/control")
    with serving(msgspec.structs.replace(config, lines=(line,))) as made:
        yield made


@pytest.fixture(autouse=True)
def _nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whoever sends nonsense writes no log."""
    yield
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


def sent(viewer: Viewer, head: str, body: bytes = b"", *, end: str = "\r\n") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", viewer.port), timeout=5)
    connection.sendall(f"{head}\r\nHost: 127.0.0.1:{viewer.port}\r\n{end}".encode() + body)
    return connection


def all_of(connection: socket.socket) -> bytes:
    """Until the other side ends it."""
    told = b""
    while more := connection.recv(1 << 16):
        told += more
    return told


def has_the_headers(answer: bytes) -> bool:
    return all(f"{name}: {value}\r\n".encode() in answer for name, value in HEADERS.items())


@pytest.mark.parametrize(
    ("head", "more"),
    [
        ("GET /live HTTP/1.1", UPGRADE + "".join(f"x{number}: 1\r\n" for number in range(200))),
        ("GET /live HTTP/1.1", UPGRADE + f"x: {'a' * 10_000}\r\n"),
        ("GET /live HTTP/1.1", UPGRADE + "Content-Length: 5\r\n"),
        ("GET / HTTP/1.1", "Host: example.org\r\n"),
        ("POST /api/login HTTP/1.1", "Content-Length: 4\r\nContent-Length: 5\r\n"),
        ("POST /api/login HTTP/1.1", "Transfer-Encoding: gzip, chunked\r\n"),
        ("GET /\x7f HTTP/1.1", ""),
        ("GET / HTTP/9", ""),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_at_once(viewer: Viewer, head: str, more: str) -> None:
    with sent(viewer, head, end=f"{more}\r\n") as connection:
        answer = all_of(connection)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
    assert has_the_headers(answer)


def test_a_stranger_gets_no_websocket(viewer: Viewer) -> None:
    for path in ("/live", "/other", "/static/x"):
        with sent(viewer, f"GET {path} HTTP/1.1", end=f"{UPGRADE}\r\n") as connection:
            answer = all_of(connection)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert has_the_headers(answer)


def test_a_body_that_breaks_off_is_no_error(viewer: Viewer) -> None:
    """In the middle, and with a chunk that is none: before the answer, and after it."""
    browser = Browser(viewer)
    token = browser.ask("/api/me").json["csrf"]
    kept = f"Origin: {browser.origin}\r\nX-CSRF-Token: {token}\r\nContent-Type: application/json\r\n"
    with sent(viewer, "POST /api/login HTTP/1.1", b'{"name', end=f"{kept}Content-Length: 50\r\n\r\n"):
        pass
    with sent(viewer, "POST /api/login HTTP/1.1", end="Transfer-Encoding: chunked\r\n\r\n") as connection:
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 403 ")
        connection.sendall(b"zz\r\n")
        assert ends_within(connection, 2)
    with sent(
        viewer, "POST /api/login HTTP/1.1", b"zz\r\n", end=f"{kept}Transfer-Encoding: chunked\r\n\r\n"
    ) as connection:
        answer = all_of(connection)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1") == 1
    assert browser.ask("/login").status == 200


def test_a_cookie_that_fits_nothing_costs_nothing(viewer: Viewer) -> None:
    browser = Browser(viewer)
    assert browser.login("ana").status == 200
    own = browser.cookie
    began_s = time.process_time()
    for cookie in ("a" * 14_000, " " * 14_000, "a " * 7000, "a=" * 7000, ";" * 14_000):
        browser.cookie = f"x{cookie}"
        assert browser.ask("/api/me").json["name"] == ""
        browser.cookie = f"x{cookie};{own}"
        assert browser.ask("/api/me").json["name"] == "ana"
    assert time.process_time() - began_s < 0.5


def test_a_text_that_is_none_ends_the_connection(viewer: Viewer) -> None:
    browser = Browser(viewer)
    assert browser.login("ana").status == 200
    with sent(viewer, "GET /live HTTP/1.1", end=f"{UPGRADE}Cookie: {browser.cookie}\r\n\r\n") as connection:
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 101 ")
        connection.sendall(b"\x81\x82\x00\x00\x00\x00\xff\xfe")
        told = b""
        while b"expected the number of a message" not in told:
            told += connection.recv(1 << 16)


@pytest.mark.parametrize("flood", [PING, EMPTY_PART], ids=["pings", "empty parts"])
def test_a_flood_of_frames_ends_the_connection(viewer: Viewer, flood: bytes) -> None:
    browser = Browser(viewer)
    assert browser.login("ana").status == 200
    begun = b"" if flood is PING else b"\x01\x80\x00\x00\x00\x00"
    with sent(viewer, "GET /live HTTP/1.1", end=f"{UPGRADE}Cookie: {browser.cookie}\r\n\r\n") as connection:
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 101 ")
        connection.sendall(begun + flood * 1000)
        assert ends_within(connection, 2)
    with Page(viewer, browser.cookie) as page:
        page.socket.ping().wait(5)
        page.take()


@pytest.mark.parametrize("leaves", [False, True])
def test_a_command_whose_sender_logs_out_before_all_of_it_came_is_not_given(viewer: Viewer, *, leaves: bool) -> None:
    browser = Browser(viewer)
    assert browser.login("ana").status == 200
    kept = f"Origin: {browser.origin}\r\nX-CSRF-Token: {browser.ask('/api/me').json['csrf']}\r\nCookie: {browser.cookie}\r\n"
    content = b'{"command": "pause", "id": "%d"}' % leaves
    length = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    with sent(viewer, "POST /api/lines/line1/commands HTTP/1.1", content[:9], end=kept + length) as connection:
        if leaves:
            assert browser.post("/api/logout", {}).status == 200
        connection.sendall(content[9:])
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 401 " if leaves else b"HTTP/1.1 200 ")


def test_whoever_only_connects_shuts_out_nobody(viewer: Viewer) -> None:
    browser = Browser(viewer)
    with contextlib.ExitStack() as idle:
        for _ in range(150):
            idle.enter_context(socket.create_connection(("127.0.0.1", viewer.port)))
        assert [browser.ask("/login").status for _ in range(5)] == [200] * 5
    assert browser.ask("/login").status == 200


def test_what_one_login_was_told_is_of_no_use_to_another(viewer: Viewer) -> None:
    """The token of a stranger, of another login, and of one that is over; a cookie twice, and that of a viewer at another port."""
    stranger, one, other = Browser(viewer), Browser(viewer), Browser(viewer)
    before = stranger.ask("/api/me").json["csrf"]
    assert (one.login("ana").status, other.login("ana").status) == (200, 200)
    tokens = [before, one.ask("/api/me").json["csrf"], other.ask("/api/me").json["csrf"]]
    assert len(set(tokens)) == 3
    for own, browser in enumerate((stranger, one, other)):
        asked = [
            browser.ask("/api/lines", "POST", b"{}", origin=browser.origin, x_csrf_token=token) for token in tokens
        ]
        assert [answer.status != 403 for answer in asked] == [number == own for number in range(3)]
    for cookie in (
        f"{one.cookie}; {one.cookie}",
        f"{one.cookie}; {other.cookie}",
        one.cookie.replace(str(viewer.port), "1"),
    ):
        assert stranger.ask("/api/me", cookie=cookie).json["name"] == ""
