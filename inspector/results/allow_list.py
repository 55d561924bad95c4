"""CURVE: the publisher's keys, and which clients may connect (ZAP, ZeroMQ RFC 27).

Decided in the publishing thread, which owns all sockets: a request comes once per connection and takes microseconds.
"""

from __future__ import annotations

import logging
from pathlib import Path

import zmq
import zmq.auth
from zmq.utils import z85

from inspector.config.results import CurveConfig
from inspector.errors import UserError

log = logging.getLogger(__name__)

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
_KEY_CHARACTERS = 40
_REFUSALS_REMEMBERED = 1000


class AllowList:
    """The clients that may connect: one ``*.key`` file each, read again whenever the directory changes."""

    def __init__(self, config: CurveConfig) -> None:
        """Raises UserError naming ``results.curve``."""
        self._folder = Path(config.allowed_clients)
        self._secret_file = Path(config.secret_key)
        if not zmq.has("curve"):
            raise UserError("results.curve: this ZeroMQ was built without CURVE; install pyzmq from its binary wheel")
        try:
            self._public, secret = zmq.auth.load_certificate(self._secret_file)
        except (OSError, ValueError) as error:
            raise UserError(f"results.curve.secret_key: {self._secret_file} cannot be read: {error}") from None
        if secret is None:
            raise UserError(
                f"results.curve.secret_key: {self._secret_file} holds no secret key; "
                "name the *.key_secret file that zmq.auth.create_certificates wrote beside it"
            )
        if len(self._public) != _KEY_CHARACTERS or len(secret) != _KEY_CHARACTERS:
            raise UserError(f"results.curve.secret_key: {self._secret_file} holds a key that is not 40 characters long")
        self._secret = secret
        self._told: set[str] = set()
        self._read_ns = -1
        self._keys: set[bytes] = set()
        try:
            self._read()
        except (OSError, ValueError) as error:
            raise UserError(f"results.curve.allowed_clients: {self._folder} cannot be read: {error}") from None

    def protect(self, data: zmq.Socket[bytes]) -> None:
        """Make ``data``, which is not bound yet, a CURVE server; ``answer`` then accepts or refuses each client."""
        data.setsockopt(zmq.CURVE_SERVER, 1)
        data.setsockopt(zmq.CURVE_PUBLICKEY, self._public)
        data.setsockopt(zmq.CURVE_SECRETKEY, self._secret)
        data.setsockopt(zmq.ZAP_DOMAIN, b"results")

    def answer(self, zap: zmq.Socket[bytes]) -> None:
        """Answer one request that waits on ``zap``, a REP socket bound to ``ZAP_ENDPOINT``."""
        parts = zap.recv_multipart(zmq.NOBLOCK)
        if len(parts) < 7 or parts[5] != b"CURVE" or len(parts[6]) != 32:
            zap.send_multipart([b"1.0", parts[1] if len(parts) > 1 else b"", b"400", b"CURVE expected", b"", b""])
            return
        address, key = parts[3].decode("ascii", "replace"), z85.encode(parts[6])
        if self._allows(key):
            log.info("subscriber %s is let in (%s)", key.decode(), address)
            zap.send_multipart([b"1.0", parts[1], b"200", b"OK", key, b""])
            return
        self._refused(key.decode(), address)
        zap.send_multipart([b"1.0", parts[1], b"400", b"not in the allow-list", b"", b""])

    def _refused(self, key: str, address: str) -> None:
        """Log a refusal once per key, because a client may connect many times."""
        if key in self._told:
            return
        if len(self._told) >= _REFUSALS_REMEMBERED:
            self._told.clear()
        self._told.add(key)
        log.warning(
            "subscriber %s from %s is refused: no file in %s (results.curve.allowed_clients) holds this public key",
            key,
            address,
            self._folder,
        )

    def _allows(self, key: bytes) -> bool:
        try:
            self._read()
        except (OSError, ValueError) as error:
            log.error(
                "results.curve.allowed_clients: %s cannot be read, the list stays as it was: %s", self._folder, error
            )
        return key in self._keys

    def _read(self) -> None:
        changed_ns = self._folder.stat().st_mtime_ns
        if changed_ns != self._read_ns:
            self._keys = {zmq.auth.load_certificate(file)[0] for file in sorted(self._folder.glob("*.key"))}
            self._read_ns = changed_ns
            self._told.clear()
