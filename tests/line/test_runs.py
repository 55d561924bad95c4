"""Runs that begin and end while the line goes on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from inspector.client.completeness import Completeness
from inspector.errors import UserError
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Settled, Verdict
from inspector.line.runs import Runs
from inspector.line.setup import Setup
from inspector.protocol.messages import EndBody, GapBody, ResultBody, StartBody
from inspector.results.identity import Totals
from inspector.results.journal_reader import JournalReader
from tests.line.sources import ListCamera
from tests.line.test_line import BAD, CLEAN, wait_until

SETUP: Any = object()
"""Runs only pass it on."""


class Quiet:
    """Keeps the ends."""

    def __init__(self, ends: list[tuple[str, str, Totals]] | None = None) -> None:
        self.ends = [] if ends is None else ends

    def begun(self, camera: str, run: str, setup: Setup) -> None: ...

    def changed(self, camera: str, setup: Setup, why: str) -> None: ...

    def ended(self, camera: str, run: str, totals: Totals) -> None:
        self.ends.append((camera, run, totals))


def test_a_frame_belongs_to_the_run_it_was_captured_in(start_line: Callable) -> None:
    """Two cameras, three runs and a time without one; each run's frames are those its ``end`` counts, on each camera."""
    cameras = {name: ListCamera([CLEAN, BAD, None, CLEAN], rate_hz=300, endless=True) for name in ("top", "side")}
    running = start_line(cameras, run="coil-1")
    line = running.line

    def some_more() -> None:
        seen = line.ledger.resolved_through("side")
        wait_until(lambda: line.ledger.resolved_through("side") > seen + 60)

    some_more()
    line.runs.begin("coil-2")
    some_more()
    line.runs.end()
    some_more()
    line.runs.begin("coil-3")
    some_more()
    line.stop()
    for camera in cameras:
        books = Completeness(("t", camera, "e"))
        counted: dict[str | None, Counter[Verdict]] = {}
        ended: dict[str, EndBody] = {}
        order: list[str | None] = []
        with JournalReader(running.journal) as reader:
            (epoch,) = reader.epochs()
            for row in reader.rows(epoch, camera, limit=100_000):
                packet = row.packet()
                books.take(packet)
                body, run = packet.body, packet.header.run
                if isinstance(body, ResultBody):
                    counted.setdefault(run, Counter())[body.verdict] += 1
                    order.append(run)
                elif isinstance(body, GapBody):
                    counted.setdefault(run, Counter())[body.verdict] += body.last - body.first + 1
                elif isinstance(body, EndBody):
                    ended[str(run)] = body
                elif isinstance(body, StartBody):
                    assert run not in order, "a run's frames before its start"
            assert [
                row.packet().header.run for row in reader.walk(verdicts_only=True, run="coil-2", camera=camera)
            ] == ["coil-2"] * (
                len(
                    [
                        row
                        for row in reader.walk(verdicts_only=True, camera=camera)
                        if row.packet().header.run == "coil-2"
                    ]
                )
            )
        assert set(counted) == {"coil-1", "coil-2", None, "coil-3"}
        assert set(ended) == {"coil-1", "coil-2", "coil-3"}
        for run, body in ended.items():
            assert body.verdicts == dict(counted[run])
            assert body.frames == sum(body.verdicts.values()) > 30
        assert books.proven


def test_a_name_that_is_open_is_refused() -> None:
    runs = Runs(["top"], SETUP, Quiet())
    runs.begin("coil-1")
    with pytest.raises(UserError, match="run coil-1: is open already"):
        runs.begin("coil-1")
    runs.end()
    runs.begin("coil-1")


@pytest.mark.parametrize("name", ["", "coil 1", "x" * 64, "\udcff", "-1"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    runs = Runs(["top"], SETUP, Quiet())
    with pytest.raises(UserError, match="expected a letter or digit"):
        runs.begin(name)
    assert runs.enter("top").run == ""


def test_runs_that_change_while_cameras_capture_count_every_frame_once() -> None:
    """Cameras, verdicts and changes of run race; whatever the order, what the ends count is what was entered."""
    ends: list[tuple[str, str, Totals]] = []
    cameras = ("a", "b", "c")
    runs = Runs(cameras, SETUP, Quiet(ends))
    entered: dict[str, Counter[str]] = {camera: Counter() for camera in cameras}
    outcome = Outcome(verdict=Verdict.PASS, reason=Reason.GATE_CLEAN)
    runs.begin("run-0")

    def camera(name: str) -> None:
        waiting = []
        for frame in range(3000):
            run = runs.enter(name).run
            entered[name][run] += 1
            waiting.append(FrameMeta(camera=name, frame=frame, captured_ns=0, run=run))
            if len(waiting) > 7 or frame == 2999:
                for meta in waiting:
                    runs.settled(Settled(meta=meta, outcome=outcome, settled_ns=0, resolved_through=-1))
                waiting.clear()

    threads = [threading.Thread(target=camera, args=(name,)) for name in cameras]
    for thread in threads:
        thread.start()
    number = 0
    while any(thread.is_alive() for thread in threads):
        number += 1
        runs.begin(f"run-{number}")
    for thread in threads:
        thread.join()
    runs.end_all()
    assert len(ends) == len({end[:2] for end in ends}) == (number + 1) * len(cameras)
    for name, run, totals in ends:
        assert totals.frames == entered[name][run] == sum(totals.verdicts.values())
    assert sum(totals.frames for _, _, totals in ends) == 9000
