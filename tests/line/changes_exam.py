"""Changes of a line under load: runs, configurations, bundles and rollbacks, one after the other, while frames come at a share of what the line
can take.

    python -m tests.line.changes_exam

Prints as JSON what came of it: whether every frame has one verdict from the bundle that it names, the worst latency around each kind of change
beside the usual one, and the memory. Exit status 1 where a frame is missing or wrong, or memory grows.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from engines.bundle import Bundle, open_bundle, read_bundle
from inspector.bench.lines import render_pool
from inspector.bench.memory import pss_bytes
from inspector.config.load import parse_config
from inspector.config.tree import LineConfig
from inspector.frames.outcome import Settled
from inspector.inference.state import State
from inspector.line.commands import LineCommands
from inspector.line.line import Line
from inspector.protocol import control as asked
from inspector.protocol.messages import EndBody, GapBody, ResultBody, StartBody
from inspector.results.journal_reader import JournalReader
from tests.line.sources import ListCamera

AROUND_S = 0.5
"""Latencies this long before a change begins and after it is done count as around it."""


class Times:
    """When each frame was captured and settled, monotonic ns."""

    def __init__(self, most: int) -> None:
        self.ns = np.zeros((most, 2), np.int64)
        self.taken = 0

    def settled(self, settled: Settled) -> None:
        """One verdict, under the ledger's lock."""
        self.ns[settled.meta.frame] = settled.meta.captured_ns, settled.settled_ns
        self.taken = max(self.taken, settled.meta.frame + 1)

    def latency_ms(self, begin_s: float, end_s: float) -> np.ndarray:
        """Of the frames captured in between."""
        captured, settled = self.ns[: self.taken].T
        within = (captured >= begin_s * 1e9) & (captured < end_s * 1e9) & (settled > 0)
        return (settled[within] - captured[within]) / 1e6


def second_bundle(first: Bundle, folder: Path) -> Bundle:
    """The same networks under another version, with a gate that lets every frame through: its results cannot be taken for the first's."""
    shutil.copytree(first.path, folder)
    manifest = folder / "bundle.yaml"
    tree = yaml.safe_load(manifest.read_text())
    manifest.write_text(yaml.safe_dump({**tree, "version": f"{tree['version']}-b"}))
    point = folder / "operating_point.yaml"
    tree = yaml.safe_load(point.read_text())
    point.write_text(yaml.safe_dump({**tree, "gate_threshold": 1e-9}))
    return read_bundle(folder)


def line_config(bundle: Bundle, journal: Path | None, **changes: Any) -> LineConfig:
    """A line with one camera and rules that the exam alternates."""
    tree = {
        "line": "exam",
        "bundle": str(bundle.path),
        "cameras": [{"name": "top", "source": {"kind": "simulator"}}],
        "inference": {"runtime": "auto", "allow_cpu": True},
        "results": {"endpoint": "tcp://127.0.0.1:*"},
        "journal": {"path": str(journal) if journal else None},
        **changes,
    }
    return parse_config(yaml.safe_dump(tree), "exam.yaml")


def capacity_hz(bundle: Bundle, pool: list[np.ndarray], frames: int) -> float:
    """Frames per second that the line takes of this bundle."""
    times = Times(frames)
    line = Line(
        line_config(bundle, None, overload="wait", deadline_ms=None),
        bundle,
        sources={"top": ListCamera([pool[n % len(pool)] for n in range(frames)])},
        observe=times.settled,
    )
    with line:
        stop = threading.Event()
        assert line.start(stop)
        line.wait(stop, tick_s=0.02)
    done = np.sort(times.ns[:, 1])
    warm = frames // 5
    return float((frames - warm - 1) / (done[-1] - done[warm]) * 1e9)


class Exam:
    """Makes the changes and keeps when each of them was."""

    def __init__(self, line: Line, commands: LineCommands, times: Times, second: Bundle) -> None:
        self.line, self.commands, self.times, self.second = line, commands, times, second
        self.changes: dict[str, list[tuple[float, float]]] = {}
        self.memory: list[float] = []
        self.config = line.config

    def idle(self, seconds: float) -> None:
        """Let frames pass."""
        time.sleep(seconds)

    def change(self, kind: str, command: asked.Command) -> None:
        """One change, and frames after it."""
        begin_s = time.monotonic()
        self.commands.perform(command)
        self.changes.setdefault(kind, []).append((begin_s, time.monotonic()))

    def remember(self) -> None:
        """The memory of the daemon without its children."""
        gc.collect()
        self.memory.append(pss_bytes(os.getpid()) / 2**20)

    def runs(self, count: int, pause_s: float) -> None:
        """Runs that follow each other."""
        for number in range(count):
            self.change("run start", asked.RunStart(run=f"coil-{number + 2}"))
            self.idle(pause_s)

    def reloads(self, count: int, pause_s: float) -> None:
        """Configurations that differ in their rules."""
        for number in range(count):
            verdict = ("scrap", "reject")[number % 2]
            rules = (msgspec.structs.replace(self.config.verdicts.rules[0], verdict=verdict),)
            verdicts = msgspec.structs.replace(self.config.verdicts, rules=rules)
            self.config = msgspec.structs.replace(self.config, verdicts=verdicts)
            self.change("reload", asked.Reload())
            self.idle(pause_s)

    def bundles(self, count: int, pause_s: float) -> None:
        """Another bundle, and back."""
        for _ in range(count):
            self.change("bundle activate", asked.BundleActivate(bundle=str(self.second.path)))
            self.idle(pause_s)
            self.change("bundle rollback", asked.BundleRollback())
            self.idle(pause_s)
            self.remember()

    def around(self, kind: str) -> dict[str, float]:
        """The latencies around changes of this kind."""
        spans = self.changes[kind]
        found = [self.times.latency_ms(begin - AROUND_S, end + AROUND_S) for begin, end in spans]
        every = np.concatenate(found)
        return {
            "changes": len(spans),
            "took s, median": round(float(np.median([end - begin for begin, end in spans])), 4),
            "took s, longest": round(max(end - begin for begin, end in spans), 3),
            "p99 ms": round(float(np.percentile(every, 99)), 2),
            "worst ms, median of changes": round(float(np.median([one.max() for one in found if one.size])), 2),
            "worst ms": round(float(every.max()), 2),
        }


def accounted(journal: Path, first: Bundle, second: Bundle) -> dict[str, Any]:
    """What the journal says of every frame; raises AssertionError where one is missing, has two verdicts or names the wrong bundle."""
    frames: dict[int, str | None] = {}
    reasons: Counter[str] = Counter()
    runs: dict[str, Counter[str]] = {}
    kinds: Counter[str] = Counter()
    with JournalReader(journal) as reader:
        for row in reader.walk():
            packet = row.packet()
            header, body = packet.header, packet.body
            kinds[header.type.value] += 1
            assert not isinstance(body, GapBody), "the camera lost nothing"
            if isinstance(body, ResultBody):
                assert header.frame is not None
                assert header.frame not in frames, f"frame {header.frame} has two verdicts"
                frames[header.frame] = header.bundle
                reasons[body.reason.value] += 1
                runs.setdefault(header.run or "", Counter())[body.verdict.value] += 1
                assert header.bundle in (first.id, second.id, None)
                if header.bundle == second.id:
                    assert body.gate_score is not None
                    assert body.reason.value in ("defect", "no_defect"), "its gate lets every frame through"
                if body.reason.value == "gate_clean":
                    assert header.bundle == first.id
            elif isinstance(body, EndBody):
                assert {verdict.value: count for verdict, count in body.verdicts.items()} == dict(
                    runs[header.run or ""]
                )
            else:
                assert not isinstance(body, StartBody) or header.run not in runs, "frames before their run's start"
    assert sorted(frames) == list(range(len(frames))), "a frame has no verdict"
    order = [bundle for _, bundle in sorted(frames.items()) if bundle]
    return {
        "frames": len(frames),
        "reasons": dict(reasons),
        "starts, ends, changes": [kinds["start"], kinds["end"], kinds["change"]],
        "bundle turns": sum(one != before for one, before in zip(order[1:], order, strict=False)),
    }


def exam(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run it."""
    first = open_bundle(options.bundle)
    second = second_bundle(first, folder / "second")
    pool = list(render_pool(first.height, first.width, 64))
    capacity = min(capacity_hz(one, pool, 400) for one in (first, second))
    rate_hz = options.load * capacity
    seconds = 600 + 30 * options.bundles
    times = Times(int(rate_hz * seconds))
    journal = folder / "journal.sqlite"
    line = Line(
        line_config(first, journal, run="coil-1", deadline_ms=options.deadline_ms),
        first,
        sources={"top": ListCamera(pool, rate_hz=rate_hz, endless=True)},
        observe=times.settled,
    )
    with line:
        stop = threading.Event()
        assert line.start(stop)
        commands = LineCommands(line, stop, lambda: made.config, folder)
        made = Exam(line, commands, times, second)
        made.idle(3)
        usual_begin_s = time.monotonic()
        made.idle(options.usual_s)
        usual = times.latency_ms(usual_begin_s, time.monotonic() - 0.2)
        made.remember()
        for kind in (
            lambda: made.runs(options.changes, options.pause_s),
            lambda: made.reloads(options.changes, options.pause_s),
            lambda: made.bundles(options.bundles, options.bundle_pause_s),
        ):
            kind()
            made.remember()
        made.idle(1)
        ready = line.inference.active.supervisor.state is State.READY
        failures = line.failures
    latencies = {kind: made.around(kind) for kind in made.changes}
    memory = [round(one, 1) for one in made.memory]
    return {
        "capacity frames/s": round(capacity, 1),
        "rate frames/s": round(rate_hz, 1),
        "usual latency ms": {
            "p50": round(float(np.percentile(usual, 50)), 2),
            "p99": round(float(np.percentile(usual, 99)), 2),
            "worst": round(float(usual.max()), 2),
        },
        "around changes": latencies,
        "memory MiB": memory,
        **accounted(journal, first, second),
        "ready at the end": ready,
        "failures": failures,
        "sound": ready and not failures and memory[-1] < 1.1 * memory[-1 - len(memory) // 2] + 8,
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", default="demo")
    parser.add_argument("--load", type=float, default=0.7, help="share of what the line can take of the slower bundle")
    parser.add_argument("--changes", type=int, default=100, help="run changes, and reloads")
    parser.add_argument("--bundles", type=int, default=20, help="bundle changes, each with its rollback")
    parser.add_argument("--pause-s", type=float, default=0.3)
    parser.add_argument("--bundle-pause-s", type=float, default=2.0)
    parser.add_argument("--usual-s", type=float, default=30.0)
    parser.add_argument("--deadline-ms", type=float, default=1000.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="inspector-changes-") as directory:
        found = exam(Path(directory), options)
    print(json.dumps(found, indent=2))
    return 0 if found["sound"] else 1


if __name__ == "__main__":
    sys.exit(main())
