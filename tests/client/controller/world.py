"""A strip, its cameras, a daemon and a network that the test decides, in simulated time; and what is true about the gate.

Physics: where the strip is by time, which frame shows which part of it, when its verdict arrives. ``run`` feeds a decision core and checks at each
tick that an open gate has only sheets before it that every covering camera has passed, explicitly, in time and in the epoch that is heard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from inspector.client.controller.decision import DecisionCore
from inspector.client.controller.gate import Decision
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import Packet
from tests.client.controller.messages import MS, SECOND, gap, heartbeat, result

UNIX = 1_700_000_000 * SECOND
TICK = 10 * MS
FRAME_UM = 100_000
LATENCY = 20 * MS


@dataclass
class Frame:
    """A frame on the strip, in coordinates of the strip that no restart changes."""

    camera: str
    epoch: str
    start: int
    end: int
    verdict: Verdict
    arrived: int | None = None
    """When its verdict arrived; None: it did not."""


@dataclass
class Fate:
    """What becomes of the message of one frame."""

    verdict: Verdict = Verdict.PASS
    delay: int = MS
    lost: bool = False
    twice: bool = False
    gap: bool = False
    """The camera loses the frame."""
    position: int | None = 0
    """Added to the position that the header tells, um; None: the header has none."""


@dataclass
class World:
    """``speeds``: um per ms in each stretch of 100 ms. ``steps``: by moment, how far the line's wall clock is set. ``restarts``: when the daemon is
    started again; its positions go on from 0. ``exchanges``: the control socket answers once a second."""

    speeds: list[int]
    fates: dict[tuple[str, int], Fate] = field(default_factory=dict)
    cameras: tuple[str, ...] = ("top",)
    steps: dict[int, int] = field(default_factory=dict)
    restarts: list[int] = field(default_factory=list)
    shifts: dict[int, int] = field(default_factory=dict)
    """By frame number: from this frame on positions are told wrong by so much, um."""
    silent: list[tuple[int, int]] = field(default_factory=list)
    """The network is cut from, until."""
    exchanges: bool = False
    simulated: bool = False
    parts: Callable[[int], str | None] = lambda frame: None
    stalls: dict[int, int] = field(default_factory=dict)
    """By sheet: after the tick that decides it the controller stands still for so long, and the actuator is told then."""
    frames: list[Frame] = field(default_factory=list)
    inbox: list[tuple[int, int, Packet]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._arrange()

    def strip(self, now: int) -> int:
        """How far the strip has moved, um."""
        whole, rest = divmod(now, 100 * MS)
        moved = sum(speed * 100 for speed in self.speeds[:whole])
        return moved + (self.speeds[whole] * rest // MS if whole < len(self.speeds) else 0)

    def unix(self, now: int) -> int:
        """The line's wall clock."""
        return UNIX + now + sum(step for at, step in self.steps.items() if at <= now)

    @property
    def end(self) -> int:
        """When it is over, ns."""
        return len(self.speeds) * 100 * MS

    def misnumber(self, camera: str, first: int, missed: int) -> None:
        """From frame ``first`` on this camera's numbers are ``missed`` too small; frame ``first`` is told as lost, and so many are never seen."""
        kept = []
        for arrived, order, packet in self.inbox:
            header = packet.header
            if header.camera == camera and header.frame is not None and header.frame >= first:
                if header.frame < first + missed:
                    continue
                packet = msgspec.structs.replace(
                    packet, header=msgspec.structs.replace(header, frame=header.frame - missed)
                )
            kept.append((arrived, order, packet))
        self.inbox = kept
        for one in self.frames:
            if one.camera == camera and first * FRAME_UM <= one.start < (first + missed) * FRAME_UM:
                one.verdict, one.arrived = Verdict.UNINSPECTED, None

    def _arrange(self) -> None:
        epochs = [0, *sorted(self.restarts)]
        for number, begin in enumerate(epochs):
            until = epochs[number + 1] if number + 1 < len(epochs) else self.end
            self._epoch(f"epoch-{number}", begin, until)
        self.inbox.sort(key=lambda one: one[:2])

    def _epoch(self, epoch: str, begin: int, until: int) -> None:
        origin = self.strip(begin)
        common: dict[str, Any] = {"epoch": epoch, "simulated": self.simulated}
        for now in range(begin, until, 200 * MS):
            for camera in self.cameras:
                self._send(now, MS, heartbeat(self.unix(now), camera=camera, **common))
        number, moment = 0, begin
        while moment < until:
            if self.strip(moment) - origin >= number * FRAME_UM:
                for camera in self.cameras:
                    self._frame(camera, number, moment, origin, until, common)
                number += 1
            else:
                moment += MS

    def _frame(self, camera: str, number: int, moment: int, origin: int, until: int, common: dict[str, Any]) -> None:
        fate = self.fates.get((camera, number), Fate())
        position, published = number * FRAME_UM, moment + LATENCY
        frame = Frame(camera, common["epoch"], origin + position, origin + position + FRAME_UM, fate.verdict)
        self.frames.append(frame)
        wrong = sum(by for first, by in self.shifts.items() if number >= first)
        told = None if fate.position is None else position + fate.position + wrong
        if published >= until:
            return
        if fate.gap:
            frame.verdict = Verdict.UNINSPECTED
            packet = gap(number, number, self.unix(published), camera=camera, position_um=told, **common)
        else:
            captured = self.unix(published) - LATENCY
            packet = result(
                number,
                fate.verdict,
                captured,
                self.unix(published),
                camera=camera,
                position_um=told,
                part=self.parts(number),
                **common,
            )
        if not fate.lost and (arrived := self._send(published, fate.delay, packet)) is not None:
            frame.arrived = arrived
            if fate.twice:
                self._send(published, fate.delay + 5 * MS, packet)

    def _send(self, now: int, delay: int, packet: Packet) -> int | None:
        arrived = now + delay
        if any(begin <= now < end for begin, end in self.silent):
            return None
        self.inbox.append((arrived, len(self.inbox), packet))
        return arrived

    def run(self, core: DecisionCore, distance_um: int, sheet_um: int, hold: int = 0) -> Outcome:
        """Let everything happen. Raises AssertionError where something passes that must not. ``hold``: the gate may stay open so long by itself, ns."""
        outcome, waiting, exchanged, still_until = Outcome(), list(reversed(self.inbox)), -SECOND, 0
        for now in range(0, self.end, TICK):
            if now < still_until:
                continue
            while waiting and waiting[-1][0] <= now:
                arrived, _, packet = waiting.pop()
                core.take(packet, arrived)
            if self.exchanges and now - exchanged >= SECOND:
                exchanged = now
                epoch = f"epoch-{sum(at <= now for at in self.restarts)}"
                core.exchanged(now - 2 * MS, now, self.unix(now - MS), "line1", epoch)
            for decision in core.tick(now):
                outcome.decisions.append(decision)
                core.confirmed(decision.sequence)
                still_until = max(still_until, now + self.stalls.get(decision.number, 0))
            if core.open:
                outcome.open_ticks += 1
                for later in range(now, now + hold + 1, 10 * TICK):
                    self._check(core, now, self.strip(later) - distance_um, sheet_um)
            outcome.closed.add(core.closed_why)
        return outcome

    def _check(self, core: DecisionCore, now: int, at_gate: int, sheet_um: int) -> None:
        """Every frame that shows a part of the sheet at the gate was passed, in time, in the epoch that is heard."""
        epoch = core.epoch
        mine = [one for one in self.frames if one.epoch == epoch]
        origin = mine[0].start
        first = origin + (at_gate - origin) // sheet_um * sheet_um
        if self.shifts:  # the sheets begin elsewhere then
            first, sheet_um = at_gate, 1
        for camera in self.cameras:
            shown = [one for one in mine if one.camera == camera and one.start < first + sheet_um and one.end > first]
            assert shown, f"at {now}: nothing of the present epoch shows what is at the gate"
            for one in shown:
                assert one.verdict is Verdict.PASS, (
                    f"at {now / SECOND}: the gate is open for a {one.verdict.value}: {one}"
                )
                assert one.arrived is not None, f"at {now / SECOND}: the verdict never arrived: {one}"
                assert one.arrived <= now, f"at {now / SECOND}: the verdict comes later: {one}"


@dataclass
class Outcome:
    """What the core did."""

    decisions: list[Decision] = field(default_factory=list)
    open_ticks: int = 0
    closed: set[str] = field(default_factory=set)

    def passed(self) -> list[int]:
        """Sheets that passed and stayed so."""
        last = {one.number: one.passed for one in self.decisions}
        return sorted(number for number, passed in last.items() if passed)
