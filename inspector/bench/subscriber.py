"""The subscriber of a measurement, a process of its own: ``python -m inspector.bench.subscriber ENDPOINT``.

It receives and decodes every message, and takes the time from a frame's capture to the message's arrival here.
"""

from __future__ import annotations

import sys
import time

import msgspec

from inspector.bench.partner import Partner, give, requests
from inspector.client import Malformed, Missed, Packet, Subscriber
from inspector.errors import UserError
from inspector.protocol.messages import ResultBody

LONGEST_SILENCE_MS = 10_000


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """Receive until a message says that every frame up to ``last_frame`` has its verdict; -1: until the first message."""

    last_frame: int


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What came."""

    results: int
    missed: int
    """Messages that the publisher dropped because this process did not read fast enough."""
    malformed: int
    latency_us: list[int]
    """Capture to arrival of each result, microseconds."""
    complete: bool
    """False where nothing came for ``LONGEST_SILENCE_MS``."""


def answer_of(subscriber: Partner[Heard]) -> Heard:
    """Wait for the answer of a subscriber that was asked. Raises UserError where nothing came any more."""
    heard = subscriber.answer()
    if not heard.complete:
        raise UserError("the subscriber heard nothing more of the line; does something here block 127.0.0.1?")
    return heard


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What came over several requests."""

    results: int
    missed: int

    def and_also(self, heard: Heard) -> Received:
        """With what came of another request."""
        return Received(results=self.results + heard.results, missed=self.missed + heard.missed)


def main(endpoint: str) -> None:
    """Answer ``Listen`` with ``Heard`` until there are no more requests."""
    with Subscriber(endpoint, recovery=None) as subscriber:
        for request in requests(Listen):
            give(_listen(subscriber, request.last_frame))


def _listen(subscriber: Subscriber, last_frame: int) -> Heard:
    latency_us: list[int] = []
    missed = malformed = 0
    complete = False
    while not complete:
        event = subscriber.receive(LONGEST_SILENCE_MS)
        now_ns = time.time_ns()
        if event is None:
            break
        if isinstance(event, Packet):
            if isinstance(event.body, ResultBody) and event.header.captured_unix_ns is not None:
                latency_us.append((now_ns - event.header.captured_unix_ns) // 1000)
            # Where the last result was dropped, a heartbeat says so.
            complete = event.header.resolved_through >= last_frame
        elif isinstance(event, Missed) and not event.before_joining:
            missed += event.last_seq - event.first_seq + 1
        elif isinstance(event, Malformed):
            malformed += 1
    return Heard(results=len(latency_us), missed=missed, malformed=malformed, latency_us=latency_us, complete=complete)


if __name__ == "__main__":
    main(sys.argv[1])
