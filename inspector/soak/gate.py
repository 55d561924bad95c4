"""The reject controller of a soak, a process of its own: it is on trial, and prints what it decides and when its output was PASS.

python -m inspector.soak.gate CONTROLLER.YAML
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from inspector.client.controller import RejectController
from inspector.client.controller.actuator import Confirmed, State, Told
from inspector.client.controller.gate import Decision
from inspector.client.controller.load import load_controller
from inspector.service.signals import stop_on_signals
from inspector.soak.children import follow_parent
from inspector.soak.plan import WATCHDOG_MS
from inspector.soak.planting import plant_in_gate

PIECE_NS = 500_000_000
"""Longest time of PASS that is reported at once."""
_WATCHDOG_NS = round(WATCHDOG_MS * 1e6)
_STATE_S = 0.5


class Decided(msgspec.Struct, frozen=True, kw_only=True, tag="decided"):
    """A decision."""

    unix_ns: int
    epoch: str
    number: int
    passed: bool
    why: str


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """The output was PASS between these moments, wall clock."""

    from_ns: int
    to_ns: int


class Standing(msgspec.Struct, frozen=True, kw_only=True, tag="standing"):
    """How it is."""

    state: str
    faults: dict[str, str]


Said = Decided | Opened | Standing


def _say(said: Said) -> None:
    print(msgspec.json.encode(said).decode(), flush=True)


class Output:
    """An actuator that takes every decision at once, and notes how long it shows PASS."""

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._open: tuple[int, int] | None = None
        self._shown_ns: int | None = None
        """When it was told last what to show."""

    def decide(self, decision: Decision) -> None:
        """Take it."""
        self._told.append(Confirmed(decision.sequence))

    def show(self, is_open: bool, state: State) -> None:
        """Note it. After its watchdog lapsed it stays REJECT once more, as a PLC does by rule: what comes first may have been found before the
        controller stood still."""
        now = time.time_ns()
        is_open = is_open and (self._shown_ns is None or now - self._shown_ns < _WATCHDOG_NS)
        self._shown_ns = now
        if self._open is not None:
            begun, last = self._open
            held = now - last < _WATCHDOG_NS
            until = now if held else last
            if not held or not is_open or until - begun > PIECE_NS:
                _say(Opened(from_ns=begun, to_ns=until))
                self._open = None
            else:
                self._open = begun, now
        if is_open and self._open is None:
            self._open = now, now

    def told(self) -> list[Told]:
        """What was taken."""
        told, self._told = self._told, []
        return told

    def close(self) -> None:
        """REJECT from now on."""
        self.show(False, State.STOPPED)


def main() -> None:
    """Be the process, until SIGTERM."""
    follow_parent()
    plant_in_gate()
    config = load_controller(Path(sys.argv[1]))
    said_s = 0.0

    def decided(decision: Decision) -> None:
        epoch = controller.core.epoch or ""
        _say(
            Decided(
                unix_ns=time.time_ns(),
                epoch=epoch,
                number=decision.number,
                passed=decision.passed,
                why=decision.why.value,
            )
        )

    def tick() -> None:
        nonlocal said_s
        now_s = time.monotonic()
        if now_s - said_s >= _STATE_S:
            said_s = now_s
            _say(Standing(state=controller.state.name, faults=dict(controller.core.latch.faults)))

    actuator: Any = Output()
    with stop_on_signals() as stop, RejectController(config, actuator=actuator, on_decision=decided) as controller:
        controller.run(stop, tick)


if __name__ == "__main__":
    main()
