"""CURVE: the publisher's keys, and which clients may connect (ZAP, ZeroMQ RFC 27)."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import zmq
from zmq.utils import z85

from inspector.config.results import CurveConfig
from inspector.errors import UserError
from inspector.protocol.keys import KeyFileError, open_to_others, read_key_file, read_secret_key_file
from inspector.results.brief_log import BriefLog

log = logging.getLogger(__name__)

_KEY = "results.curve.allowed_clients"
_REFUSALS_REMEMBERED = 1000
ZAP_ENDPOINT = "inproc://zeromq.zap.01"
_REQUESTS_PER_TURN = 256
_LET_IN = (b"200", b"OK")
_NO_CURVE = (b"400", b"CURVE expected")
_REFUSED = (b"400", b"not in the allow-list")
_LATER = (b"300", b"the allow-list cannot be read now")


class AllowList:
    """The clients that may connect: one ``*.key`` file each, read again whenever one of the files has changed."""

    def __init__(self, config: CurveConfig) -> None:
        """Raises UserError naming ``results.curve``, also for a single file of the list that cannot be used."""
        self._folder = Path(config.allowed_clients)
        secret_file = Path(config.secret_key)
        if not zmq.has("curve"):
            raise UserError("results.curve: this ZeroMQ was built without CURVE; install pyzmq from its binary wheel")
        try:
            self._public, self._secret = read_secret_key_file(secret_file)
        except KeyFileError as error:
            raise UserError(f"results.curve.secret_key: {error}") from None
        self.warning = open_to_others(secret_file)
        """Where others may read the secret key, one line that says so; else empty."""
        self.refused = 0
        """How often somebody was not let in, whatever the reason."""
        self._told: set[str] = set()
        self._keys: frozenset[str] = frozenset()
        self._let_in = BriefLog(log, logging.INFO, "subscribers that were let in")
        self._turned_away = BriefLog(log, logging.WARNING, "subscribers that were refused")
        self._readable = True
        try:
            self._seen = self._files()
        except OSError as error:
            raise UserError(
                f"{_KEY}: {self._folder} cannot be read: {error.strerror}; name a directory with one *.key file for each client"
            ) from None
        if damaged := self._read():
            raise UserError(f"{_KEY}: {damaged[0]}")

    def protect(self, data: zmq.Socket[bytes]) -> None:
        """Make ``data``, which is not bound yet, a CURVE server; ``answer`` then lets each client in or not."""
        data.setsockopt(zmq.CURVE_SERVER, 1)
        data.setsockopt(zmq.CURVE_PUBLICKEY, self._public)
        data.setsockopt(zmq.CURVE_SECRETKEY, self._secret)
        data.setsockopt(zmq.ZAP_DOMAIN, b"results")

    def answer(self, zap: zmq.Socket[bytes]) -> None:
        """Answer the requests that wait on ``zap``, a ROUTER socket bound to ``ZAP_ENDPOINT``."""
        for _ in range(_REQUESTS_PER_TURN):
            try:
                parts = zap.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            begin = parts.index(b"") + 1 if b"" in parts else 0
            envelope, request = parts[:begin], parts[begin:]
            status, key = _LATER, ""
            try:
                status, key = self._decide(request)
            finally:  # whatever happens: without an answer the client would wait
                self.refused += status is not _LET_IN
                number = request[1] if len(request) > 1 else b""
                zap.send_multipart([*envelope, b"1.0", number, *status, key.encode(), b""], zmq.NOBLOCK)

    def allows(self, key: str) -> bool:
        """Whether the owner of ``key`` is on the list, as it was read last."""
        return key in self._keys

    def look(self) -> None:
        """Read the list again if one of its files has changed."""
        try:
            files = self._files()
        except OSError as error:
            if self._readable:
                log.error(
                    "%s: %s cannot be read, nobody is let in: %s; let the service's user read it",
                    _KEY,
                    self._folder,
                    error.strerror,
                )
            self._readable, self._seen = False, ()
            return
        if files == self._seen and self._readable:
            return
        self._readable, self._seen = True, files
        self._told.clear()
        for damaged in self._read():
            log.error("%s: %s; this file is skipped, the others count", _KEY, damaged)
        log.info("%s: %d clients may connect now", _KEY, len(self._keys))

    def sum_up(self) -> None:
        """Log how many lines were left out."""
        self._let_in.sum_up()
        self._turned_away.sum_up()

    def _decide(self, request: list[bytes]) -> tuple[tuple[bytes, bytes], str]:
        """The answer to a request, and the name of the user in it: the client's key."""
        if len(request) < 7 or request[5] != b"CURVE" or len(request[6]) != 32:
            return _NO_CURVE, ""
        address, key = request[3].decode("ascii", "replace"), z85.encode(request[6]).decode()
        self.look()
        if not self._readable:
            return _LATER, ""
        if self.allows(key):
            self._let_in.write("subscriber %s is let in (%s)", key, address)
            return _LET_IN, key
        self._refused(key, address)
        return _REFUSED, ""

    def _refused(self, key: str, address: str) -> None:
        """Log a refusal once per key, because a client may connect many times."""
        if key in self._told:
            return
        if len(self._told) >= _REFUSALS_REMEMBERED:
            self._told.clear()
        self._told.add(key)
        self._turned_away.write(
            "subscriber %s from %s is refused: no file in %s (%s) holds this public key",
            key,
            address,
            self._folder,
            _KEY,
        )

    def _files(self) -> tuple[tuple[str | int, ...], ...]:
        """Name, size, times and inode of each file of the list: one of them changes when the file does."""
        found: list[tuple[str | int, ...]] = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(".key"):
                    try:
                        status = entry.stat()
                    except OSError:  # a link to nothing
                        found.append((entry.name,))
                    else:
                        times = status.st_mtime_ns, status.st_ctime_ns
                        found.append((entry.name, status.st_size, *times, status.st_ino))
        return tuple(sorted(found, key=lambda file: file[0]))

    def _read(self) -> list[str]:
        """Read every file of ``_seen``; return what is wrong with those that cannot be used."""
        keys, damaged = set(), []
        for name, *_ in self._seen:
            try:
                keys.add(read_key_file(self._folder / str(name)).public.decode())
            except KeyFileError as error:
                damaged.append(str(error))
        self._keys = frozenset(keys)
        return damaged
