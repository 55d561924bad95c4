"""What a viewer with ten pages costs the line beside it: ``python -m tests.view.beside_line [ROUNDS] [FRAMES/S]``"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import connect

from inspector.bench.wire.arm import LIVE_HZ, MIXED
from inspector.bench.wire.line import WireLine
from tests.bench.companion import WARM_UP, compare
from tests.view.cost import socket_of

PAGES = 10
_HEARD_S = 30.0


@contextmanager
def viewer(line: WireLine, folder: Path) -> Iterator[int]:
    """A viewer that has heard the line, and its pages, all of one program."""
    endpoint = str(line.line.results.endpoint)
    view = subprocess.Popen(
        ["nice", "-n", "10", sys.executable, "-m", "inspector", "view", endpoint, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert view.stdout is not None
    address = view.stdout.readline().split()[1]
    pages = subprocess.Popen([sys.executable, "-m", "tests.view.cost", "--pages", address, str(PAGES)])
    try:
        until_s = time.monotonic() + _HEARD_S
        while not _has_heard(address):
            if time.monotonic() > until_s:
                raise SystemExit("the viewer heard nothing of the line")
            line.run(MIXED, WARM_UP // 2, LIVE_HZ)
        yield view.pid
    finally:
        pages.kill()
        view.terminate()
        pages.wait(10)
        view.wait(10)


def _has_heard(address: str) -> bool:
    """Whether the page of the line shows frames, and what was published before is fetched."""
    with connect(socket_of(address), compression=None, max_size=None) as page:
        for _ in range(5):
            message = page.recv(10)
            if isinstance(message, str):
                told = json.loads(message)["lines"].get("line1", {})
                if sum(told.get("run", {}).get("verdicts", {}).values()):
                    return not told.get("now", {"catching_up": True})["catching_up"]
    return False


if __name__ == "__main__":
    rounds, rate_hz = (float(one) for one in (*sys.argv[1:], *("7", str(LIVE_HZ))[len(sys.argv) - 1 :]))
    compare(f"viewer, {PAGES} pages", viewer, int(rounds), rate_hz)
