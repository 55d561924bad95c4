"""The reject controller behind a line on the fake camera, which is not simulated: what the line passed is let through, and nothing else.

An account is kept outside (`tests/client/controller/audit.py`), which shares no code with the controller.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from inspector.frames.outcome import Verdict
from tests.capture.genicam.fake_camera import FakeCamera
from tests.client.controller.harness import GateTrial
from tests.faults.cameras import camera_line
from tests.faults.running import RunningLine
from tests.faults.scenario import scenario
from tests.faults.stage import Stage

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # of the PLC here, which is switched off at any moment
FRAME_UM, SHEET_UM = 10_000, 25_000
RATE_HZ = 60
ARRIVAL = {
    "by": "position", "distance_mm": 1500, "fastest_m_per_s": 0.75, "gate_ms": 0, "decide_ms": 300, "stale_ms": 500, "jitter_mm": 5,
}  # fmt: skip
"""The strip moves at 0.6 m/s; the fake camera sends on time or up to two frames in a row late."""
TRANSIT_S = 3.2
NOTHING = "Sheets without a PASS of every frame, in time, are rejected: none is let through. What passed in time is let through again afterwards"
REARM = "mend the cause, then arm the controller"


class Trial:
    """A camera, a line and a gate behind it."""

    def __init__(self, camera: FakeCamera, line: RunningLine, gate: GateTrial) -> None:
        self.camera, self.line, self.gate = camera, line, gate

    def passes(self, sheets: int = 6, seconds: float = 40) -> None:
        """Wait until the PLC has passed so many more sheets."""
        before = self._passed()
        self.line.until(lambda: self._passed() >= before + sheets, f"{sheets} sheets that pass", seconds)

    def _passed(self) -> int:
        return sum(one.verdict == 1 for one in self.gate.plc.taken)


@contextmanager
def gate(stage: Stage) -> Iterator[Trial]:
    """In the end, the account: no sheet passed wrongly, none was held back outside of faults, and the account finds a planted wrong PASS."""
    travel = {"travel_um_per_frame": FRAME_UM}
    with camera_line(stage, RATE_HZ, pattern(stage), camera=travel, capture_during_start=False, deadline_ms=1000) as (
        camera,
        line,
    ):
        trial = GateTrial(
            stage.folder,
            line=line.tree["line"],
            port=int(line.endpoint.rpartition(":")[2]),
            cameras=("top",),
            frame_um=FRAME_UM,
            sheet_um=SHEET_UM,
            transit_s=TRANSIT_S,
            arrival=ARRIVAL,
            control=line.tree["control"]["endpoint"],
        )
        with trial:
            try:
                with trial.trouble():
                    trial.arm()
                made = Trial(camera, line, trial)
                made.passes()
                yield made
                made.passes()
            except AssertionError as error:
                raise AssertionError(f"{error}\n{trial.status()}\n{trial.log[-2000:]}") from None
        check(trial)
        line.finish()


def check(trial: GateTrial) -> None:
    """The account."""
    trial.account()
    audit = trial.audit
    assert len(audit.passed()) >= 6, "hardly any sheet passed"
    assert audit.wrong() == [], audit.wrong()
    held = {number: trial.why(number) for number in audit.held_back()}
    assert not held, f"held back without a fault: {held}"
    last_s = audit.records[-1][2]
    for number, passed, _ in list(audit.records):
        if not passed:
            audit.taken(number, True, last_s)
    assert audit.wrong(), "the account does not find a wrong PASS"


def pattern(stage: Stage) -> list[int]:
    """Images of one turn: mostly without a defect."""
    expected = stage.materials.expected
    good = [int(name[:6]) for name, found in expected.items() if found[0] == Verdict.PASS.value]
    bad = [int(name[:6]) for name, found in expected.items() if found[0] == Verdict.REJECT.value]
    turn = [good[number % len(good)] for number in range(40)]
    turn[7] = bad[0]
    assert np.unique(turn).size > 2
    return turn


@scenario(
    fault="The PLC stops answering: it is switched off, and on again",
    promise=NOTHING,
    told="fault `plc_unreachable` or `plc_silent` of the controller",
    remedy=REARM,
    limit_s=120,
)
def controller_plc_off(stage: Stage) -> None:
    with gate(stage) as trial:
        trial.gate.fault("PLC off and on", 1.0)


@scenario(
    fault="The PLC answers, but takes nothing over (it echoes nothing), or echoes another number",
    promise=NOTHING,
    told="fault `plc_readback` or `plc_silent` of the controller",
    remedy=REARM,
    limit_s=120,
)
def controller_plc_echoes_wrongly(stage: Stage) -> None:
    with gate(stage) as trial:
        trial.gate.fault("PLC echoes nothing", 1.0)
        trial.passes()
        trial.gate.fault("PLC echoes wrongly", 1.0)


@scenario(
    fault="The controller is killed (SIGKILL), and started again",
    promise=f"Its heartbeat at the PLC stands still, so the PLC rejects. {NOTHING}",
    told="the heartbeat register",
    remedy="systemd starts it again; armed before, it is armed again",
    limit_s=120,
)
def controller_killed(stage: Stage) -> None:
    with gate(stage) as trial:
        trial.gate.fault("controller killed", 0.5)


@scenario(
    fault="The network between line and controller delivers nothing for a second, then everything",
    promise=f"A PASS that comes too late passes nothing. {NOTHING}",
    told="`late` or `absent` of each sheet; fault `late` where it lasts",
    remedy=REARM,
    limit_s=120,
)
def controller_network_holds(stage: Stage) -> None:
    with gate(stage) as trial:
        trial.gate.fault("network holds", 1.0)


@scenario(
    fault="The line's inference child is killed, then its daemon, then its camera",
    promise=f"UNINSPECTED frames, and frames of an epoch that is over, pass nothing. {NOTHING}",
    told="`verdict`, `absent`, `unseen`, `unplaced` of each sheet",
    remedy="after a camera was away, begin a new run or start the line again: until then positions are unknown, and nothing passes",
    limit_s=150,
)
def controller_line_fails(stage: Stage) -> None:
    with gate(stage) as trial:
        line = trial.line
        for harm in (child_killed, daemon_killed, camera_killed):
            with trial.gate.trouble():
                harm(trial)
                mark = line.mark()
                line.until(lambda since=mark: line.inspected(since) > 50, "verdicts")  # type: ignore[misc]
                trial.gate.arm()
                line.pause(TRANSIT_S)
                trial.gate.arm()
            trial.passes()


def child_killed(trial: Trial) -> None:
    """And started again."""
    mark = trial.line.mark()
    os.kill(trial.line.child(), signal.SIGKILL)
    trial.line.until_told("inference_ready", since=mark)


def daemon_killed(trial: Trial) -> None:
    """And started again, as systemd does it: until the camera, which still belongs to the process that was killed, is free."""
    line = trial.line
    line.kill()
    mark = line.mark()
    for _ in range(10):
        line.restart()
        line.until(lambda: line.process.poll() is not None or line.inspected(mark) > 0, "a start")
        if line.process.poll() is None:
            return
    raise AssertionError(f"it does not start again:\n{line.tail()}")


def camera_killed(trial: Trial) -> None:
    """And started again. Where the strip is is unknown from then on, so nothing passes until the line is started again."""
    mark = trial.line.mark()
    trial.camera.kill()
    trial.line.until_told("camera_reconnecting", since=mark)
    trial.camera.start()
    trial.line.until_told("camera_back", since=mark)
    trial.line.until_inspected(30)
    passed = len(trial.gate.plc.taken)
    trial.line.pause(0.5)
    assert not any(one.verdict == 1 for one in trial.gate.plc.taken[passed:]), "passed without a position"
    daemon_killed(trial)


@scenario(
    fault="Twenty faults at random, of inference, network, controller and PLC",
    promise=f"{NOTHING}, all of it",
    told="as above",
    remedy=REARM,
    limit_s=600,
)
def controller_twenty_faults(stage: Stage) -> None:
    with gate(stage) as trial:
        line = trial.line
        for _ in range(20):
            kinds = [*trial.gate.faults, child_killed]
            kind = stage.random.choice(kinds)
            if isinstance(kind, str):
                trial.gate.fault(kind, stage.random.uniform(0.2, 1.5))
            else:
                with trial.gate.trouble():
                    kind(trial)
                    mark = line.mark()
                    line.until(lambda since=mark: line.inspected(since) > 50, "verdicts")  # type: ignore[misc]
                    trial.gate.arm()
                    line.pause(TRANSIT_S)
                    trial.gate.arm()
            trial.passes(3)
