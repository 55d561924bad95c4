"""A subscriber in a process of its own, and what it received.

    python -m tests.faults.watching ENDPOINT FILE SINCE [SERVER_KEY CLIENT_KEY]

The process writes each message and each event to ``FILE`` as it gets it, a JSON line each. ``Watcher`` starts such a process and reads along.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import msgspec

from inspector.client import Packet, Subscriber
from inspector.client.events import Event, Malformed
from inspector.protocol.codec import decode, encode
from inspector.protocol.messages import HeartbeatBody, ResultBody, StatusBody

ROOT = Path(__file__).parents[2]
PREFIX = "v1/"


class Watcher:
    """The process, and what it received so far."""

    def __init__(
        self,
        endpoint: str,
        file: Path,
        launch: tuple[str, ...] = (),
        keys: tuple[str, str] | None = None,
        since: str = "now",
    ) -> None:
        """``launch``: a command before the process' own, such as one that enters a network namespace. ``keys``: files with the daemon's
        public key and its own secret one. ``since``: where it begins, ``now`` or ``epoch``."""
        self.packets: list[Packet] = []
        """Without heartbeats."""
        self.inspected: list[int] = [0]
        """How many of the first n messages are verdicts on pixels."""
        self.heard_s = 0.0
        """When the last message came, monotonic, by its own process."""
        self.beats: list[tuple[float, Packet]] = []
        """Heartbeats, and when they came."""
        self.events: list[dict[str, object]] = []
        """What came besides the messages: ``event`` is the name, the rest its figures."""
        self.process = subprocess.Popen(
            [*launch, sys.executable, "-m", "tests.faults.watching", endpoint, str(file), since, *(keys or ())],
            cwd=ROOT,
        )
        file.touch()
        self._file = file.open(encoding="utf-8")
        self._rest = ""

    def read(self) -> None:
        """Take what was written since."""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            self._take(json.loads(line))

    def _take(self, event: dict[str, object]) -> None:
        if "header" not in event:
            self.events.append(event)
            return
        self.heard_s = float(event["s"])  # type: ignore[arg-type]
        blob = b64decode(str(event["blob"]))
        parts = [str(event[part]).encode() for part in ("topic", "header", "body")]
        packet = decode([*parts, blob] if blob else parts)
        if isinstance(packet.body, HeartbeatBody):
            self.beats.append((self.heard_s, packet))
        else:
            self.packets.append(packet)
            judged = isinstance(packet.body, ResultBody) and packet.body.gate_score is not None
            self.inspected.append(self.inspected[-1] + judged)

    @property
    def seq(self) -> int:
        """The last number; -1 before the first."""
        return next((packet.header.seq for packet in reversed(self.packets) if packet.header.seq is not None), -1)

    def told(self, code: str, about: str = "", since: int = 0) -> bool:
        """Whether a status with this code came, behind the first ``since`` messages, and ``about`` is in its text."""
        return any(
            isinstance(packet.body, StatusBody) and packet.body.code == code and about in packet.body.text
            for packet in self.packets[since:]
        )

    def saw(self, event: str) -> bool:
        """Whether there was such an event."""
        return any(one["event"] == event for one in self.events)

    def stop(self) -> None:
        """SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it, and take the rest."""
        self.kill()
        self.read()
        self._file.close()


def _line(event: Event) -> dict[str, object]:
    if not isinstance(event, Packet):
        named: dict[str, object] = {"event": type(event).__name__}
        return named | ({"reason": event.reason} if isinstance(event, Malformed) else msgspec.to_builtins(event))
    topic, header, body = encode(event.header, event.body)
    parts: dict[str, object] = {"topic": topic.decode(), "header": header.decode(), "body": body.decode()}
    return {"s": time.monotonic(), **parts, "blob": b64encode(event.blob).decode()}


def main() -> None:
    """Be the process."""
    endpoint, path, since, *keys = sys.argv[1:]
    begin: Any = since
    server, client = (Path(key) for key in keys) if keys else (None, None)
    parent = os.getppid()
    with (
        Subscriber(endpoint, PREFIX, server_key=server, client_key=client, since=begin) as subscriber,
        open(path, "a", encoding="utf-8") as file,
    ):
        while os.getppid() == parent:
            event = subscriber.receive(200)
            if event is not None:
                file.write(json.dumps(_line(event)) + "\n")
                file.flush()


if __name__ == "__main__":
    main()
