"""What pages cost the server: its processor time with so many pages open, on a line that publishes so fast. ``python -m tests.view.cost``"""

from __future__ import annotations

import argparse
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from websockets.sync.client import connect

from inspector.frames.outcome import Settled
from inspector.protocol.masks import encode
from tests.follow.test_follower import FRAME_MM, INFO
from tests.results.publishing import PASSED, REJECTED, make_identity, make_meta, make_results
from tests.view.chromium import browsing

CONFIRM_EVERY = 3
_COUNT_DRAWS = """(() => {
  const map = document.querySelector('strip-map');
  const draw = map.draw.bind(map);
  globalThis.draws = 0;
  globalThis.drawn = 0;
  map.draw = () => { draws += 1; const took = draw(); drawn += took; return took; };
  return [0, 0];
})()"""


def publish(per_s: float, stop: threading.Event, endpoint: str, coil_s: float = math.inf) -> None:
    """One verdict after another, every twelfth a reject with a mask; a new coil every so many seconds."""
    results = make_results(make_identity(), results={"endpoint": endpoint})
    results.start()
    mask = np.zeros((8, 16), np.uint8)
    mask[3] = 4
    reject = msgspec.structs.replace(REJECTED, mask=encode(mask))
    began_s = time.monotonic()
    frame, coil = 0, -1
    while not stop.is_set():
        while frame < (time.monotonic() - began_s) * per_s:
            travel = round(frame * FRAME_MM * 1000)
            if frame / per_s // coil_s != coil:
                if coil >= 0:
                    results.end("cam1", f"coil-{coil}")
                coil = int(frame / per_s // coil_s)
                results.begin("cam1", f"coil-{coil}", INFO)
            meta = msgspec.structs.replace(
                make_meta(frame, run=f"coil-{coil}"), position_um=travel, travel_um=travel, position_source=None
            )
            outcome = reject if frame % 12 == 0 else PASSED
            results.settled(
                Settled(meta=meta, outcome=outcome, settled_ns=meta.captured_ns + 10**6, resolved_through=frame)
            )
            frame += 1
        time.sleep(0.002)
    results.close()


def look(url: str, stop: threading.Event) -> None:
    """A page that takes everything."""
    with connect(url, compression=None, max_size=None) as socket:
        taken = 0
        while not stop.is_set():
            socket.recv(10)
            taken += 1
            if taken % CONFIRM_EVERY == 0:
                socket.send(str(taken))


def page(url: str, seconds: float) -> None:
    """Print what a page costs the browser."""
    with browsing() as tab:
        tab.send("Performance.enable")
        tab.look(1400, 900)
        tab.open(url)
        tab.until("document.querySelector('strip-map')?.defects.count > 0")
        time.sleep(5)
        before = {one["name"]: one["value"] for one in tab.send("Performance.getMetrics")["metrics"]}
        tab.js(_COUNT_DRAWS)
        time.sleep(seconds)
        after = {one["name"]: one["value"] for one in tab.send("Performance.getMetrics")["metrics"]}
        draws = tab.js("[draws, drawn]")
        script, tasks = (100 * (after[name] - before[name]) / seconds for name in ("ScriptDuration", "TaskDuration"))
        print(
            f"a page: scripts {script:.1f} % of a core, all its work {tasks:.1f} %; {draws[0] / seconds:.1f} draws a second of "
            f"{draws[1] / max(1, draws[0]):.1f} ms; {after['JSHeapUsedSize'] / 2**20:.1f} MiB; "
            f"{tab.js('document.querySelector(`strip-map`).defects.count'):,} defects",
            flush=True,
        )


def cpu_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def viewed(endpoint: str, per_s: float, coil_s: float = math.inf) -> Iterator[tuple[str, int]]:
    """A line that publishes and a viewer of it, processes of their own: address of the page, and id of the viewer's process."""
    asked = ["--publish", endpoint, "--per-s", str(per_s), "--coil-s", str(coil_s)]
    line = subprocess.Popen([sys.executable, "-m", "tests.view.cost", *asked])
    view = subprocess.Popen(
        [sys.executable, "-m", "inspector", "view", endpoint, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert view.stdout is not None
        yield view.stdout.readline().split()[1], view.pid
    finally:
        view.terminate()
        line.terminate()
        view.wait(10)
        line.wait(10)


@contextmanager
def pages_open(address: str, count: int) -> Iterator[None]:
    """So many pages, as programs, that take everything."""
    stop = threading.Event()
    threads = [threading.Thread(target=look, args=(socket_of(address), stop)) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def socket_of(address: str) -> str:
    """The WebSocket of the live page at this address."""
    return address.replace("http", "ws", 1) + "live"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--per-s", type=float, default=320.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--coil-s", type=float, default=math.inf)
    parser.add_argument("--port", type=int, default=6790)
    parser.add_argument("--publish", metavar="ENDPOINT")
    parser.add_argument("--pages", nargs=2, metavar=("ADDRESS", "COUNT"))
    asked = parser.parse_args()
    if asked.pages:
        with pages_open(asked.pages[0], int(asked.pages[1])):
            signal.pause()
    if asked.publish:
        publish(asked.per_s, threading.Event(), asked.publish, asked.coil_s)
        return
    with viewed(f"tcp://127.0.0.1:{asked.port}", asked.per_s) as (address, view):
        time.sleep(5)
        before = None
        for pages in (0, 1, 10):
            with pages_open(address, pages):
                time.sleep(2)
                began, began_s = cpu_s(view), time.monotonic()
                time.sleep(asked.seconds)
                share = 100 * (cpu_s(view) - began) / (time.monotonic() - began_s)
            more = "" if before is None else f" (+{share - before:.1f})"
            before = share if before is None else before
            print(f"{pages:3} pages, {asked.per_s:.0f} verdicts/s: {share:.1f} % of a core{more}", flush=True)
        page(address, asked.seconds)


if __name__ == "__main__":
    main()
