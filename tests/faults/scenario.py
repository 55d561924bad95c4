"""A scenario: a fault, what the user is promised for it, and the function that does the one and checks the other.

Each module beside this one holds those of an area. ``docs/faults.md`` is made of what they say here (``table.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.stage import Stage


class Unavailable(Exception):  # noqa: N818 - no error: the scenario cannot be had here
    """What this machine lacks for a scenario."""


@dataclass(frozen=True)
class Scenario:
    """One row of the table."""

    name: str
    area: str
    fault: str
    promise: str
    """Besides what holds for all of them: ``table.ABOUT``."""
    told: str
    """By which codes, reasons or events the user hears of it."""
    remedy: str
    """What the user does, where anything."""
    run: Callable[[Stage], None]
    """Raises AssertionError where the promise is broken, and Unavailable."""
    quick: bool
    """Whether it is part of the test suite."""
    limit_s: float


SCENARIOS: dict[str, Scenario] = {}
"""All of them, by name, in the order of the table."""


def scenario(
    *, fault: str, promise: str, told: str, remedy: str = "nothing", quick: bool = False, limit_s: float = 90
) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Enter the function as the scenario of its name, in the area of its module."""

    def enter(run: Callable[[Stage], None]) -> Callable[[Stage], None]:
        area = run.__module__.rpartition(".")[2]
        SCENARIOS[run.__name__] = Scenario(run.__name__, area, fault, promise, told, remedy, run, quick, limit_s)
        return run

    return enter


def load() -> dict[str, Scenario]:
    """Import every area; return ``SCENARIOS``."""
    from tests.faults import areas

    areas.load()
    return SCENARIOS
