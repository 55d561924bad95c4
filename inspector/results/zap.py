"""Answers libzmq's questions who may connect (ZAP, ZeroMQ RFC 27)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import zmq
from zmq.utils import z85

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
"""One for each context."""
_REQUESTS_PER_TURN = 256


class Answer(NamedTuple):
    """Status and text of an answer."""

    status: bytes
    text: bytes


LET_IN = Answer(b"200", b"OK")
NO_CURVE = Answer(b"400", b"CURVE expected")
REFUSED = Answer(b"400", b"no key that is let in")
LATER = Answer(b"300", b"the keys cannot be read now")
"""A client that is told so tries again by itself."""


class Entrance(Protocol):
    """Who may connect, by key."""

    def answer(self, zap: zmq.Socket[bytes]) -> None:
        """Answer the requests that wait on ``zap``, a ROUTER socket bound to ``ZAP_ENDPOINT``."""

    def allows(self, key: str) -> bool:
        """Whether the owner of ``key`` may still be connected."""

    def look(self) -> None:
        """Read the keys again if they have changed."""

    def sum_up(self) -> None:
        """Log how many lines were left out."""


def answer_all(zap: zmq.Socket[bytes], decide: Callable[[str, str], Answer]) -> int:
    """Answer the requests that wait on ``zap``; ``decide(key, address)`` is asked about each client that uses CURVE. The user of a
    connection that is let in is the client's key. Returns how many were not let in."""
    refused = 0
    for _ in range(_REQUESTS_PER_TURN):
        try:
            parts = zap.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            break
        begin = parts.index(b"") + 1 if b"" in parts else 0
        envelope, request = parts[:begin], parts[begin:]
        answer, key = LATER, ""
        try:
            answer, key = _decided(request, decide)
        finally:  # whatever happens: without an answer the client would wait
            refused += answer is not LET_IN
            number = request[1] if len(request) > 1 else b""
            zap.send_multipart([*envelope, b"1.0", number, *answer, key.encode(), b""], zmq.NOBLOCK)
    return refused


def _decided(request: list[bytes], decide: Callable[[str, str], Answer]) -> tuple[Answer, str]:
    """The answer to a request, and the name of the user in it."""
    if len(request) < 7 or request[5] != b"CURVE" or len(request[6]) != 32:
        return NO_CURVE, ""
    address, key = request[3].decode("ascii", "replace"), z85.encode(request[6]).decode()
    answer = decide(key, address)
    return answer, key if answer is LET_IN else ""
