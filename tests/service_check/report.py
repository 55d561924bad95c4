"""What came of the checks: a line each for a person, a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Finding:
    """What a check saw."""

    facts: dict[str, Any] = field(default_factory=dict)
    """Figures, their units in the names."""
    evidence: list[str] = field(default_factory=list)
    """Lines of the journal and the like."""


@dataclass
class Outcome:
    """A check, done."""

    name: str
    result: str
    """PASS or FAIL."""
    seconds: float
    why: str
    """Of a failure; one line."""
    finding: Finding

    def __str__(self) -> str:
        facts = ", ".join(f"{name} {_short(value)}" for name, value in self.finding.facts.items())
        return f"{self.result} {self.seconds:6.1f} s  {self.name:24} {'; '.join(filter(None, (self.why, facts)))}"


def _short(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def write_report(path: Path, about: dict[str, Any], outcomes: list[Outcome]) -> None:
    """Write all of them."""
    tree = {**about, "checks": [asdict(outcome) for outcome in outcomes]}
    path.write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")
