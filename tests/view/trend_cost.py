"""What counting a journal for trends costs: rows a second, memory, what is kept of it. ``python -m tests.view.trend_cost --rows 1000000``"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from random import Random

import msgspec

from inspector.frames.outcome import Reason, Verdict
from inspector.view.trends.buckets import Day, decoded, encoded, merge
from inspector.view.trends.reading import DAY_NS, Known
from inspector.view.trends.trend import trend
from inspector.view.trends.worker import KNOWN, Found, Job, count
from tests.view.trending import CLASSES, TrendLine

WEEK_NS = 7 * DAY_NS


def write(path: Path, rows: int) -> None:
    """A week of two cameras: nine frames in ten pass the gate, three in a hundred are rejects."""
    random = Random(1)
    line = TrendLine(path, ("cam1", "cam2"))
    began = time.time_ns() - WEEK_NS
    line.now_ns = began
    line.start()
    for number in range(rows):
        line.now_ns = began + WEEK_NS * number // rows
        camera, kind = line.cameras[number % 2], random.random()
        if kind < 0.9:
            line.passed(camera, random.random() * 0.05, random.gauss(30, 3))
        elif kind < 0.97:
            line.segmented(camera=camera, verdict=Verdict.PASS, latency_ms=random.gauss(45, 5))
        elif kind < 0.997:
            line.segmented(random.choice(CLASSES), camera=camera)
        else:
            line.uninspected(Reason.DEADLINE, camera)
    line.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        write(path, asked.rows)
        print(f"{asked.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB", flush=True)
        pid = os.fork()
        if pid == 0:
            measure(path, asked.rows)
            os._exit(0)
        os.waitpid(pid, 0)


def measure(path: Path, rows: int) -> None:
    """Print what counting all of it costs, and the next time, and an answer."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    known, days = timed(path, Known(), f"{rows:,} rows", rows)
    print(f"  {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before / 1024:.0f} MiB of memory more")
    timed(path, known, "nothing new", 0)
    kept = {number: encoded(day) for number, day in days.items()}
    print(f"kept of it: {(sum(map(len, kept.values())) + len(msgspec.msgpack.encode(known))) / 1e3:,.0f} kB")
    for shown in (1, 7, 30):
        began_s = time.process_time()
        found = trend(
            {number: decoded(day) for number, day in kept.items()}, known, "line1", now_s=time.time(), days=shown
        )
        size = len(msgspec.json.encode(found))
        print(
            f"answer for {shown} days: {1000 * (time.process_time() - began_s):.0f} ms of a core, {size / 1e3:.0f} kB"
        )


def timed(path: Path, known: Known, what: str, rows: int) -> tuple[Known, dict[int, Day]]:
    """Count, and print how long it took."""
    told: list[Found] = []

    def tell(kind: bytes, content: bytes) -> None:
        if kind == KNOWN:
            told.append(msgspec.msgpack.decode(content, type=Found))

    began_s = time.process_time()
    job = Job(journal=str(path), line="line1", archive=None, known=msgspec.msgpack.encode(known), now_ns=time.time_ns())
    count(job, tell)
    took_s = time.process_time() - began_s
    print(f"{what}: {took_s:.3f} s of a core" + (f", {rows / took_s:,.0f} rows/s" if rows else ""))
    days: dict[int, Day] = {}
    for found in told:
        for number, day in found.days.items():
            merge(days.setdefault(number, {}), day)
    return told[-1].known, days


if __name__ == "__main__":
    main()
