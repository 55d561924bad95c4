"""A long run with everything that holds slots: a second bundle beside the first, a slow observer, children killed at random.

    python -m tests.line.soak --frames 20000

Prints what came of it as JSON; exit status 1 where a frame has not exactly one verdict, a slot is lost or memory grows. ``--leak`` keeps
a little of each frame, to see that the check of the memory would notice.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from engines.bundle import Bundle
from inspector.bench.memory import pss_bytes, slope
from inspector.frames.leased_frame import Inspected
from inspector.frames.leases import Holder, Lease
from inspector.inference.state import State
from inspector.line.line import Line
from tests.line.accounting import account
from tests.line.conftest import tiny_config
from tests.line.sources import ListCamera
from tests.tiny_bundle import frame_with, make_tiny_bundle

HOLD_S = 0.02
"""How long the slow observer looks at a frame."""
LEAK_BYTES = 1024


class SlowObserver:
    """Takes whatever lease it is given, and looks at the pixels much later than the verdict, in a thread of its own."""

    def __init__(self, leak: bool) -> None:
        self.holder = Holder("slow observer", observer=True)
        self.looked = self.refused = self.wrong = self.shadows = 0
        self.line: Line | None = None
        self._leak = leak
        self._kept: list[bytes] = []
        self._leases: queue.SimpleQueue[tuple[Lease, np.ndarray] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def inspected(self, inspected: Inspected) -> None:
        """Every frame on its path."""
        self.shadows += inspected.frame.shadow
        assert self.line is not None
        lease = inspected.frame.lease.share(self.holder)
        if self._leak:
            self._kept.append(bytes(LEAK_BYTES))
        if lease is None:
            self.refused += 1
        else:
            self._leases.put((lease, self.line.ring.pixels(lease, self.line.size).copy()))

    def end(self) -> None:
        """Look at what is left, and stop."""
        self._leases.put(None)
        self._thread.join(20)

    def _look(self) -> None:
        while (held := self._leases.get()) is not None:
            lease, then = held
            time.sleep(HOLD_S)
            assert self.line is not None
            self.wrong += not np.array_equal(self.line.ring.pixels(lease, self.line.size), then)
            self.looked += 1
            lease.release()


def soak(directory: Path, frames: int, rate_hz: float, seed: int, leak: bool = False) -> dict[str, Any]:
    """Run the line over ``frames`` frames and say what came of it."""
    first, second = bundles(directory)
    observer = SlowObserver(leak)
    rng = random.Random(seed)
    pool = [frame_with([]), frame_with([(192, 3), (64, 2)]), frame_with([(192, 5)])]
    camera = ListCamera((pool[n % 3] for n in range(frames)), rate_hz=rate_hz)
    config = tiny_config(
        first.path,
        directory / "journal.sqlite",
        ring={"slots": 16, "observer_slots": 6},
        inference={"restart_first_s": 0.02, "restart_longest_s": 0.05},
    )
    line = Line(config, first, sources={"top": camera}, observers=[observer])
    observer.line = line
    # Room for all samples from the start: a list of them would grow along with what it measures.
    samples, taken = np.full((100_000, 2), -1.0), 0
    kills = 0
    with line:
        stop = threading.Event()
        assert line.start(stop)
        loaded = line.bundles.load(second)
        line.inference.shadow(loaded)
        next_kill = time.monotonic() + 1.0

        def tick() -> None:
            nonlocal kills, next_kill, taken
            counts = line.ledger.counts().get("top")
            if counts is not None:
                samples[taken] = counts.frames, pss_bytes(os.getpid())
                taken += 1
            if time.monotonic() > next_kill:
                victim = rng.choice([line.inference.active, loaded])
                pid = victim.supervisor.child_pid
                if pid is not None and victim.supervisor.state is State.READY:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, rng.choice([signal.SIGKILL, signal.SIGSEGV]))
                        kills += 1
                next_kill = time.monotonic() + rng.uniform(0.3, 1.5)

        line.wait(stop, tick=tick, tick_s=0.05)
        observer.end()
        for dispatcher in (line.inference.active, loaded):
            until = time.monotonic() + 20
            while dispatcher.held and time.monotonic() < until:
                time.sleep(0.01)
        line.inference.unload(loaded)
        free, observed = line.ring.leases.free, line.ring.leases.observed
    found = account(directory / "journal.sqlite")  # asserts one verdict a frame
    memory = slope(samples[taken // 3 : taken], frames)
    return {
        "frames": len(found.verdicts),
        "reasons": dict(found.reasons),
        "late": len(found.late),
        "children killed": kills,
        "shadow results offered": observer.shadows,
        "observer": {"looked": observer.looked, "refused": observer.refused, "pixels changed": observer.wrong},
        "slots free at the end": f"{free} of {line.ring.leases.slots}",
        "slots observed at the end": observed,
        "memory bytes per frame": [memory.low, memory.bytes_per_frame, memory.high],
        "memory MiB": [memory.first_mib, memory.last_mib],
        "sound": len(found.verdicts) == frames
        and (free, observed, observer.wrong) == (line.ring.leases.slots, 0, 0)
        and not memory.leaks,
    }


def bundles(directory: Path) -> tuple[Bundle, Bundle]:
    """The line's, and one of other classes and another threshold."""
    return (
        make_tiny_bundle(directory / "tiny"),
        make_tiny_bundle(directory / "grey", name="grey", levels={"bright": 192.0, "plain": 100.0}, gate_threshold=0.1),
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=300.0, help="frames per second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leak", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="inspector-soak-") as directory:
        found = soak(Path(directory), options.frames, options.rate, options.seed, options.leak)
    print(json.dumps(found, indent=2))
    return 0 if found["sound"] else 1


if __name__ == "__main__":
    sys.exit(main())
