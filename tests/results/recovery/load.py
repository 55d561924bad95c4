"""What recovery costs the live stream: ``python -m tests.results.recovery.load [SECONDS [BEHIND [ROUNDS]]]``.

A publisher sends results at the rate of a fast line, one in three with a mask, to a subscriber in a process of its own. Stretches
alternate: nobody asks for anything; a subscriber that is BEHIND results behind fetches them, as fast as it can, again and again; several clients flood the recovery
socket. For each: latency from verdict to arrival, and how many publications a second were fetched.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from inspector.frames.size import FrameSize
from inspector.protocol.masks import encode
from inspector.results.recovery.server import RecoveryState
from inspector.results.results import Results
from inspector.service.process import spare_collector
from tests.results.publishing import (
    BUNDLE,
    PASSED,
    REJECTED,
    RUN,
    START,
    eventually,
    make_identity,
    make_results,
    make_settled,
)
from tests.results.recovery.asking import address_of

RATE_HZ = 312.0
DEFAULT_BEHIND = 100_000

SUBSCRIBER = """
import json, sys, time, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.RCVHWM, 0)
socket.subscribe("v1/line1/cam1/result")
socket.connect(sys.argv[1])
print("ready", flush=True)
late = []
for line in sys.stdin:
    last = int(line)
    while True:
        topic, header, body, *blob = socket.recv_multipart()
        now_ns = time.time_ns()
        header = json.loads(header)
        late.append((now_ns - header["captured_unix_ns"]) / 1e6 - 4.0)
        if header["frame"] >= last:
            break
    print(json.dumps(late), flush=True)
    late = []
"""

BEHIND = """
import json, sys, time, zmq
socket = zmq.Context().socket(zmq.DEALER)
socket.connect(sys.argv[1])
epoch, behind = sys.argv[2], int(sys.argv[3])
def ask(first):
    do = {"request": "get", "line": "line1", "camera": "cam1", "epoch": epoch, "from": first, "to": behind - 1}
    socket.send(json.dumps({"recovery": 1, "id": str(first), "do": do}).encode())
print("ready", flush=True)
for line in sys.stdin:
    began, fetched, at = time.monotonic(), 0, 0
    until = began + float(line)
    while time.monotonic() < until:
        ask(at)
        reply, *parts = socket.recv_multipart()
        reply = json.loads(reply)
        if reply["outcome"] == "busy":
            time.sleep(reply["retry_ms"] / 1000)
            continue
        assert not reply["absent"], reply
        fetched += reply["publications"]
        at = reply["next"] or 0
    print(json.dumps(fetched / (time.monotonic() - began)), flush=True)
"""

FLOOD = """
import json, sys, time, zmq
context = zmq.Context()
epoch = sys.argv[2]
do = {"request": "get", "line": "line1", "camera": "cam1", "epoch": epoch, "from": 0, "to": 10**9}
good = json.dumps({"recovery": 1, "id": "flood", "do": do}).encode()
scan = json.dumps({"recovery": 1, "id": "flood", "do": {"request": "find", "run": "none of this name"}}).encode()
print("ready", flush=True)
for line in sys.stdin:
    until, sent = time.monotonic() + float(line), 0
    sockets = [context.socket(zmq.DEALER) for _ in range(16)]
    for socket in sockets:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(sys.argv[1])
    while time.monotonic() < until:
        for number, socket in enumerate(sockets):
            try:
                socket.send((good, scan, b"rubbish")[number % 3], zmq.NOBLOCK)
                sent += 1
                if number % 2:
                    socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                pass
        time.sleep(0.0005)
    for socket in sockets:
        socket.close()
    print(json.dumps(sent), flush=True)
"""


class Partner:
    """A process that does something when it is asked, and answers in JSON."""

    def __init__(self, program: str, *arguments: str) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", program, *arguments], stdin=-1, stdout=-1, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline()

    def begin(self, what: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        self._process.communicate()


class Live:
    """Publishes at the rate of the line."""

    def __init__(self, results: Results, next_frame: int) -> None:
        self._results = results
        rng = np.random.default_rng(1)
        self._outcomes = [PASSED, PASSED]
        for _ in range(8):
            mask = np.zeros((256, 1600), np.uint8)
            for _ in range(4):
                y, x = rng.integers(0, 200), rng.integers(0, 1400)
                mask[y : y + 50, x : x + 150] |= rng.integers(0, 3, (50, 150), np.uint8)[:, :1]
            bundle = msgspec.structs.replace(BUNDLE, size=FrameSize(256, 1600))
            self._outcomes.append(msgspec.structs.replace(REJECTED, mask=encode(mask), bundle=bundle))
        self.frame = next_frame

    def settle(self) -> None:
        outcome = self._outcomes[2 + self.frame % 8] if self.frame % 3 == 0 else PASSED
        self._results.settled(make_settled(self.frame, outcome))
        self.frame += 1

    def run(self, seconds: float) -> None:
        due_s = time.monotonic()
        for _ in range(round(seconds * RATE_HZ)):
            due_s += 1 / RATE_HZ
            time.sleep(max(0.0, due_s - time.monotonic()))
            self.settle()


def main(seconds: float = 1.0, behind: int = DEFAULT_BEHIND, rounds: int = 20) -> None:
    with tempfile.TemporaryDirectory() as folder:
        identity = make_identity()
        results = make_results(identity, Path(folder) / "journal.sqlite")
        results.start()
        results.begin("cam1", RUN, START)
        spare_collector()
        live = Live(results, 0)
        fill(results, live, behind)
        print(f"{behind} results in a journal of {(Path(folder) / 'journal.sqlite').stat().st_size >> 20} MiB")
        address = address_of(results)
        subscriber = Partner(SUBSCRIBER, results.endpoint)
        partners = {
            "alone": None,
            "recovery": Partner(BEHIND, address, identity.epoch, str(behind)),
            "flood": Partner(FLOOD, address, identity.epoch),
        }
        found: dict[str, list[list[float]]] = {name: [] for name in partners}
        rates: dict[str, list[float]] = {name: [] for name in partners}
        for _, (name, partner) in itertools.product(range(rounds), partners.items()):
            before, began_s = recovery(results).publications, time.monotonic()
            subscriber.begin(live.frame + round(seconds * RATE_HZ) - 1)
            if partner is not None:
                partner.begin(seconds)
            live.run(seconds)
            found[name].append(subscriber.answer())
            if partner is not None:
                partner.answer()
            rates[name].append((recovery(results).publications - before) / (time.monotonic() - began_s))
        for name, late in found.items():
            print(
                f"{name:9}{told(late)}; {np.median(rates[name]):.0f}/s = {np.median(rates[name]) / RATE_HZ:.1f} x live"
            )
        print(f"longest step {recovery(results).longest_step_s * 1000:.1f} ms; {recovery(results).requests}")
        for one in (subscriber, *partners.values()):
            if one is not None:
                one.end()
        results.close()


def told(late: list[list[float]]) -> str:
    """Of each stretch, because a machine that others use is slow for some of them: medians over the stretches; of all of them the percentiles."""
    each = np.array([[*np.percentile(one, [50, 99]), max(one)] for one in late])
    p50, p99, longest = np.median(each, axis=0)
    q99, q999 = np.percentile(np.concatenate(late), [99, 99.9])
    return f"p50 {p50:.2f} ms, p99 {p99:.2f}, max {longest:.2f}, medians of {len(late)} stretches; of all p99 {q99:.2f}, p99.9 {q999:.2f}"


def fill(results: Results, live: Live, behind: int) -> None:
    """Publish ``behind`` results, and wait until they are in the journal."""
    while live.frame < behind:
        live.settle()
        if live.frame % 500 == 0:
            eventually(lambda: results.snapshot().waiting < 1000 and journal_waiting(results) < 5000, 60)
    eventually(lambda: not results.snapshot().waiting and not journal_waiting(results), 60)


def journal_waiting(results: Results) -> int:
    state = results.snapshot().journal
    assert state is not None
    return state.waiting


def recovery(results: Results) -> RecoveryState:
    state = results.snapshot().recovery
    assert state is not None
    return state


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((float, int, int), sys.argv[1:], strict=False)))
