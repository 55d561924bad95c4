"""More frames than can be inspected, and less time than it takes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from inspector.protocol.messages import LateBody
from tests.faults.running import RunningLine
from tests.faults.scenario import scenario
from tests.faults.stage import Stage

FULL_S = 0.4
"""How long the child stands still while the ring fills: less than `inference.stall_timeout_s`."""


@contextmanager
def standing(line: RunningLine) -> Iterator[None]:
    """The inference child stands still meanwhile."""
    child = line.child()
    os.kill(child, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(child, signal.SIGCONT)


def ring_full(stage: Stage, overload: str) -> None:
    """Some frames are dropped, and no child is taken for hung because of it."""
    with stage.line(ring={"slots": 4}, overload=overload) as line:
        mark = line.mark()
        with standing(line):
            line.pause(FULL_S)
        line.until_inspected()
        assert "overload" in line.reasons(mark)
        assert line.finish().reasons["engine_down"] == 0


@scenario(
    fault="The ring is full, `overload: drop_oldest`",
    promise="The frame that waits longest is UNINSPECTED at once, and the newest are inspected",
    told="reason `overload`",
    remedy="see `inspector bench`; a slower line, a faster machine",
)
def ring_full_drop_oldest(stage: Stage) -> None:
    ring_full(stage, "drop_oldest")


@scenario(
    fault="The ring is full, `overload: drop_newest`",
    promise="The frame that has just come is UNINSPECTED at once, and those that wait are inspected",
    told="reason `overload`",
    remedy="see `inspector bench`; a slower line, a faster machine",
)
def ring_full_drop_newest(stage: Stage) -> None:
    ring_full(stage, "drop_newest")


@scenario(
    fault="The ring is full, `overload: wait` (offline)",
    promise="Nothing is dropped: the source waits, and every frame is inspected",
    told="nothing",
)
def ring_full_wait(stage: Stage) -> None:
    source = stage.replay(
        rate_hz=None, path=[str(file) for file in sorted(stage.materials.pictures.iterdir())] * 20, loop=False
    )
    wait = {"overload": "wait", "deadline_ms": None, "image_of": lambda packet: packet.body.name.rpartition("/")[2]}
    with stage.line(ring={"slots": 4}, source=source, **wait) as line:
        with standing(line):
            line.pause(FULL_S)
        line.ended(0)
        (found,) = line.settle().values()
        assert found.reasons["gate_clean"] + found.reasons["no_defect"] + found.reasons["defect"] == 240, found.reasons


@scenario(
    fault="A storm of deadlines: the engines stand still while hundreds of frames are due",
    promise="Each frame is UNINSPECTED when its time is up; the answers that come later are `late` and change nothing",
    told="reason `deadline`; `engine_silent`, then `engine_answers`",
)
def deadline_storm(stage: Stage) -> None:
    with stage.line(deadline_ms=20, source=stage.replay(rate_hz=400)) as line:
        mark = line.mark()
        with standing(line):
            line.until_told("engine_silent", since=mark)
            line.pause(FULL_S)
        line.until_told("engine_answers", since=mark)
        line.until_inspected()
        found = line.finish()
        assert found.reasons["deadline"] > 50, found.reasons
        assert any(isinstance(packet.body, LateBody) for packet in found.packets.values())


@scenario(
    fault="Other programs take the processor: four per core, all the time",
    promise="What is not ready in time is UNINSPECTED, and no PASS is late",
    told="reasons `deadline`, `overload`, `camera_lost` (a replay with a rate)",
    remedy="keep other programs off the line's cores, see docs/service.md",
)
def processor_taken(stage: Stage) -> None:
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4 * (os.cpu_count() or 1))]
    try:
        with stage.line(deadline_ms=30, source=stage.replay(rate_hz=300)) as line:
            line.pause(3)
            line.finish()
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
