"""Subscribes to a line and says, a JSON object a line, what has arrived: `python -m tests.service_check.listen ENDPOINT LINE`.

A process of its own, because it runs in the network namespace of the container. It ends with SIGTERM, after a last object.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from typing import Any

from inspector.client import Missed, Packet, Subscriber
from inspector.protocol.messages import ChangeBody, EndBody, GapBody, ResultBody, StatusBody

SAY_EVERY_S = 0.1


class Heard:
    """What has arrived of one epoch."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.statuses: list[tuple[str, str, str]] = []
        """State, code and text."""
        self.changes: list[tuple[str, list[str]]] = []
        """Of each `change` message what was changed, and the rules from then on."""
        self.missed = 0
        self.ends = 0
        self.longest_gap_s = 0.0
        """Between two verdicts."""
        self.last_verdict_s = 0.0
        self.frames: set[int] = set()
        self.twice = 0
        """Frames that had more than one verdict."""

    def take(self, packet: Packet) -> None:
        """Count a message."""
        body = packet.body
        if isinstance(body, StatusBody):
            self.statuses.append((body.state.value, body.code, body.text))
        elif isinstance(body, ChangeBody):
            self.changes.append((body.why, list(body.rules)))
        elif isinstance(body, EndBody):
            self.ends += 1
        elif isinstance(body, ResultBody):
            assert packet.header.frame is not None
            self._verdict(body, range(packet.header.frame, packet.header.frame + 1))
        elif isinstance(body, GapBody):
            self._verdict(body, range(body.first, body.last + 1))

    def _verdict(self, body: ResultBody | GapBody, frames: range) -> None:
        now_s = time.monotonic()
        if self.last_verdict_s:
            self.longest_gap_s = max(self.longest_gap_s, now_s - self.last_verdict_s)
        self.last_verdict_s = now_s
        self.verdicts[body.verdict.value] += len(frames)
        self.reasons[body.reason.value] += len(frames)
        self.twice += sum(frame in self.frames for frame in frames)
        self.frames.update(frames)

    def summary(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "verdicts": self.verdicts, "reasons": self.reasons, "statuses": self.statuses, "changes": self.changes,
            "missed": self.missed, "ends": self.ends, "longest_gap_s": self.longest_gap_s,
            "last_verdict_s": self.last_verdict_s, "twice": self.twice,
            "absent": max(self.frames, default=-1) + 1 - len(self.frames),
        }  # fmt: skip


def main(endpoint: str, line: str) -> None:
    """Listen until SIGTERM."""
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    epochs: dict[str, Heard] = {}
    with Subscriber(endpoint, f"v1/{line}/", recovery=None) as subscriber:
        due_s = 0.0
        while not stopped:
            event = subscriber.receive(50)
            if isinstance(event, Packet):
                epochs.setdefault(event.header.epoch, Heard()).take(event)
            elif isinstance(event, Missed):
                epochs.setdefault(event.stream.epoch, Heard()).missed += event.last_seq - event.first_seq + 1
            if time.monotonic() >= due_s:
                due_s = time.monotonic() + SAY_EVERY_S
                _say(epochs, subscriber)
        _say(epochs, subscriber)


def _say(epochs: dict[str, Heard], subscriber: Subscriber) -> None:
    proven = {key.epoch: books.proven for key, books in subscriber.streams.items()}
    said = [{"epoch": epoch, "proven": proven.get(epoch, False)} | heard.summary() for epoch, heard in epochs.items()]
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
