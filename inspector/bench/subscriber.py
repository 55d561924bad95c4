"""The line's subscriber in a measurement: a process of its own that receives and decodes every message and counts results.

``python -m inspector.bench.subscriber ENDPOINT`` prints a line with the first message, and its counts when the line has stopped.
"""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec

from inspector.client.events import Missed
from inspector.client.subscriber import Subscriber
from inspector.errors import UserError
from inspector.protocol.codec import Packet
from inspector.protocol.messages import LineState, ResultBody, StatusBody

FIRST_S = 10.0
"""Longest time to the first message; a line sends several each second."""
ENDED_S = 5.0
"""Longest time from the end of the line to the end of the process."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What the subscriber got."""

    results: int
    missed: int
    """Messages that it did not get because it read too slowly."""


class SubscriberProcess:
    """Runs the subscriber. ``start`` after the line, ``close`` after the line has stopped."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self, endpoint: str) -> None:
        """Start the process and wait until it receives. Raises UserError where it ends instead."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, endpoint],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C must not end it before the line
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            self._process.wait()
            raise UserError(f"the subscriber of the measured line, on {endpoint}, ended at once; its error is above")

    def close(self) -> Received:
        """Wait for the end of the process; its counts, which are 0 where it was not started or had to be ended."""
        counts = ""
        if self._process is not None:
            try:
                counts, _ = self._process.communicate(timeout=ENDED_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
        return msgspec.json.decode(counts, type=Received) if counts else Received(results=0, missed=0)


def main(endpoint: str) -> None:
    """Receive until the line says that it has stopped, or the process that started this one is gone."""
    parent = os.getppid()
    results = missed = 0
    with Subscriber(endpoint, timeout_ms=int(FIRST_S * 1e3)) as subscriber:
        if next(iter(subscriber), None) is None:
            sys.exit(f"no message from {endpoint} within {FIRST_S:g} s")
        print("receiving", flush=True)
        stopped = False
        while not stopped and os.getppid() == parent:
            event = subscriber.receive(timeout_ms=500)
            if isinstance(event, Packet):
                results += isinstance(event.body, ResultBody)
                stopped = isinstance(event.body, StatusBody) and event.body.state is LineState.STOPPED
            elif isinstance(event, Missed) and not event.before_joining:
                missed += event.last_seq - event.first_seq + 1
    print(msgspec.json.encode(Received(results=results, missed=missed)).decode())


if __name__ == "__main__":
    main(sys.argv[1])
