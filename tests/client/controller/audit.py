"""Checks a reject controller from outside: what the line published, against what the PLC took. Shares no code with the controller.

For a test or a soak: feed ``heard`` from a subscription of its own and ``taken`` from the PLC, mark the stretches in which there were faults,
then look at ``wrong`` and ``held_back``. Sheets are ``sheet_um`` of strip; a frame is ``frame_um`` long.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import NamedTuple

import zmq

DECIDED_S = 0.1
"""A sheet is decided at most so long before the PLC has taken it."""


STARVED_S = 5.0
"""A message that was published on this machine and read by so much later was there all the time."""


class Spoken(NamedTuple):
    """The verdict of a frame as the line published it, and when: its own time where that is of this machine, else when it was read
    (monotonic s)."""

    start_um: int
    verdict: str
    at_s: float
    read_s: float
    """When this process read it."""


@dataclass
class Audit:
    """The account of one gate."""

    frame_um: int
    sheet_um: int
    cameras: tuple[str, ...]
    frames: dict[tuple[str, str, int], list[Spoken]] = field(default_factory=dict)
    """By epoch, camera and frame."""
    epochs: list[tuple[float, str]] = field(default_factory=list)
    """When each was heard first."""
    records: list[tuple[int, bool, float]] = field(default_factory=list)
    """Number, whether it passed, and when the PLC took it."""
    faults: list[tuple[float, float]] = field(default_factory=list)

    messages: list[tuple[dict[str, object], dict[str, object]]] = field(default_factory=list)
    """Header and body of each as it came."""
    read_s: dict[object, float] = field(default_factory=dict)
    """When the result with this time stamp of the camera was read."""

    def heard(self, header: dict[str, object], body: dict[str, object], at_s: float) -> None:
        """A message of the line."""
        self.messages.append((header, body))
        self.read_s[header["camera_ns"]] = at_s
        epoch = str(header["epoch"])
        if epoch not in [one for _, one in self.epochs]:
            self.epochs.append((at_s, epoch))
        if header["type"] != "result" or header["position_um"] is None or header["simulated"]:
            return
        published_s = int(str(header["published_unix_ns"])) / 1e9 - time.time() + time.monotonic()
        read_s = at_s
        if 0 < at_s - published_s < STARVED_S:  # this process may have had no time to read it when it came
            at_s = published_s
        key = epoch, str(header["camera"]), int(str(header["frame"]))
        self.frames.setdefault(key, []).append(
            Spoken(int(str(header["position_um"])), str(body["verdict"]), at_s, read_s)
        )

    def taken(self, number: int, passed: bool, at_s: float) -> None:
        """The PLC took over the verdict of a sheet."""
        self.records.append((number - (1 << 32) if number >= 1 << 31 else number, passed, at_s))

    def fault(self, begin_s: float, end_s: float) -> None:
        """Sheets may be rejected between these moments though they passed."""
        self.faults.append((begin_s, end_s))

    def wrong(self) -> list[str]:
        """Sheets that the PLC was told to pass without an in-time PASS of every frame of every camera that shows them."""
        found = []
        for number, passed, at_s in self.records:
            if passed and (problem := self._problem(number, at_s)):
                found.append(f"sheet {number}: {problem}")
        return found

    def read_late(self) -> int:
        """Sheets that passed rightly, and of which this process read a PASS only when the PLC had taken it."""
        found = 0
        for number, passed, at_s in self.records:
            if passed and not self._problem(number, at_s):
                start = number * self.sheet_um
                shown = [
                    spoken[0]
                    for spoken in self.frames.values()
                    if start - self.frame_um < spoken[0].start_um < start + self.sheet_um
                ]
                found += any(one.read_s > at_s >= one.at_s for one in shown)
        return found

    def passed(self) -> set[int]:
        """Sheets that the PLC passes in the end."""
        return {number for number, passed in {number: passed for number, passed, _ in self.records}.items() if passed}

    def held_back(self) -> list[int]:
        """Sheets outside of faults that the PLC was told to reject although everything passed in time."""
        last = {number: (passed, at_s) for number, passed, at_s in self.records}
        return [
            number
            for number, (passed, at_s) in last.items()
            if not passed
            and not any(begin <= at_s <= end for begin, end in self.faults)
            and not self._problem(number, at_s - DECIDED_S)
        ]

    def _problem(self, number: int, at_s: float) -> str:
        """Why the sheet must not pass; empty where it may."""
        begun = [epoch for since_s, epoch in self.epochs if since_s <= at_s]
        if not begun:
            return "nothing was heard of the line"
        start, end = number * self.sheet_um, (number + 1) * self.sheet_um
        for camera in self.cameras:
            shown = {
                frame: spoken
                for (epoch, name, frame), spoken in self.frames.items()
                if (epoch, name) == (begun[-1], camera)
                and spoken[0].start_um < end
                and spoken[0].start_um + self.frame_um > start
            }
            covered = start
            for frame, spoken in sorted(shown.items()):
                if len(spoken) > 1 or spoken[0].verdict != "PASS":
                    return f"camera {camera}, frame {frame}: {[one.verdict for one in spoken]}"
                if spoken[0].at_s > at_s:
                    return f"camera {camera}, frame {frame}: its PASS came {spoken[0].at_s - at_s:.3f} s after the PLC had it"
                if spoken[0].start_um > covered:
                    return f"camera {camera}: no PASS from {covered} to {spoken[0].start_um} um"
                covered = spoken[0].start_um + self.frame_um
            if covered < end:
                return f"camera {camera}: no PASS from {covered} to {end} um"
        return ""


class Ear(threading.Thread):
    """A subscription of its own, with plain sockets and JSON, that feeds an account."""

    def __init__(self, endpoint: str, line: str, audit: Audit) -> None:
        super().__init__(daemon=True)
        self._endpoint, self._prefix, self._audit = endpoint, f"v1/{line}/", audit
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        """Until it is closed."""
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        socket = context.socket(zmq.SUB)
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.subscribe(self._prefix)
        socket.connect(self._endpoint)
        while not self._ended.is_set():
            if socket.poll(50):
                parts = socket.recv_multipart()
                self._audit.heard(json.loads(parts[1]), json.loads(parts[2]), time.monotonic())
        context.destroy(linger=0)

    def close(self) -> None:
        """End."""
        self._ended.set()
        self.join(5)
