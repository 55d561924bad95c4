"""What the three ways to gather frames to sheets have in common: the open sheets, and how each of them ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from inspector.frames.outcome import Reason, Settled
from inspector.sheets.combining import Sheet
from inspector.sheets.numbers import Numbers

MOST_AT_ONCE = 64
"""More sheets that are lost together get one verdict together."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A sheet that is over, or a range of sheets that were lost."""

    first: int
    last: int
    run: str
    through: int
    """Every sheet up to this number has its verdict, with this one."""
    sheet: Sheet | None = None
    """None for a range."""
    missing: dict[str, str] = field(default_factory=dict)
    """By camera: what is not there."""
    why: Reason = Reason.DEADLINE
    """Of what is missing."""
    detail: str = ""
    """Of a range."""


S = TypeVar("S", bound=Sheet)


class Gathering(Generic[S]):
    """Base of the three. Not for several threads."""

    def __init__(self, cameras: Iterable[str], deadline_ns: int | None) -> None:
        """``cameras`` are those that see each sheet; ``deadline_ns`` is how long a frame is waited for."""
        self.cameras = tuple(cameras)
        self.closed = Numbers()
        """Numbers of the sheets that have their verdict."""
        self._deadline_ns = deadline_ns
        self._open: dict[int, S] = {}

    def add(self, settled: Settled) -> list[Ending]:
        """Take the verdict of a frame, or of a range of lost ones; return the sheets that are over by it."""
        raise NotImplementedError

    def run_over(self, run: str, next_run: str | None) -> list[Ending]:
        """Every frame of ``run`` has its verdict; return its sheets that end by that. ``next_run`` has begun since; None: no run has."""
        return self._end_all([sheet for sheet in self._open.values() if sheet.run == run], Reason.CAMERA_LOST)

    def close(self) -> list[Ending]:
        """No further frame comes."""
        return self._end_all(list(self._open.values()), Reason.SHUTDOWN)

    def due(self, now_ns: int) -> list[Ending]:
        """The sheets whose deadline has passed."""
        if self._deadline_ns is None:
            return []
        due = [sheet for sheet in self._open.values() if sheet.deadline_ns is not None and sheet.deadline_ns <= now_ns]
        return self._end_all(due, Reason.DEADLINE)

    def next_deadline_ns(self) -> int | None:
        """The earliest deadline of an open sheet, monotonic."""
        if self._deadline_ns is None:
            return None
        return min((sheet.deadline_ns for sheet in self._open.values() if sheet.deadline_ns is not None), default=None)

    @property
    def waiting(self) -> int:
        """Sheets without a verdict."""
        return len(self._open)

    def _missing(self, sheet: S) -> dict[str, str]:
        """By camera what is not there of a sheet that ends now; empty where it is complete."""
        seen = {view.camera for view in sheet.views}
        return {camera: "no frame of this sheet" for camera in self.cameras if camera not in seen}

    def _end(self, sheet: S, why: Reason) -> Ending:
        del self._open[sheet.number]
        self.closed.add(sheet.number, sheet.number)
        return Ending(sheet.number, sheet.number, sheet.run, self.closed.through, sheet, self._missing(sheet), why)

    def _end_range(self, first: int, last: int, run: str, detail: str) -> Ending:
        """End sheets that were lost together, as one."""
        for number in [number for number in self._open if first <= number <= last]:
            del self._open[number]
        self.closed.add(first, last)
        return Ending(first, last, run, self.closed.through, detail=detail)

    def _end_all(self, sheets: list[S], why: Reason) -> list[Ending]:
        return [self._end(sheet, why) for sheet in sorted(sheets, key=lambda one: one.number)]

    def _pass(self, camera: str, sheets: Iterable[S], ns: int) -> list[Ending]:
        """A camera shows no further frame of these sheets, as a frame captured at ``ns`` says; return those that are over by it."""
        endings = []
        for sheet in sorted(sheets, key=lambda one: one.number):
            sheet.over.add(camera)
            self._due_from(sheet, ns)
            if sheet.over.issuperset(self.cameras):
                endings.append(self._end(sheet, Reason.CAMERA_LOST))
        return endings

    def _due_from(self, sheet: S, ns: int) -> None:
        """The sheet's deadline counts from ``ns``, unless it counts from before."""
        if self._deadline_ns is not None:
            due = ns + self._deadline_ns
            sheet.deadline_ns = due if sheet.deadline_ns is None else min(sheet.deadline_ns, due)


class InOrder:
    """Gives the verdicts of each camera in the order of its frames."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._waiting: dict[tuple[str, int], Settled] = {}

    def take(self, settled: Settled) -> list[Settled]:
        """Take one, and return those that all come after what was returned before, without a gap."""
        camera = settled.meta.camera
        self._waiting[camera, settled.meta.frame] = settled
        number, ready = self._next.get(camera, 0), []
        while (one := self._waiting.pop((camera, number), None)) is not None:
            ready.append(one)
            number += one.count
        self._next[camera] = number
        return ready
