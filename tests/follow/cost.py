"""What a follower of coils costs the line beside it: ``python -m tests.follow.cost [ROUNDS] [FRAMES/S]``.

The line is that of ``inspector bench wire``, real but for its networks, with masks and a subscriber that measures. Stretches with ``inspector coil follow``
beside it and without alternate in one run. Then a follower alone over 100,000 frames: its time and its memory.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from inspector.bench.wire.arm import LIVE_HZ, MIXED
from inspector.bench.wire.line import WireLine
from inspector.bench.wire.threads import spent_by
from inspector.client import Subscriber
from inspector.coil.config import CoilConfig
from inspector.follow.following import Following
from inspector.service.process import spare_collector
from tests.cli.command import COMMAND
from tests.coil.endless import endless
from tests.coil.exam import _resident_mib
from tests.coil.strip import Camera

SECONDS = 6.0
_WARM_UP = 200
_FRAMES = 100_000
_LOOK_EVERY = 300


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of frames."""

    follower: bool
    latency_us: list[int]
    uninspected: int
    missed: int
    """Messages that the subscriber did not get."""
    line_cpu_us: float
    """Of a frame, the line's processes together."""
    follower_cpu_us: float = 0.0


def stretch(line: WireLine, folder: Path, rate_hz: float, follower: bool) -> Stretch:
    """Frames for ``SECONDS`` at this rate, with a follower beside the line or without."""
    process, cpu_ns = None, 0
    if follower:
        process = _started(line, folder)
        cpu_ns = spent_by(process.pid).cpu_ns
    else:
        line.run(MIXED, _WARM_UP, rate_hz)
    frames = int(rate_hz * SECONDS)
    found = line.run(MIXED, frames, rate_hz)
    if process is not None:
        cpu_ns = spent_by(process.pid).cpu_ns - cpu_ns
        process.send_signal(signal.SIGTERM)
        if process.wait(60):
            raise SystemExit(f"the follower ended with exit status {process.returncode}")
    return Stretch(
        follower=follower,
        latency_us=found.heard.latency_us,
        uninspected=found.uninspected,
        missed=found.heard.missed,
        line_cpu_us=sum(found.cpu_us.values()) + found.child_cpu_us,
        follower_cpu_us=cpu_ns / frames / 1e3,
    )


def _started(line: WireLine, folder: Path) -> subprocess.Popen[bytes]:
    """A follower that has heard of the line's run."""
    endpoint = f"ipc://{folder}/coil"
    config = folder / "coil.yaml"
    config.write_text(f"follow: {{endpoint: '{line.line.results.endpoint}', publish: '{endpoint}', every_s: 1}}\n")
    process = subprocess.Popen([*COMMAND, "coil", "follow", "-c", str(config), "--log-level", "error"])
    with Subscriber(endpoint) as ear:
        for _ in range(100):
            line.run(MIXED, _WARM_UP // 2, LIVE_HZ)
            if ear.receive(100) is not None:
                return process
    raise SystemExit("the follower was not heard")


def beside(rounds: int, rate_hz: float) -> None:
    """The table of the line with and without a follower."""
    found: list[Stretch] = []
    with tempfile.TemporaryDirectory() as folder, WireLine(Path(folder), coil=True) as line:
        spare_collector()
        line.run(MIXED, _WARM_UP)
        for number in range(rounds):
            for follower in (False, True) if number % 2 else (True, False):
                found.append(stretch(line, Path(folder), rate_hz, follower))
    print(f"{rounds} rounds of {SECONDS:g} s each way at {rate_hz:g} frames/s, {MIXED.percent} % of them with {MIXED.defects} defects, with masks; {os.cpu_count()} cores")  # fmt: skip
    print(
        "| follower | latency p50, ms | p99, ms (each round) | p99, ms | worst, ms | uninspected | not heard | line, us of CPU a frame | follower, us of CPU a frame |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for follower in (False, True):
        mine = [one for one in found if one.follower is follower]
        every = np.concatenate([one.latency_us for one in mine]) / 1000
        each = " ".join(f"{np.quantile(one.latency_us, 0.99) / 1000:.1f}" for one in mine)
        print(
            f"| {'on' if follower else 'off'} | {np.median(every):.2f} | {each} | {np.quantile(every, 0.99):.2f} | {every.max():.1f} | "
            f"{sum(one.uninspected for one in mine)} | {sum(one.missed for one in mine)} | {np.mean([one.line_cpu_us for one in mine]):.0f} | "
            f"{np.mean([one.follower_cpu_us for one in mine]):.0f} |"
        )


def alone() -> None:
    """The table of a follower by itself, from the messages to what it publishes."""
    random = np.random.default_rng(3)
    masks = [np.zeros((256, 1600), np.uint8) for _ in range(30)]
    for mask in masks[::3]:
        for _ in range(3):
            y, x = random.integers(0, 180), random.integers(0, 1500)
            mask[y : y + 60, x : x + 35] |= np.uint8(1 << int(random.integers(2)))
    camera = Camera("a", (0, 1600), 256, axis="y")
    following = Following("coil", CoilConfig())
    print("\n| frames | us of CPU a frame since the line before | resident, MiB |")
    print("|---|---|---|")
    begun, since, bodies = time.process_time(), 0, 0
    for number, packet in enumerate(islice(endless(camera, masks), _FRAMES + 1)):
        bodies += sum(1 for body in following.feed(packet) if msgspec.json.encode(body))
        if number % _LOOK_EVERY == 0:
            bodies += sum(1 for body in following.look() if msgspec.json.encode(body))
        if number in (1000, _FRAMES // 4, _FRAMES // 2, _FRAMES):
            now = time.process_time()
            print(f"| {number:,} | {1e6 * (now - begun) / (number - since):.0f} | {_resident_mib():.0f} |", flush=True)
            begun, since = time.process_time(), number
    print(f"{bodies:,} messages")


if __name__ == "__main__":
    beside(int(sys.argv[1]) if len(sys.argv) > 1 else 7, float(sys.argv[2]) if len(sys.argv) > 2 else LIVE_HZ)
    alone()
