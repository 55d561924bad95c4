"""Measures what a backup costs the line whose journal it copies, and how long a command waits for its commit. Prints JSON.

``python -m tests.bench.backup_beside_line`` takes some minutes and three times the size of the journal in TMPDIR. The line is the daemon, without
real networks (the bundle of ``inspector bench wire``); stretches with and without a backup alternate in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import zmq

from inspector.protocol.codec import decode
from inspector.protocol.messages import ResultBody, StatusBody
from inspector.results.journal_schema import open_for_writing
from tests.backup.plant import BUNDLE
from tests.cli.command import COMMAND
from tests.line_file import write_line
from tests.results.publishing import Ear, eventually, make_results, make_settled
from tests.results.recording import make_command

ROW_BYTES = 2_800
PAGE_BYTES = 4_096
"""What such a row takes in the file."""


def fill(path: Path, size: int) -> None:
    """A journal with so many bytes of rows of another epoch."""
    body = os.urandom(ROW_BYTES)
    with closing(open_for_writing(path, 1000)) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO publications (stream, seq, type, published_unix_ns, header, body) VALUES (99, ?, 'result', ?, x'', ?)",
            ((seq, time.time_ns(), body) for seq in range(size // PAGE_BYTES)),
        )
        connection.execute("COMMIT")


class Listener(threading.Thread):
    """Notes how long each verdict took, from capture to here."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(daemon=True)
        self.endpoint = endpoint
        self.taken: list[tuple[int, float, str]] = []
        """When it came, how long it took in ms, and its verdict."""
        self.statuses: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        with Ear(self.endpoint) as ear:
            while not self.over.is_set():
                try:
                    packet = decode(ear.socket.recv_multipart(zmq.NOBLOCK) if ear.socket.poll(100) else [])
                except (zmq.Again, ValueError):
                    continue
                now = time.time_ns()
                if isinstance(packet.body, ResultBody):
                    taken_ms = (now - (packet.header.captured_unix_ns or now)) / 1e6
                    self.taken.append((now, taken_ms, packet.body.verdict.value))
                elif isinstance(packet.body, StatusBody):
                    self.statuses.append(packet.body.code)


def beside(folder: Path, gigabytes: float, rate_hz: float, rounds: int, niceness: int) -> dict[str, object]:
    """Latencies of the line with and without a backup beside it."""
    journal, endpoint = folder / "journal.sqlite", f"ipc://{folder}/results"
    fill(journal, round(gigabytes * 1e9))
    source = {"kind": "simulator", "rate_hz": rate_hz}
    config = write_line(
        folder, BUNDLE, cameras=[{"name": "top", "source": source}], results={"endpoint": endpoint}, deadline_ms=200,
        inference={"runtime": "openvino"},
    )  # fmt: skip
    daemon = subprocess.Popen([*COMMAND, "run", "-c", str(config)], stderr=subprocess.DEVNULL)
    listener = Listener(endpoint)
    listener.start()
    stretches: dict[str, list[list[tuple[int, float, str]]]] = {"plain": [], "backup": []}
    took_s = []
    try:
        eventually(lambda: len(listener.taken) > 5 * rate_hz, 60)
        for _ in range(rounds):
            began = len(listener.taken)
            before_s = time.monotonic()
            backup = ["nice", "-n", str(niceness), *COMMAND, "backup", str(folder / "b.tar"), "-c", str(config)]
            subprocess.run(backup, check=True, stdout=subprocess.DEVNULL)
            took_s.append(time.monotonic() - before_s)
            stretches["backup"].append(listener.taken[began:])
            began = len(listener.taken)
            until_s = time.monotonic() + took_s[-1]
            eventually(lambda until_s=until_s: time.monotonic() > until_s, 2 * took_s[-1])  # type: ignore[misc]
            stretches["plain"].append(listener.taken[began:])
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(20)
    finally:
        daemon.kill()
        listener.over.set()
        listener.join()
    with closing(sqlite3.connect(journal)) as connection:
        first, last, count = connection.execute(
            "SELECT min(seq), max(seq), count(*) FROM publications WHERE stream != 99"
        ).fetchone()
    figures: dict[str, object] = {
        "journal_gb": round(journal.stat().st_size / 1e9, 2), "rate_hz": rate_hz, "backup_s": [round(one, 1) for one in took_s],
        "missing_in_journal": last - first + 1 - count, "statuses": listener.statuses,
    }  # fmt: skip
    p = {}
    for name, found in stretches.items():
        every = np.array([taken for stretch in found for _, taken, _ in stretch])
        p[name] = {"p50": float(np.median(every)), "p99": float(np.percentile(every, 99)), "max": float(every.max())}
        uninspected = sum(verdict == "UNINSPECTED" for stretch in found for _, _, verdict in stretch)
        figures[name] = {
            "frames": len(every),
            "uninspected": uninspected,
            **{f"{k}_ms": round(v, 2) for k, v in p[name].items()},
        }
    figures["ratio"] = {key: round(p["backup"][key] / p["plain"][key], 2) for key in p["plain"]}
    return figures


def commands(folder: Path, count: int, verdicts_hz: float) -> dict[str, object]:
    """How long ``record_command`` takes, on an idle line and beside verdicts."""
    results = make_results(journal=folder / "commands.sqlite")
    results.start()
    over, figures = threading.Event(), {}

    def publish() -> None:
        frame = 0
        while not over.wait(1 / verdicts_hz):
            results.settled(make_settled(frame))
            frame += 1

    publisher = threading.Thread(target=publish)
    for name in ("idle", "beside_verdicts"):
        if name == "beside_verdicts":
            publisher.start()
        taken = []
        for n in range(count):
            before_s = time.perf_counter()
            assert results.record_command(make_command(n), 10)
            taken.append((time.perf_counter() - before_s) * 1e3)
        figures[name] = {
            f"{key}_ms": round(float(np.percentile(taken, q)), 2) for key, q in (("p50", 50), ("p99", 99), ("max", 100))
        }
    over.set()
    publisher.join()
    assert results.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nice", type=int, default=19, help="of the backup")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps({"record_command": commands(Path(name), 500, 300.0)}))
        print(json.dumps(beside(Path(name), asked.gigabytes, asked.rate, asked.rounds, asked.nice)))


if __name__ == "__main__":
    main()
