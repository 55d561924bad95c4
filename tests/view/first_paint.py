"""How soon a page shows something over 10 Mbit/s: the live page, and a coil of 50,000 frames of a journal. ``python -m tests.view.first_paint``"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.view.chromium import Page, browsing
from tests.view.cost import viewed
from tests.view.making import CAMERA, RUN, JournaledLine, painted

_MAP = "(document.querySelector('strip-map')?.defects.count ?? 0) > 0"
_LONGEST_S = 120.0


def journal_of(path: Path, frames: int) -> None:
    """A run of so many frames; each ninth or so has a defect that begins on it."""
    strip, line = painted(), JournaledLine(path, epoch="epoch-0")
    masks = [CAMERA.mask(strip, first) for first in CAMERA.frames(len(strip))]
    clean = masks[0] * 0
    line.start(RUN)
    length = 24
    for frame in range(frames):
        meta = line.capture("a", frame * length, RUN)
        line.inspect(meta, masks[frame % len(masks)] if frame % 90 < len(masks) else clean)
    line.end(RUN)
    line.close()


def measured(tab: Page, what: str, address: str, until: str = _MAP) -> None:
    """Print when the page showed anything, and when it showed what it is for; nothing of it is in the browser's cache."""
    tab.empty()
    tab.send("Network.setCacheDisabled", cacheDisabled=True)
    rate = 10e6 / 8
    tab.send(
        "Network.emulateNetworkConditions", offline=False, latency=5, downloadThroughput=rate, uploadThroughput=rate
    )
    began_s = time.monotonic()
    tab.send("Page.navigate", url=address)
    while not _holds(tab, until):  # asked from time to time: a page that waits for the network need not be drawn
        time.sleep(0.02)
        if time.monotonic() - began_s > _LONGEST_S:
            raise SystemExit(f"{what}: no map within {_LONGEST_S:g} s; errors: {tab.errors}")
    shown_s = time.monotonic() - began_s
    paint = tab.js("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1")
    count = tab.js("document.querySelector('strip-map').defects.count")
    size = tab.js("performance.getEntriesByType('resource').reduce((sum, one) => sum + one.transferSize, 0)")
    print(
        f"{what}: first paint {paint / 1000:.2f} s, map of {count:,} defects {shown_s:.2f} s; {size / 1000:.0f} kB; errors: {tab.errors or 'none'}",
        flush=True,
    )


def _holds(tab: Page, condition: str) -> bool:
    try:
        return bool(tab.js(condition))
    except RuntimeError:  # the page was left meanwhile
        return False


@contextmanager
def viewer_of(journal: Path) -> Iterator[str]:
    """A viewer of a line that is not there: the address of its page."""
    command = [sys.executable, "-m", "inspector", "view", f"ipc://{journal.parent}/nobody", "--journal", str(journal)]
    process = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1]
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--port", type=int, default=6792)
    asked = parser.parse_args()
    with browsing() as tab, tempfile.TemporaryDirectory() as folder:
        tab.look(1400, 900)
        with viewed(f"tcp://127.0.0.1:{asked.port}", 320.0) as (address, _):
            time.sleep(30)
            measured(tab, "live", address)
            tab.empty()
        journal = Path(folder) / "journal.sqlite"
        journal_of(journal, asked.frames)
        with viewer_of(journal) as address:
            for what in ("coil, first time", "coil, again"):
                measured(tab, what, f"{address}coil?line=line1&run={RUN}")
            tab.empty()


if __name__ == "__main__":
    main()
