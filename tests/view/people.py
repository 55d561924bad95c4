"""People at the viewer, certificates made on the spot, and a browser as a program: it keeps the cookie and repeats the token."""

from __future__ import annotations

import functools
import http.client
import json
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from inspector.view.access.passwords import Cost, hashed
from inspector.view.access.people import Role
from inspector.view.access.users import User, changing_users
from inspector.view.app import Viewer
from inspector.view.config import TlsConfig

CHEAP = Cost(16, 1, 1)
PASSWORD = "a long one, known to the tests"
OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command, which makes the certificates")


@functools.cache
def _kept(password: str, cost: Cost) -> Any:
    return hashed(password, cost)


def users_file(folder: Path, *, cost: Cost = CHEAP, password: str = PASSWORD, **roles: str) -> Path:
    """A file in which each name has a role."""
    path = folder / "users.yaml"
    with changing_users(path) as users:
        users.clear()
        users.update({name: User(name, Role(role), _kept(password, cost)) for name, role in roles.items()})
    return path


def certificate(folder: Path, name: str = "viewer", days: int = 2, *more: str) -> TlsConfig:
    """A certificate of 127.0.0.1 and line7.example, signed by itself."""
    assert OPENSSL is not None
    made = TlsConfig(certificate=str(folder / f"{name}.crt"), key=str(folder / f"{name}.key"))
    subprocess.run(
        [
            OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days),
            "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:line7.example,IP:127.0.0.1", "-keyout", made.key, "-out", made.certificate, *more,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    Path(made.key).chmod(0o600)
    return made


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class Browser:
    """Asks as one; over TLS where it is given a certificate to trust."""

    def __init__(self, viewer: Viewer, tls: TlsConfig | None = None, *, source: str = "127.0.0.1") -> None:
        self.port = viewer.port
        self.cookie = ""
        self.origin = f"http{'' if tls is None else 's'}://127.0.0.1:{viewer.port}"
        self._context = None if tls is None else ssl.create_default_context(cafile=tls.certificate)
        self._source = (source, 0)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        where = ("127.0.0.1", self.port)
        connection = (
            http.client.HTTPConnection(*where, timeout=10, source_address=self._source)
            if self._context is None
            else http.client.HTTPSConnection(*where, timeout=10, source_address=self._source, context=self._context)
        )
        own = {"cookie": self.cookie} if self.cookie else {}
        try:
            connection.request(
                method, path, body, own | {name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            if "set-cookie" in told:
                self.cookie = "" if "Max-Age=0" in told["set-cookie"] else told["set-cookie"].split(";")[0]
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def post(self, path: str, content: Any, **headers: str) -> Answer:
        """As a page does."""
        token = self.ask("/api/me").json["csrf"]
        kept = {"origin": self.origin, "x-csrf-token": token, "content-type": "application/json"}
        return self.ask(path, "POST", json.dumps(content).encode(), **(kept | headers))

    def login(self, name: str, password: str = PASSWORD) -> Answer:
        return self.post("/api/login", {"name": name, "password": password})
