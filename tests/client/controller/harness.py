"""A reject controller on trial: the real command in a process of its own, a PLC, a network that fails, and an account kept outside.

For any line that publishes on loopback and is not simulated, as one on a fake camera; a soak drives it so:

    with GateTrial(folder, line="t", port=5550, cameras=("top",), frame_um=10_000, sheet_um=25_000, transit_s=1.0, arrival={...}) as gate:
        gate.arm()
        for kind in rng.choices(list(gate.faults), k=20):
            gate.fault(kind, rng.uniform(0.2, 2.0))     # begins, waits, ends, arms again
            gate.quiet(5)                               # a stretch without a fault
    gate.account()
    assert gate.audit.wrong() == [] and gate.audit.held_back() == []

Faults of the line itself (its camera, its daemon) are the caller's: ``with gate.trouble(): ...`` keeps their stretch out of ``held_back``.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import yaml

from inspector.client.control import NoAnswer
from inspector.client.controller.actuator import State
from inspector.client.controller.rearm import Answer, ask
from tests.client.controller.audit import Audit, Ear
from tests.client.controller.link import Link
from tests.client.controller.plc_process import PlcProcess
from tests.client.controller.plc_twin import PlcTwin
from tests.results.publishing import eventually

WATCHED = {"heartbeat_ms": 40, "watchdog_ms": 150}
"""A quick PLC, so that the gate is open between defects."""
_STARVED = ("the controller stood still", "unknown or stale", "nothing was heard of", "cameras disagree")
"""The cameras of a trial in one process have no encoder in common: one that gets no time is behind."""


class GateTrial(AbstractContextManager["GateTrial"]):
    """One gate behind a line."""

    def __init__(
        self,
        folder: Path,
        *,
        line: str,
        port: int,
        cameras: tuple[str, ...],
        frame_um: int,
        sheet_um: int,
        transit_s: float,
        arrival: dict[str, Any],
        control: str | None = None,
        plc: PlcTwin | PlcProcess | None = None,
        **keys: Any,
    ) -> None:
        """``port``: of the line's results. ``transit_s``: longest time from a sheet's capture until it is through the gate. ``control``: the line's
        control socket. Further keys are those of the controller's configuration."""
        self.audit = Audit(frame_um, sheet_um, cameras)
        self.plc: Any = plc or PlcTwin()
        self.plc.watchdog_s = WATCHED["watchdog_ms"] / 1000
        self.link = Link(port)
        self.unplanned: list[str] = []
        """Faults that the controller found in quiet stretches."""
        self._transit_s = transit_s
        self._endpoint = f"ipc://{folder}/rearm"
        self._log = folder / "controller.log"
        self._decisions = folder / "decisions.jsonl"
        tree = {
            "line": line,
            "results": {"endpoint": f"tcp://127.0.0.1:{self.link.port}"},
            "cameras": [{"name": name, "frame_mm": frame_um / 1000} for name in cameras],
            "sheets": {"by": "length", "length_mm": sheet_um / 1000},
            "arrival": arrival,
            "actuator": msgspec.to_builtins(self.plc.config(echo_ms=300, answer_ms=300, reconnect_s=0.1, **WATCHED)),
            "rearm": {"endpoint": self._endpoint, "state_file": f"{folder}/state"},
            "control": None if control is None else {"endpoint": control, "every_s": 0.25},
            **keys,
        }
        self._config = folder / "gate.yaml"
        self._config.write_text(yaml.safe_dump(tree))
        self._process = self._start()
        self.ear = Ear(f"tcp://127.0.0.1:{port}", line, self.audit)
        self.faults: dict[str, Callable[[float], None]] = {
            "network holds": self._network_holds,
            "network cut": self._network_cut,
            "PLC echoes nothing": self._plc_mute,
            "PLC echoes wrongly": self._plc_wrong,
            "PLC is slow": self._plc_slow,
            "PLC off and on": self._plc_off,
            "controller stopped": self._stopped,
            "controller killed": self._killed,
        }
        """By name; each takes how long it lasts, s."""

    def __exit__(self, *_: object) -> None:
        self.close()

    def arm(self) -> None:
        """Arm it, and wait until sheets may pass."""
        eventually(self._armed, 20)

    def fault(self, kind: str, seconds: float) -> None:
        """Let a fault happen, and arm again; once more when what it cost has come to the gate, where that may be a fault of its own (`late`)."""
        with self.trouble():
            self.faults[kind](seconds)
            self.arm()
            time.sleep(self._transit_s)
            self.arm()

    def quiet(self, seconds: float) -> None:
        """A stretch without a fault of the trial. Where the controller finds one by itself, as on a machine that has too much to do, it is kept out
        of the account, and counted."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            answer = self.status()
            if answer is None or answer.status is None or answer.status.faults:
                self.unplanned.append(str(answer.status.faults if answer and answer.status else "no answer"))
                with self.trouble():
                    self.arm()
            time.sleep(0.1)

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """Sheets that are captured meanwhile may be rejected, until they are through the gate."""
        begin_s = time.monotonic() - self._transit_s
        yield
        self.audit.fault(begin_s, time.monotonic() + self._transit_s)

    def status(self) -> Answer | None:
        """What the controller says; None: nothing."""
        try:
            return ask(self._endpoint, "status", timeout_ms=500)
        except NoAnswer:
            return None

    def close(self) -> None:
        """Stop the controller, then the rest."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)
        self.ear.close()
        self.link.close()
        if isinstance(self.plc, PlcProcess):
            self.plc.close()
        else:
            self.plc.kill()

    def account(self) -> None:
        """Enter what the PLC took."""
        for taken in self.plc.taken:
            self.audit.taken(taken.number, taken.verdict == 1, taken.at_s)

    @property
    def log(self) -> str:
        """What the controller logged."""
        return self._log.read_text()

    def why(self, number: int, at_s: float | None = None) -> list[str]:
        """Why a sheet was decided as it was; ``at_s``: about this moment, since numbers come again when positions begin anew."""
        decisions = [json.loads(line) for line in self._decisions.read_text().splitlines()]
        ahead_s = time.time() - time.monotonic()
        return [
            f"{one['why']} {one['text']}".strip()
            for one in decisions
            if one["number"] == number
            and (at_s is None or abs(one["unix_ns"] / 1e9 - ahead_s - at_s) < self._transit_s)
        ]

    def starved(self, number: int, at_s: float | None = None) -> bool:
        """Whether a sheet was rejected because a process of the trial got no time: silence that no fault of the trial explains."""
        return any(text in one for text in _STARVED for one in self.why(number, at_s))

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log, self._decisions.open("ab") as decisions:
            return subprocess.Popen(
                [sys.executable, "-m", "inspector", "controller", "run", "-c", str(self._config), "--json"],
                stdout=decisions,
                stderr=log,
            )

    def _armed(self) -> bool:
        answer = self.status()
        if answer is None or answer.status is None:
            return False
        if answer.status.state is not State.ARMED:
            ask(self._endpoint, "rearm", "the trial")
            return False
        return not answer.status.why_closed

    def _network_holds(self, seconds: float) -> None:
        self.link.hold = True
        time.sleep(seconds)
        self.link.hold = False

    def _network_cut(self, seconds: float) -> None:
        self.link.cut()
        self._network_holds(seconds)

    def _plc_mute(self, seconds: float) -> None:
        self.plc.mute = True
        time.sleep(seconds)
        self.plc.mute = False

    def _plc_wrong(self, seconds: float) -> None:
        self.plc.echoes = 4711
        time.sleep(seconds)
        self.plc.echoes = None

    def _plc_slow(self, seconds: float) -> None:
        self.plc.delay_s = seconds / 2
        time.sleep(seconds)
        self.plc.delay_s = 0.0

    def _plc_off(self, seconds: float) -> None:
        self.plc.kill()
        time.sleep(seconds)
        self.plc.start()

    def _stopped(self, seconds: float) -> None:
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    def _killed(self, seconds: float) -> None:
        self._process.kill()
        self._process.wait(10)
        time.sleep(seconds)
        self._process = self._start()


def summary(gate: GateTrial) -> str:
    """The account in one line of JSON."""
    audit = gate.audit
    return json.dumps(
        {
            "records": len(audit.records),
            "passed": len(audit.passed()),
            "wrong": audit.wrong(),
            "read_late": audit.read_late(),
            "held_back": [number for number in audit.held_back() if not gate.starved(number)],
            "starved": sum(map(gate.starved, audit.held_back())),
            "faults": len(audit.faults),
            "unplanned": gate.unplanned,
            "frames": len(audit.frames),
            "epochs": len(audit.epochs),
        }
    )
