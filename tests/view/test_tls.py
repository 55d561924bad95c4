"""TLS through the real server: certificates that cannot be used, one that is renewed, connections that never get on, and hosts."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.errors import UserError
from inspector.view.access.tls import Certificate
from inspector.view.app import Viewer
from inspector.view.config import TlsConfig
from tests.results.publishing import eventually
from tests.view.people import OPENSSL, Browser, certificate, needs_openssl, users_file
from tests.view.serving import Page, configured, serving
from tests.view.test_security import ends_within

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def made(folder: Path) -> TlsConfig:
    return certificate(folder)


@pytest.fixture(scope="module")
def viewer(folder: Path, made: TlsConfig) -> Iterator[Viewer]:
    users = users_file(folder, ana="operator")
    config = configured(f"ipc://{folder}/nobody", users=str(users), tls=made, listen="0.0.0.0:0")
    with serving(config, patience_s=1.2) as made_viewer:
        yield made_viewer


def test_pages_over_tls(viewer: Viewer, made: TlsConfig) -> None:
    browser = Browser(viewer, made)
    answer = browser.login("ana")
    assert answer.status == 200
    assert re.fullmatch(
        rf"__Host-inspector-{viewer.port}=[\w-]{{43}}; Path=/; HttpOnly; SameSite=Strict; Secure",
        answer.headers["set-cookie"],
    )
    assert browser.ask("/api/lines").status == 200
    with Page(viewer, context=ssl.create_default_context(cafile=made.certificate), cookie=browser.cookie) as page:
        page.take()
    assert browser.post("/api/logout", {}, origin=browser.origin.replace("https", "http")).status == 403
    assert browser.post("/api/logout", {}).status == 200


def test_the_machine_is_called_as_in_its_certificate(viewer: Viewer, made: TlsConfig) -> None:
    browser = Browser(viewer, made)
    names = ["line7.example", "LINE7.example", socket.gethostname(), "127.0.0.1", "localhost"]
    assert [browser.ask("/login", host=f"{name}:{viewer.port}").status for name in names] == [200] * len(names)
    for name in ("example.org", "127.0.0.2", "line7.example.org", "0.0.0.0"):
        assert browser.ask("/login", host=f"{name}:{viewer.port}").status == 421
    assert viewer.url == f"https://line7.example:{viewer.port}/"


def test_names_that_are_configured_replace_the_others(folder: Path, made: TlsConfig) -> None:
    users = users_file(folder, ana="operator")
    more = {"users": str(users), "tls": made, "listen": "0.0.0.0:0", "hosts": ("hall-3.plant",)}
    with serving(configured(f"ipc://{folder}/nobody", **more)) as viewer:
        browser = Browser(viewer, made)
        assert browser.ask("/login", host=f"hall-3.plant:{viewer.port}").status == 200
        assert browser.ask("/login", host=f"line7.example:{viewer.port}").status == 421
        assert browser.ask("/login").status == 200


def test_an_old_protocol_is_refused(viewer: Viewer) -> None:
    client = ssl.create_default_context()
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        client.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        client.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", viewer.port)) as plain, pytest.raises(ssl.SSLError):
        client.wrap_socket(plain)


def test_who_stands_still_is_cut_off(viewer: Viewer, made: TlsConfig) -> None:
    """Before the handshake, in it, after it, and in a request."""
    client = ssl.create_default_context(cafile=made.certificate)
    address = "127.0.0.1", viewer.port
    with contextlib.ExitStack() as all_open:
        connections = [all_open.enter_context(socket.create_connection(address)) for _ in range(5)]
        connections[1].sendall(b"\x16\x03\x01\x00\x05\x01")
        connections[2].sendall(b"GET / HTTP/1.1\r\n\r\n")
        for number, sent in ((3, b""), (4, b"GET /login HTTP/1.1\r\nHost: ")):
            connections[number] = all_open.enter_context(
                client.wrap_socket(connections[number], server_hostname="127.0.0.1")
            )
            connections[number].sendall(sent)
        assert [ends_within(one, 4) for one in connections] == [True] * 5


@pytest.mark.parametrize("greets", [True, False], ids=["after the handshake", "before it"])
def test_one_machine_leaves_room_for_others(folder: Path, made: TlsConfig, *, greets: bool) -> None:
    """And the machine may be called by the address at which it is reached."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:  # which sends nothing
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("needs a network, of whatever kind")
        own = asking.getsockname()[0]
    users = users_file(folder, ana="operator")
    client = ssl.create_default_context(cafile=made.certificate)
    client.check_hostname = False
    config = configured(f"ipc://{folder}/nobody", users=str(users), tls=made, listen="0.0.0.0:0", viewers=1)
    with serving(config) as viewer, contextlib.ExitStack() as all_open:
        most = 17
        for number in range(most + 2):
            plain = all_open.enter_context(socket.create_connection((own, viewer.port)))
            if number >= most:
                assert ends_within(plain, 2)
            elif greets:
                one = all_open.enter_context(client.wrap_socket(plain))
                one.sendall(f"GET /login HTTP/1.1\r\nHost: {own}:{viewer.port}\r\n\r\n".encode())
                assert one.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        assert Browser(viewer, made).ask("/login").status == 200
        all_open.close()
        eventually(lambda: _is_let_in(client, (own, viewer.port)))


def test_a_renewed_certificate_is_shown_without_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Connections that are there go on; one that cannot be used is told of, and the one before goes on."""
    tls, users = certificate(tmp_path), users_file(tmp_path, ana="viewer")
    config = configured(f"ipc://{tmp_path}/nobody", users=str(users), tls=tls)
    with serving(config) as viewer:
        browser = Browser(viewer, tls)
        assert browser.login("ana").status == 200
        with Page(viewer, context=ssl.create_default_context(cafile=tls.certificate), cookie=browser.cookie) as page:
            page.take()
            shutil.copy(certificate(tmp_path, "wrong").key, tls.key)
            eventually(lambda: "is not the key of" in caplog.text)
            assert browser.ask("/api/lines").status == 200
            new = certificate(tmp_path, "new")
            caplog.set_level(logging.INFO)
            shutil.copy(new.certificate, tls.certificate)
            shutil.copy(new.key, tls.key)
            renewed = Browser(viewer, new)
            renewed.cookie = browser.cookie

            def shown() -> bool:
                try:
                    return renewed.ask("/api/lines").status == 200
                except ssl.SSLCertVerificationError:
                    return False

            eventually(shown)
            page.take()


def test_a_certificate_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    good, other = certificate(tmp_path), certificate(tmp_path, "other")
    expired = certificate(tmp_path, "expired")
    again = [str(OPENSSL), "x509", "-in", expired.certificate, "-signkey", expired.key, "-days", "-1", "-out", expired.certificate]  # fmt: skip
    subprocess.run(again, check=True, capture_output=True)
    client_only = certificate(tmp_path, "client", 2, "-addext", "extendedKeyUsage=clientAuth")
    secret, text, folder = tmp_path / "secret.key", tmp_path / "text", tmp_path / "folder"
    _encrypt(good.key, secret)
    text.write_text("no PEM")
    text.chmod(0o600)
    folder.mkdir()
    cases = [
        (good.certificate, other.key, "tls: .*other.key is not the key of .*viewer.crt"),
        (good.certificate, str(secret), "tls.key: .*secret.key is encrypted.*openssl pkey"),
        (good.certificate, str(text), "tls.key: .*text holds no key in PEM"),
        (good.certificate, str(tmp_path / "none"), "tls.key: .*none"),
        (str(tmp_path / "none"), good.key, "tls.certificate: .*none"),
        (str(text), good.key, "tls.certificate: .*text holds no certificate in PEM"),
        (good.key, good.key, "tls.certificate: .*viewer.key holds no certificate in PEM"),
        (str(folder), good.key, "tls.certificate: .*folder"),
        (client_only.certificate, client_only.key, "tls.certificate: .*client.crt is not for servers"),
        (expired.certificate, expired.key, "tls.certificate: .*expired.crt has expired"),
    ]
    for crt, key, message in cases:
        with pytest.raises(UserError, match=message) as caught:
            Certificate(TlsConfig(certificate=crt, key=key), "view.yaml")
        assert str(caught.value).startswith("view.yaml: ")
        assert "\n" not in str(caught.value)
    Path(good.key).chmod(0o644)
    with pytest.raises(UserError, match=r"tls.key: .*viewer.key is open to others \(mode 0644\); chmod 600"):
        Certificate(good, "view.yaml")
    Path(good.key).chmod(0o640)
    assert Certificate(good, "view.yaml").names == ("line7.example", "127.0.0.1")


def _is_let_in(client: ssl.SSLContext, address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address) as plain, client.wrap_socket(plain):
            return True
    except OSError:
        return False


def test_a_comment_in_a_certificate_may_be_in_any_language(tmp_path: Path) -> None:
    """Programs write the name of the plant there."""
    tls = certificate(tmp_path)
    content = Path(tls.certificate).read_bytes()
    Path(tls.certificate).write_bytes("subject=CN = Werk Süd\n".encode("latin-1") + content)
    assert Certificate(tls, "view.yaml").names == ("line7.example", "127.0.0.1")
    Path(tls.certificate).write_bytes(bytes(range(256)))
    with pytest.raises(UserError, match="holds no certificate in PEM"):
        Certificate(tls, "view.yaml")


def _encrypt(key: str, to: Path) -> None:
    subprocess.run([str(OPENSSL), "pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", str(to)], check=True)
    to.chmod(0o600)
