"""One thing the doctor looked at."""

from __future__ import annotations

from enum import Enum

import msgspec


class State(str, Enum):
    """How a thing stands."""

    OK = "ok"
    NOTE = "note"
    """It works, and there is something to know about it."""
    MISSING = "missing"
    """It is not there."""
    WRONG = "wrong"
    """It is there and cannot be used."""


class Room(str, Enum):
    """Where a thing belongs."""

    MACHINE = "Machine"
    SOFTWARE = "Software"
    GPU = "GPU"
    LINE = "Line"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and what it gives or how to get it, in words for a line engineer."""

    room: Room
    name: str
    state: State
    found: str
    advice: str = ""
    needed: bool = False
    """Whether a line cannot run without it."""

    @property
    def stops_the_line(self) -> bool:
        """A line cannot run as things are."""
        return self.needed and self.state in (State.MISSING, State.WRONG)


def can_run(findings: list[Finding]) -> bool:
    """Whether nothing found keeps a line from running."""
    return not any(finding.stops_the_line for finding in findings)
