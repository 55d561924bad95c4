"""A publisher that says whatever a test wants, well-formed or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import zmq

HEADER = {
    "protocol": 1, "type": "result", "line": "line1", "camera": "cam1", "epoch": "epoch-a", "run": "coil-7", "recipe": None, "part": None,
    "seq": 0, "frame": 0, "position_um": None, "travel_um": None, "position_source": None, "encoder": None, "camera_ns": None,
    "camera_clock": None, "flat_field": None, "captured_unix_ns": 1795471200016666667, "deadline_unix_ns": None,
    "published_unix_ns": 1795471200048166667, "resolved_through": 0, "bundle": "demo", "operating_point": "op", "calibration": None,
    "durable": True, "simulated": True,
}  # fmt: skip
RESULT = {
    "verdict": "PASS", "reason": "gate_clean", "detail": "", "gate_score": 0.01, "pixels": {}, "defect_pixels": {}, "defects": [], "name": "",
    "latency_us": 100, "mask": None,
}  # fmt: skip
_OF_NO_FRAME = {"seq": None, "frame": None, "captured_unix_ns": None}


class Speaker:
    """Bound to a free port; a context manager."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"

    def __enter__(self) -> Speaker:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def await_subscriber(self) -> None:
        """Wait for a subscription."""
        assert self._socket.poll(10_000), "nobody has subscribed"
        assert self._socket.recv()[:1] == b"\1"

    def send(self, parts: Sequence[bytes]) -> None:
        """A message as it is."""
        self._socket.send_multipart(parts)

    def result(self, seq: int, body: dict[str, Any] | None = None, **header: Any) -> None:
        """A PASS of the frame with the number ``seq``, or what is said instead."""
        self._say({"seq": seq, "frame": seq, **header}, RESULT | (body or {}))

    def heartbeat(self, last_seq: int, recovery: str | None = None, **header: Any) -> None:
        """A heartbeat that promises the next one in 100 ms."""
        body = {"last_seq": last_seq, "state": "running", "interval_ms": 100, "recovery": recovery}
        self._say({"type": "heartbeat", **_OF_NO_FRAME, **header}, body)

    def _say(self, header: dict[str, Any], body: dict[str, Any]) -> None:
        header = HEADER | header
        topic = f"v1/{header['line']}/{header['camera']}/{header['type']}"
        self.send([topic.encode(), json.dumps(header).encode(), json.dumps(body).encode()])
