"""What came of a soak."""

from __future__ import annotations

from typing import Any

import msgspec

from inspector.soak.audit import Audit
from inspector.soak.books import Books
from inspector.soak.director import Director
from inspector.soak.findings import Findings, Violation
from inspector.soak.growth import Grown, Growth
from inspector.soak.plan import SoakSettings
from inspector.soak.second import Second
from inspector.soak.stored import Stored


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    seconds: float
    seed: int
    frames: int
    verdicts: dict[str, int]
    reasons: dict[str, int]
    epochs: int
    published: int
    journal: dict[str, int]
    recovered: int
    missed: int
    second_subscriber: dict[str, int]
    controller: dict[str, Any]
    faults: dict[str, int]
    longest_until_well_s: dict[str, float]
    growth: list[Grown]
    caught_after_s: dict[str, float | None]
    """Of each plant, when the check that has to find it did; None: it did not."""
    violations: dict[str, int]
    first: list[Violation]

    @property
    def sound(self) -> bool:
        """Whether every promise was kept; with something planted, whether it was found."""
        return None not in self.caught_after_s.values() if self.caught_after_s else not self.violations


def summary_of(
    seconds: float,
    settings: SoakSettings,
    epochs: int,
    books: Books,
    stored: Stored,
    second: Second,
    audit: Audit,
    growth: Growth,
    findings: Findings,
    caught_s: dict[str, float],
    director: Director | None,
) -> Summary:
    """Put it together from those that kept account. ``caught_s``: when each plant was found; ``director``: None where there were no faults."""
    return Summary(
        seconds=round(seconds, 1),
        seed=settings.seed,
        frames=books.frames,
        verdicts=dict(books.verdicts),
        reasons=dict(books.reasons),
        epochs=epochs,
        published=books.published,
        journal={"rows": stored.rows, "not_stored": stored.not_stored, "lost_at_kill": stored.lost_at_kill},
        recovered=books.recovered,
        missed=books.missed,
        second_subscriber={
            "received": second.received,
            "compared": second.compared,
            "missed": second.missed,
        },
        controller={
            "passed": audit.passed,
            "in_time_passes_published": audit.in_time,
            "decided": dict(audit.decided),
            "open_s": round(audit.open_s, 1),
            "unknown": audit.unknown,
        },
        faults={} if director is None else dict(sorted(director.done.items())),
        longest_until_well_s={}
        if director is None
        else {name: round(took_s, 2) for name, took_s in sorted(director.longest_s.items())},
        growth=list(growth.longest.values()),
        caught_after_s={name: caught_s.get(name) for name in settings.plant},
        violations={kind.value: count for kind, count in findings.counts.items()},
        first=findings.kept,
    )
