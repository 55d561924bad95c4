"""CURVE: the publisher's keys, and which clients may connect."""

from __future__ import annotations

import logging
from pathlib import Path

import zmq

from inspector.config.results import CurveConfig
from inspector.errors import UserError
from inspector.protocol.keys import KeyFileError, open_to_others, read_secret_key_file
from inspector.results.brief_log import BriefLog
from inspector.results.key_folder import KeyFolder, Refusals
from inspector.results.zap import LATER, LET_IN, REFUSED, Answer, answer_all

log = logging.getLogger(__name__)

_KEY = "results.curve.allowed_clients"


class AllowList:
    """The clients that may connect."""

    def __init__(self, config: CurveConfig) -> None:
        """Raises UserError naming ``results.curve``, also for a single file of the list that cannot be used."""
        folder = Path(config.allowed_clients)
        secret_file = Path(config.secret_key)
        self._public, self._secret = server_keys(secret_file, "results.curve")
        self.warning = open_to_others(secret_file)
        """Where others may read the secret key, one line that says so; else empty."""
        self.refused = 0
        """How often somebody was not let in, whatever the reason."""
        self._let_in = BriefLog(log, logging.INFO, "subscribers that were let in")
        self._turned_away = Refusals(log, "subscribers that were refused")
        try:
            self._keys = KeyFolder(folder, _KEY, log)
        except OSError as error:
            raise UserError(
                f"{_KEY}: {folder} cannot be read: {error.strerror}; name a directory with one *.key file for each client"
            ) from None
        if self._keys.damaged:
            raise UserError(f"{_KEY}: {self._keys.damaged[0]}")

    def protect(self, data: zmq.Socket[bytes]) -> None:
        """Make ``data``, which is not bound yet, a CURVE server; ``answer`` then lets each client in or not."""
        protect(data, self._public, self._secret, b"results")

    def answer(self, zap: zmq.Socket[bytes]) -> None:
        """Answer the requests that wait on ``zap``, a ROUTER socket bound to ``ZAP_ENDPOINT``."""
        self.refused += answer_all(zap, self._decide)

    def allows(self, key: str) -> bool:
        """Whether the owner of ``key`` is on the list, as it was read last."""
        return key in self._keys.names

    def look(self) -> None:
        """Read the list again if one of its files has changed."""
        if self._keys.look():
            self._turned_away.forget()

    def sum_up(self) -> None:
        """Log how many lines were left out."""
        self._let_in.sum_up()
        self._turned_away.sum_up()

    def _decide(self, key: str, address: str) -> Answer:
        self.look()
        if not self._keys.readable:
            return LATER
        if self.allows(key):
            self._let_in.write("subscriber %s is let in (%s)", key, address)
            return LET_IN
        self._turned_away.tell(
            key,
            "subscriber %s from %s is refused: no file in %s (%s) holds this public key",
            key,
            address,
            self._keys.folder,
            _KEY,
        )
        return REFUSED


def server_keys(secret_file: Path, config_key: str) -> tuple[bytes, bytes]:
    """Public and secret key of a server. Raises UserError naming the section ``config_key``."""
    if not zmq.has("curve"):
        raise UserError(f"{config_key}: this ZeroMQ was built without CURVE; install pyzmq from its binary wheel")
    try:
        return read_secret_key_file(secret_file)
    except KeyFileError as error:
        raise UserError(f"{config_key}.secret_key: {error}") from None


def protect(data: zmq.Socket[bytes], public: bytes, secret: bytes, domain: bytes) -> None:
    """Make ``data``, which is not bound yet, a CURVE server with these keys."""
    data.setsockopt(zmq.CURVE_SERVER, 1)
    data.setsockopt(zmq.CURVE_PUBLICKEY, public)
    data.setsockopt(zmq.CURVE_SECRETKEY, secret)
    data.setsockopt(zmq.ZAP_DOMAIN, domain)
