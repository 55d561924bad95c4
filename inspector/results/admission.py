"""Admits peers, by ZAP (ZeroMQ RFC 27): with CURVE those on the allow-list, and never many at a time.

The rate is limited because a new peer costs the publishing thread time, inside libzmq: it takes in the subscriptions of a peer that
floods it until the peer is cut off, and a peer that connects again at once would begin anew.
"""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

import zmq

from inspector.results.allow_list import AllowList

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
HANDSHAKE_MS = 5000
"""A peer that has not finished its handshake by then is disconnected."""
_AT_ONCE = 64
_PER_S = 10.0
_REQUESTS_PER_TURN = 256
_MOST_WAITING = 1024
_ADMITTED = (b"200", b"OK")
_LATER = (b"300", b"try again later")
_NO_CURVE = (b"400", b"CURVE expected")


class _Request(NamedTuple):
    """A peer in its handshake."""

    envelope: list[bytes]
    number: bytes
    user: str
    """Its public key; empty without CURVE."""
    address: str
    came_s: float


class Admission:
    """Answers the requests of one ZAP socket, a ROUTER. For one thread."""

    def __init__(self, allow_list: AllowList | None) -> None:
        """Without ``allow_list`` everybody is admitted."""
        self._allow_list = allow_list
        self._waiting: deque[_Request] = deque()
        self._places = float(_AT_ONCE)
        """How many peers may be admitted now."""
        self._counted_s = time.monotonic()

    def read(self, zap: zmq.Socket[bytes]) -> None:
        """Read the requests that wait on ``zap``."""
        for _ in range(_REQUESTS_PER_TURN):
            try:
                parts = zap.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            self._take(zap, parts)

    def admit(self, zap: zmq.Socket[bytes]) -> None:
        """Admit those who wait, as far as the rate allows."""
        if not self._waiting:
            return
        now_s = time.monotonic()
        self._places = min(_AT_ONCE, self._places + (now_s - self._counted_s) * _PER_S)
        self._counted_s = now_s
        while self._waiting and self._places >= 1:
            request = self._waiting.pop()  # the newest: those that have waited longest may have gone
            if now_s - request.came_s < HANDSHAKE_MS / 1000:
                self._places -= 1
                _answer(zap, request.envelope, request.number, _ADMITTED, request.user)
                if self._allow_list is not None:
                    self._allow_list.tell_admitted(request.user, request.address)

    def _take(self, zap: zmq.Socket[bytes], parts: list[bytes]) -> None:
        """Refuse a request, or let it wait for its turn. Every one gets an answer, whatever happens."""
        begin = parts.index(b"") + 1 if b"" in parts else 0
        envelope, request = parts[:begin], parts[begin:]
        number = request[1] if len(request) > 1 else b""
        refusal: tuple[bytes, bytes] | None = _LATER
        try:
            user, address = "", request[3].decode("ascii", "replace") if len(request) > 3 else ""
            if self._allow_list is None:
                refusal = None
            elif len(request) < 7 or request[5] != b"CURVE" or len(request[6]) != 32:
                refusal = _NO_CURVE
            else:
                user, refusal = self._allow_list.decide(request[6], address)
            if refusal is None:
                self._waiting.append(_Request(envelope, number, user, address, time.monotonic()))
        finally:
            if refusal is not None:
                _answer(zap, envelope, number, refusal)
        if len(self._waiting) > _MOST_WAITING:
            oldest = self._waiting.popleft()
            _answer(zap, oldest.envelope, oldest.number, _LATER)


def _answer(
    zap: zmq.Socket[bytes], envelope: list[bytes], number: bytes, status: tuple[bytes, bytes], user: str = ""
) -> None:
    zap.send_multipart([*envelope, b"1.0", number, *status, user.encode(), b""], zmq.NOBLOCK)
