"""What a follower of coils costs the line beside it: ``python -m tests.follow.cost [ROUNDS] [FRAMES/S]``.

The line is that of ``inspector bench wire``, real but for its networks, with masks and a subscriber that measures. Stretches with ``inspector coil follow``
beside it and without alternate in one run. Then a follower alone over 100,000 frames: its time and its memory.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from inspector.bench.wire.arm import LIVE_HZ, MIXED
from inspector.bench.wire.line import WireLine
from inspector.client import Subscriber
from inspector.coil.config import CoilConfig
from inspector.follow.following import Following
from tests.bench.companion import WARM_UP, compare
from tests.cli.command import COMMAND
from tests.coil.endless import endless
from tests.coil.exam import _resident_mib
from tests.coil.strip import Camera

_FRAMES = 100_000
_LOOK_EVERY = 300


@contextmanager
def follower(line: WireLine, folder: Path) -> Iterator[int]:
    """A follower that has heard of the line's run."""
    endpoint = f"ipc://{folder}/coil"
    config = folder / "coil.yaml"
    config.write_text(f"follow: {{endpoint: '{line.line.results.endpoint}', publish: '{endpoint}', every_s: 1}}\n")
    process = subprocess.Popen([*COMMAND, "coil", "follow", "-c", str(config), "--log-level", "error"])
    with Subscriber(endpoint) as ear:
        for _ in range(100):
            line.run(MIXED, WARM_UP // 2, LIVE_HZ)
            if ear.receive(100) is not None:
                break
        else:
            raise SystemExit("the follower was not heard")
    yield process.pid
    process.send_signal(signal.SIGTERM)
    if process.wait(60):
        raise SystemExit(f"the follower ended with exit status {process.returncode}")


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
    compare(
        "follower",
        follower,
        int(sys.argv[1]) if len(sys.argv) > 1 else 7,
        float(sys.argv[2]) if len(sys.argv) > 2 else LIVE_HZ,
    )
    alone()
