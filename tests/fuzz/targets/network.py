"""What comes over the network beside results and commands: answers of cameras, questions who may connect."""

from __future__ import annotations

import functools
import socket
import struct
from collections.abc import Iterator

import zmq

from inspector.capture.genicam.gige_search import read_answer
from inspector.results.zap import LET_IN, REFUSED, answer_all
from tests.fuzz.target import MARK, Target, joined, parts_of, require


def discovery(data: bytes) -> None:
    """A packet that came in answer to a search for cameras."""
    found = read_answer(data, "eth0")
    if found is not None:
        socket.inet_aton(found.address)
        require(len(found.serial) <= 16 and len(found.vendor) <= 32, "a text that is longer than its field")


def discovery_seeds() -> Iterator[bytes]:
    """The answer of a camera."""
    body = bytearray(0xF8)
    body[10:16], body[36:40] = b"\x00\x11\x22\x33\x44\x55", bytes((10, 0, 0, 7))
    for at, text in ((72, b"Vendor"), (104, b"Model X"), (216, b"S123")):
        body[at : at + len(text)] = text
    yield struct.pack("!HHHH", 0, 3, len(body), 1) + bytes(body)


class _Questions:
    """A pair of sockets as libzmq has it for its questions, in this process."""

    def __init__(self) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.server = self._context.socket(zmq.ROUTER)
        self.server.bind("inproc://questions")
        self.client = self._context.socket(zmq.DEALER)
        self.client.connect("inproc://questions")

    def close(self) -> None:
        """Close both."""
        self._context.destroy(linger=0)


_questions = functools.cache(_Questions)


def close() -> None:
    """Close the sockets."""
    _questions().close()
    _questions.cache_clear()


def question(data: bytes) -> None:
    """A question in any parts gets one answer, and it lets nobody in without a key that is known."""
    sockets, parts = _questions(), [b"", *parts_of(data, 12)]
    known = bytes(32)
    sockets.client.send_multipart(parts)
    answer_all(sockets.server, lambda key, address: LET_IN if address == "10.0.0.7" else REFUSED)
    answers = []
    while sockets.client.poll(0):
        answers.append(sockets.client.recv_multipart())
    require(len(answers) == 1, f"{len(answers)} answers to a question")
    request = parts[1:]
    with_key = len(request) >= 7 and request[5] == b"CURVE" and len(request[6]) == len(known)
    require(with_key or b"200" not in answers[0], "somebody without a key is let in")


def question_seeds() -> Iterator[bytes]:
    """As libzmq asks for a client with CURVE, and for one without."""
    for address in (b"10.0.0.7", b"10.0.0.8"):
        yield joined(b"1.0", b"1", b"results", address, b"", b"CURVE", bytes(range(32)))
    yield joined(b"1.0", b"1", b"results", b"10.0.0.7", b"", b"NULL")


TARGETS = (
    Target("camera_search", discovery, discovery_seeds, longest=600),
    Target(
        "admission", question, question_seeds, (MARK, b"CURVE", b"NULL", b"1.0", bytes(32)), close=close, longest=400
    ),
)
