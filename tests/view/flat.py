"""Whether a page stays as light as it was: a tab on a line that goes on, coil after coil. ``python -m tests.view.flat --minutes 60``

Every minute the memory of the tab after a collection, its nodes and listeners, its work, and memory and work of the viewer's process; at the end the second
half beside the first.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import NamedTuple

from tests.view.chromium import Page, browsing
from tests.view.cost import cpu_s, viewed


class Look(NamedTuple):
    """What was measured in a minute."""

    heap_mib: float
    nodes: float
    listeners: float
    scripts: float
    """Percent of a core."""
    work: float
    view_mib: float
    view_work: float
    defects: int
    """On the map."""


def rss_mib(pid: int) -> float:
    """Memory of a process."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def metrics(tab: Page) -> dict[str, float]:
    """What the browser counts of the page."""
    return {one["name"]: one["value"] for one in tab.send("Performance.getMetrics")["metrics"]}


def minute(tab: Page, view: int, seconds: float) -> Look:
    """Watch for so long."""
    before, view_before, began_s = metrics(tab), cpu_s(view), time.monotonic()
    while time.monotonic() < began_s + seconds:
        time.sleep(2)
        tab.js("0")  # takes what the browser tells meanwhile
    took_s = time.monotonic() - began_s
    tab.send("HeapProfiler.collectGarbage")
    after, view_after = metrics(tab), cpu_s(view)
    return Look(
        heap_mib=after["JSHeapUsedSize"] / 2**20, nodes=after["Nodes"], listeners=after["JSEventListeners"],
        scripts=100 * (after["ScriptDuration"] - before["ScriptDuration"]) / took_s,
        work=100 * (after["TaskDuration"] - before["TaskDuration"]) / took_s,
        view_mib=rss_mib(view), view_work=100 * (view_after - view_before) / took_s,
        defects=int(tab.js("document.querySelector('strip-map').defects.count")),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--per-s", type=float, default=320.0)
    parser.add_argument("--coil-s", type=float, default=300.0)
    parser.add_argument("--port", type=int, default=6791)
    asked = parser.parse_args()
    with viewed(f"tcp://127.0.0.1:{asked.port}", asked.per_s, asked.coil_s) as (address, view), browsing() as tab:
        tab.send("Network.disable")  # which tells of every message
        tab.send("Performance.enable")
        tab.send("HeapProfiler.enable")
        tab.look(1400, 900)
        tab.open(address)
        tab.until("document.querySelector('strip-map')?.defects.count > 0")
        looks = []
        for number in range(asked.minutes):
            looks.append(minute(tab, view, 60.0))
            told = "  ".join(f"{name} {value:.1f}" for name, value in looks[-1]._asdict().items())
            print(f"minute {number + 1:3}: {told}", flush=True)
        print(f"errors on the page: {tab.errors or 'none'}")
        half = max(1, len(looks) // 2)
        for name in Look._fields:
            first, second = (
                statistics.median(getattr(one, name) for one in part) for part in (looks[:half], looks[-half:])
            )
            print(f"{name}: median of the first half {first:.2f}, of the second {second:.2f}")


if __name__ == "__main__":
    main()
