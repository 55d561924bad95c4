"""The sheets at the gate: what was decided of each, and whether everything that may be there now has passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from inspector.client.controller.registers import Judged
from inspector.client.controller.sights import Place, Why


class Window(NamedTuple):
    """What may be at the gate now, in the coordinate of the sheets; and up to where sheets have to be decided."""

    back: int
    front: int
    """What may come to it as long as the gate may stay open by itself."""
    decide: int
    now: int
    """What may be there at this moment ends here; at most ``front``."""


class Decision(NamedTuple):
    """What the actuator is told of a sheet. Of two with one ``number`` the later one holds, and it never is a PASS."""

    sequence: int
    """From 1, without a gap."""
    number: int
    part: str | None
    passed: bool
    why: Why
    text: str
    """For a person; may be empty."""


@dataclass
class _Entry:
    number: int
    part: str | None
    place: Place | None
    passed: bool
    sequence: int
    confirmed: bool = False


class Gate:
    """Decided sheets that have not passed the gate yet."""

    def __init__(self, gap: int, is_strip: bool) -> None:
        """``gap``: space between two sheets that belongs to each of them, in the coordinate of the sheets. ``is_strip``: there is always a sheet; else
        a sheet is followed by nothing until the next one comes."""
        self._gap, self._is_strip = gap, is_strip
        self._entries: list[_Entry] = []
        self._known_from: int | None = None
        """From here on the places of all sheets are known: those of frames and parts may overlap, so that one that was never placed may be where the first one is
        that was. None: none is. Pieces of a strip do not overlap."""
        self._sequence = 0
        self.said: list[Decision] = []
        """What the actuator has not been told yet."""

    def decide(self, judged: Judged, why: Why, text: str = "") -> None:
        """Tell the actuator of a sheet."""
        passed = why is Why.PASSED
        if judged.place is None:
            self._known_from = None
        elif self._known_from is None:
            self._known_from = judged.place[1] + self._gap
        self._say(judged.number, judged.part, why, text)
        self._entries.append(_Entry(judged.number, judged.part, judged.place, passed, self._sequence))

    def confirmed(self, sequence: int) -> None:
        """The actuator has taken the decision of this sequence."""
        for entry in self._entries:
            entry.confirmed |= entry.sequence == sequence

    def open(self, window: Window) -> bool:
        """Whether everything in the window is of sheets that pass and that the actuator has taken."""
        if not self._is_strip and (self._known_from is None or window.back < self._known_from):
            return False
        reached = window.back
        placed = [(one.place, one.passed and one.confirmed) for one in self._entries if one.place is not None]
        for (start, end, slack), passes in sorted(placed):
            if end > window.back and start <= window.front and not passes:
                return False
            if passes and start + slack - self._gap <= reached:
                reached = max(reached, end - slack + self._gap)
        return reached > (window.front if self._is_strip else window.now)

    def revoke(self, numbers: tuple[int, ...] | None, why: Why, text: str) -> None:
        """Reject sheets that had passed: those of these numbers, or all. A sheet that was rejected in part is rejected whole."""
        for entry in self._entries:
            if entry.passed and (numbers is None or entry.number in numbers):
                entry.passed = False
                self._say(entry.number, entry.part, why, text)

    def revoke_in(self, window: Window, text: str) -> None:
        """Reject what may be at the gate now."""
        there = [one for one in self._entries if one.place is not None and one.place[0] <= window.front]
        self.revoke(tuple(one.number for one in there), Why.BLOCKED, text)

    def clear(self, text: str) -> None:
        """Reject everything, and forget it: places and numbers mean something else from now on."""
        self.revoke(None, Why.BLOCKED, text)
        self._entries.clear()
        self._known_from = None

    def overdue(self, window: Window) -> None:
        """Reject what came to the gate before the actuator had taken its verdict."""
        late = tuple(
            one.number
            for one in self._entries
            if one.passed and not one.confirmed and one.place is not None and one.place[0] <= window.front
        )
        if late:
            self.revoke(late, Why.UNCONFIRMED, "the actuator had not taken its verdict")

    def forget_before(self, coordinate: int) -> None:
        """What ends before it has passed the gate."""
        self._entries = [
            one for one in self._entries if one.place is not None and one.place[1] + self._gap >= coordinate
        ]

    def _say(self, number: int, part: str | None, why: Why, text: str) -> None:
        self._sequence += 1
        self.said.append(Decision(self._sequence, number, part, why is Why.PASSED, why, text))
