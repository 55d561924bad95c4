"""What scrapes cost a line: its latencies without them and with them in turn, every page parsed by Prometheus' own parser.

    python -m tests.line.scraping --rate-hz 200 --rounds 5

The scraper is a process of its own; beside it are clients that ask and never read. Prints JSON; exit status 1 where a page cannot be parsed, a
counter falls, or a frame is not inspected.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from inspector.config.metrics import Address
from inspector.frames.outcome import Settled, Verdict
from inspector.line.line import Line
from inspector.line.metrics import LineMetrics
from inspector.service.metrics_server import MetricsServer
from tests.line.conftest import tiny_config
from tests.line.sources import ListCamera
from tests.tiny_bundle import frame_with, make_tiny_bundle

SILENT = 3
"""Clients that ask for the page and never read it."""


def scrape(url: str, pause_s: float) -> dict[str, Any]:
    """Scrape until standard input ends: how often, how long each took, how large the pages are, and what was wrong with one."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    took_ms: list[float] = []
    counters: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    wrong, size = "", 0
    while not ended.is_set():
        begun_s = time.monotonic()
        with urlopen(url, timeout=10) as answer:
            page = answer.read()
        took_ms.append((time.monotonic() - begun_s) * 1e3)
        size = len(page)
        for family in text_string_to_metric_families(page.decode()):
            for sample in family.samples:
                key = sample.name, frozenset(sample.labels.items())
                if family.type == "counter" and sample.value < counters.get(key, 0):
                    wrong = wrong or f"{key} fell from {counters[key]} to {sample.value}"
                counters[key] = sample.value
        ended.wait(pause_s)
    return {"scrapes": len(took_ms), "took_ms": took_ms, "bytes": size, "series": len(counters), "wrong": wrong}


class Latencies:
    """The latencies of the frames of a stretch, us."""

    def __init__(self) -> None:
        self.uninspected = 0
        self.taken: list[float] = []

    def settled(self, settled: Settled) -> None:
        """Every verdict."""
        self.uninspected += settled.outcome.verdict is Verdict.UNINSPECTED
        self.taken.append((settled.settled_ns - settled.meta.captured_ns) / 1e3)

    def stretch(self, seconds: float) -> list[float]:
        """Those of the next ``seconds``."""
        self.taken = []
        threading.Event().wait(seconds)
        return self.taken[:]


def silent_client(server: MetricsServer, stack: ExitStack) -> None:
    """A client that asks again and again on one connection, and reads nothing."""
    port = int(server.url.split(":")[2].split("/")[0])
    client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
    client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n" * 50)


def measure(rate_hz: float, rounds: int, seconds: float, pause_s: float) -> dict[str, Any]:
    """Run a line at ``rate_hz``, in ``rounds`` stretches of ``seconds`` without scrapes and as many with them."""
    latencies = Latencies()
    quiet: list[list[float]] = []
    scraped: list[list[float]] = []
    scrapes: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        bundle = make_tiny_bundle(folder / "bundle")
        camera = ListCamera([frame_with([]), frame_with([(192, 4)])], rate_hz=rate_hz, endless=True)
        config = tiny_config(bundle.path, folder / "journal.sqlite", deadline_ms=1000)
        line = stack.enter_context(Line(config, bundle, sources={"top": camera}, observe=latencies.settled))
        server = stack.enter_context(MetricsServer(Address("127.0.0.1", 0), LineMetrics(line)))
        line.start(threading.Event())
        latencies.stretch(1.0)
        for _ in range(rounds):
            quiet.append(latencies.stretch(seconds))
            command = [sys.executable, "-m", __spec__.name, "--scrape", server.url, "--pause-s", str(pause_s)]
            with ExitStack() as clients:
                for _ in range(SILENT):
                    silent_client(server, clients)
                scraper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                latencies.stretch(0.5)  # until it has started
                scraped.append(latencies.stretch(seconds))
                scrapes.append(json.loads(scraper.communicate(timeout=30)[0]))
        uninspected = latencies.uninspected  # before the line stops
    took_ms = np.concatenate([one["took_ms"] for one in scrapes])
    return {
        "rate_hz": rate_hz,
        "frames": sum(map(len, quiet + scraped)),
        "uninspected": uninspected,
        "page_bytes": scrapes[-1]["bytes"],
        "series": scrapes[-1]["series"],
        "scrapes": len(took_ms),
        "scrape_ms": {"p50": float(np.median(took_ms)), "p99": float(np.percentile(took_ms, 99))},
        "p50_ms": {"without": _percentile(quiet, 50), "with": _percentile(scraped, 50)},
        "p99_ms": {"without": _percentile(quiet, 99), "with": _percentile(scraped, 99)},
        "wrong": next((one["wrong"] for one in scrapes if one["wrong"]), ""),
    }


def _percentile(stretches: list[list[float]], percent: float) -> float:
    """Median over the stretches, ms."""
    return float(np.median([np.percentile(one, percent) for one in stretches])) / 1e3


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate-hz", type=float, default=200.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each stretch")
    parser.add_argument("--pause-s", type=float, default=1.0, help="between two scrapes; 0: one after the other")
    parser.add_argument("--scrape", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.scrape:
        print(json.dumps(scrape(options.scrape, options.pause_s)))
        return 0
    figures = measure(options.rate_hz, options.rounds, options.seconds, options.pause_s)
    print(json.dumps(figures, indent=2))
    return bool(figures["wrong"] or figures["uninspected"])


if __name__ == "__main__":
    sys.exit(main())
