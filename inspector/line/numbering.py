"""Gives the frames of one camera their numbers, and those that are lost their verdict.

A source counts from 0 each time it is opened; the line goes on counting. So each connection has an offset.
"""

from __future__ import annotations

import threading

import msgspec

from inspector.capture.preparation import Preparation
from inspector.capture.source import Arrival
from inspector.config.camera import CameraConfig
from inspector.frames.meta import FrameMeta
from inspector.frames.position import Position
from inspector.line.camera_condition import CameraCondition
from inspector.line.positions import Positions
from inspector.line.runs import Runs
from inspector.line.setup import Entry
from inspector.line.tap import Tap
from inspector.protocol.messages import Header
from inspector.verdicts.ledger import Ledger


class Numbering:
    """The numbers of one camera's frames. ``lock`` is held while frames get theirs."""

    def __init__(
        self,
        camera: CameraConfig,
        preparation: Preparation,
        runs: Runs,
        ledger: Ledger,
        tap: Tap | None,
        condition: CameraCondition,
    ) -> None:
        self._camera = camera.name
        self._preparation = preparation
        self._positions = Positions(
            camera, lambda well, code, text: condition.tell("encoder of", well, code, f": the encoder: {text}")
        )
        self._runs = runs
        self._ledger = ledger
        self._tap = tap
        self.deadline_ns: int | None = None
        """From capture to the latest verdict, for frames taken from now on."""
        self.lock = threading.Lock()
        self.next_number = 0
        """Of the frame that is expected next."""
        self.gaps = 0
        """How often frames in a row were lost."""
        self._lost_up_to = -1
        """The frame after those that were lost last."""
        self._offset = 0
        """Number of the frame that the source of this connection counts as 0."""
        self._given_up = 0
        """Frames below this number have their verdict, should the camera still deliver them."""
        self._unknown = False
        """Whether it is unknown how many frames came before the next one."""

    def enter(self, arrival: Arrival) -> tuple[Arrival, FrameMeta, Entry] | None:
        """Open the frame in the ledger, after those that the camera lost before it; the arrival that is returned has the line's number. None
        where the frame was given up before."""
        with self.lock:
            if self._offset:
                arrival = msgspec.structs.replace(arrival, number=self._offset + arrival.number)
            if arrival.number < self._given_up:
                return None
            if arrival.number < self.next_number:
                raise RuntimeError(f"the source counted back from {self.next_number - 1} to {arrival.number}")
            missing = arrival.number - self.next_number
            if missing:
                detail = f"the camera lost {missing} frame{'s' if missing > 1 else ''}"
                if self._unknown:
                    detail = "the camera was lost and is back; how many frames it missed is not known"
                self.lose(missing, arrival.captured_ns, detail, arrival.recorded_lost)
            self._unknown = False
            self.next_number = arrival.number + 1
            entry = self._runs.enter(self._camera)
            meta = self._meta(arrival.number, arrival.captured_ns, entry, arrival)
            self._ledger.open(meta)
        return arrival, meta, entry

    def lose(self, count: int, captured_ns: int, detail: str, recorded: Position | None = None) -> None:
        """Settle the next ``count`` numbers as lost; ``recorded`` is where the first of them was, in a recording. ``lock`` is held."""
        entry = self._runs.enter(self._camera, count)
        meta = self._meta(self.next_number, captured_ns, entry, None, recorded)
        # Before the ledger: it has the frames also where it raises.
        first, self.next_number = self.next_number, self.next_number + count
        if self._lost_up_to != first:
            self.gaps += 1
        lost = msgspec.structs.replace(meta, deadline_ns=None, uncounted=self._unknown)
        self._ledger.lost(lost, count, detail)
        if self._tap is not None:
            self._tap.lost(meta, count, entry)
        self._lost_up_to = self.next_number

    def owed(self, exposed: int | None) -> int:
        """How many frames are due of the ``exposed`` ones that the source counts. ``lock`` is held."""
        return 0 if exposed is None else max(0, self._offset + exposed - self.next_number)

    def resume(self, last: Header, *, live: bool) -> None:
        """Have positions go on after the last frame that was published before the line was started; ``live``: of a device."""
        self._positions.resume(last, live=live)

    def give_up(self, count: int, captured_ns: int, detail: str) -> None:
        """Settle the next ``count`` numbers as lost, though the camera may still deliver them. ``lock`` is held."""
        self.lose(count, captured_ns, detail)
        self._given_up = self.next_number

    def reconnected(self, *, counted: bool) -> None:
        """The source begins to count from 0 again. ``counted``: the frames that were due meanwhile are settled; else their number is unknown,
        and one lost frame stands for them. ``lock`` is held."""
        self._unknown = not counted
        self._offset = self.next_number + (0 if counted else 1)
        self._positions.broken()

    def _meta(
        self, number: int, captured_ns: int, entry: Entry, arrival: Arrival | None, recorded: Position | None = None
    ) -> FrameMeta:
        """``arrival`` is None for the first of a range of lost frames."""
        where = recorded or self._positions.of(number, arrival, entry.run)
        return FrameMeta(  # a call with more than 15 keywords goes through a dict and takes four times as long
            self._camera,
            number,
            captured_ns,
            deadline_ns=None if self.deadline_ns is None else captured_ns + self.deadline_ns,
            position_um=where.position_um,
            travel_um=where.travel_um,
            position_source=where.source,
            encoder=where.encoder,
            camera_ns=_bounded(arrival.camera_ns) if arrival else None,
            camera_clock=arrival.camera_clock if arrival else "",
            flat_field=self._preparation.flat_field,
            run=entry.run,
            recipe=entry.setup.recipe,
            part=(arrival.part if arrival else "") or entry.part,
            calibration=entry.setup.calibrations.get(self._camera, ""),
            name=arrival.name if arrival else "",
        )


def _bounded(camera_ns: int | None) -> int | None:
    """A camera's clock of 64 bits may be beyond what every reader of the messages takes."""
    return camera_ns if camera_ns is not None and -(2**63) <= camera_ns < 2**63 else None
