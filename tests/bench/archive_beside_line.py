"""What the archive costs the line: latency and losses with it and without, on one line, alternately.

Every frame is let through and holds a defect, so that nearly each is to be archived.

``python -m tests.bench.archive_beside_line --rate-hz 20 --repetitions 5``
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path

import numpy as np

from engines.bundle import find_bundle, read_bundle
from engines.files.writing import temporary_folder
from inspector.archive.keeper import Keeper
from inspector.bench.lines import BenchLine
from inspector.capture.simulator import SimulatorCamera
from inspector.config.archive import ArchiveConfig, KeptConfig
from inspector.config.inference import InferenceConfig
from inspector.config.simulator import SimulatorConfig

POOL = 48
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print a table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--bundle", default="demo")
    asked.add_argument("--runtime", default="auto")
    asked.add_argument("--rate-hz", type=float, default=20.0)
    asked.add_argument("--seconds", type=float, default=10.0)
    asked.add_argument("--repetitions", type=int, default=5)
    asked.add_argument("--format", default="png", choices=("png", "webp", "jpeg"))
    asked.add_argument("--deadline-ms", type=float, default=100.0)
    asked.add_argument("--folder", type=Path, help="Where the archive is made; default: TMPDIR.")
    given = asked.parse_args()
    bundle = read_bundle(find_bundle(given.bundle))
    pool = defective(bundle.height, bundle.width)
    found: dict[bool, list[np.ndarray]] = {True: [], False: []}
    lost: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    with temporary_folder("inspector-bench-archive-") as folder:
        archive = ArchiveConfig(
            path=str((given.folder or folder) / "archive"),
            reject=KeptConfig(format=given.format),
            scrap=KeptConfig(format=given.format),
        )
        inference = InferenceConfig(runtime=given.runtime, allow_cpu=True)
        with BenchLine(
            str(bundle.path), inference, pool, folder, deadline_ms=given.deadline_ms, archive=archive
        ) as line:
            keeper = line.line.archive.keeper
            assert keeper is not None
            line.line.observers.remove(keeper)
            for number in range(given.repetitions):
                for on in (False, True) if number % 2 else (True, False):
                    if on:
                        line.line.observers.add(keeper)
                    stretch = line.run(given.seconds * given.rate_hz, 1.0, given.rate_hz, seed=number)
                    line.line.observers.remove(keeper)
                    until_idle(keeper)
                    found[on].append(stretch.latency_ms)
                    lost[on].update(stretch.uninspected)
            kept, cpu_s = keeper.kept(), cpu_of(keeper.child_pid or 0)
    print(
        f"{given.rate_hz:g} frames/s, {given.repetitions} x {given.seconds:g} s each, {bundle.height}x{bundle.width}, {given.format}"
    )
    print("archive     p25 ms    p50 ms    p99 ms   longest ms   UNINSPECTED")
    for on, name in ((False, "off"), (True, "on")):
        times = np.concatenate(found[on])
        p25, p50, p99 = np.percentile(times, (25, 50, 99), method="nearest")
        print(
            f"{name:8s} {p25:9.1f} {p50:9.1f} {p99:9.1f} {times[np.isfinite(times)].max():12.1f}   {dict(lost[on]) or 0}"
        )
    archived = sum(kept.archived.values())
    print(f"archived {dict(kept.archived)}, left out {dict(kept.left_out)}")
    print(f"CPU of the encoder process: {1e3 * cpu_s / max(1, archived):.1f} ms a frame, with its start")


def defective(height: int, width: int) -> tuple[np.ndarray, ...]:
    """Frames with a defect each."""
    camera = SimulatorCamera(
        SimulatorConfig(seed=1, frames=POOL, rate_hz=None, defect_rate=1.0, pool=POOL), height, width
    )
    camera.open()
    frames = []
    while (arrival := camera.next()) is not None:
        assert arrival.pixels is not None
        frames.append(arrival.pixels.copy())
    camera.close()
    return tuple(frames)


def until_idle(keeper: Keeper) -> None:
    """Wait until nothing waits to be archived."""
    while keeper.kept().waiting:
        time.sleep(0.01)


def cpu_of(pid: int) -> float:
    """CPU time of a process so far, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


if __name__ == "__main__":
    main()
