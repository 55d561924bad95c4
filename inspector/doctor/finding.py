"""The result of one check of the doctor."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import msgspec


class State(str, Enum):
    """The state of what was checked; ``Subject`` has a method for each, with its meaning."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"
    WRONG = "wrong"


class Section(str, Enum):
    """The parts of the doctor's report."""

    MACHINE = "Machine"
    SOFTWARE = "Software"
    GPU = "GPU"
    LINE = "Line"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and what it is for or how to get it, in words for a line engineer."""

    section: Section
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


class Subject(NamedTuple):
    """The subject of a check; all its findings have the same section and name."""

    section: Section
    name: str
    needed: bool = False
    """Whether a line cannot run without it."""

    def finding(self, state: State, found: str, advice: str) -> Finding:
        """What was found about it."""
        return Finding(
            section=self.section, name=self.name, state=state, found=found, advice=advice, needed=self.needed
        )

    def ok(self, found: str, advice: str) -> Finding:
        """It works."""
        return self.finding(State.OK, found, advice)

    def note(self, found: str, advice: str) -> Finding:
        """It works, with a limit that the user should know."""
        return self.finding(State.NOTE, found, advice)

    def missing(self, found: str, advice: str) -> Finding:
        """It is not there."""
        return self.finding(State.MISSING, found, advice)

    def wrong(self, found: str, advice: str) -> Finding:
        """It is there but cannot be used."""
        return self.finding(State.WRONG, found, advice)


def can_run(findings: list[Finding]) -> bool:
    """Whether a line can run: no finding stops it."""
    return not any(finding.stops_the_line for finding in findings)
