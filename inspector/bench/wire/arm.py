"""A process that measures this program one way: ``python -m inspector.bench.wire.arm DIRECTORY SUBSCRIBERS``, the folder being for its journal.

``run.py`` asks it for one kind of frames at a time, so that the ways are measured alternately, seconds apart."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from inspector.bench.partner import give, requests
from inspector.bench.wire.judging import judging_us
from inspector.bench.wire.line import Kind, Recovery, Stretch, WireLine
from inspector.errors import UserError
from inspector.service.process import spare_collector

MIXED = Kind(33, 3)
LIVE_HZ = 312.0
"""Frames of a fast line, while a subscriber catches up."""
FEWEST = 50
"""Frames of a stretch; as many of each kind come before those that are counted."""
WARM_UP = 200
"""Frames before all others."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure; with ``kind`` None the judging of single masks."""

    kind: Kind | None
    seconds: float
    """About how long each single measurement takes."""
    behind: int = 0
    """Frames that a subscriber is behind, whose recovery is measured instead."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    saturated: Stretch | None = None
    paced: Stretch | None = None
    """At half of that rate."""
    judging_us: dict[str, float] = {}
    recovery: Recovery | None = None


def main(directory: Path, subscribers: int) -> None:
    """Answer ``Measure`` with ``Measured`` until there are no more requests."""
    with WireLine(directory, subscribers) as line:
        spare_collector()
        line.run(Kind(50, 3), WARM_UP)
        for request in requests(Measure):
            give(_measured(line, request))


def _measured(line: WireLine, request: Measure) -> Measured:
    if request.behind:
        line.fill(MIXED, request.behind)
        return Measured(recovery=line.recovery(MIXED, LIVE_HZ, 10 * request.seconds))
    if request.kind is None:
        return Measured(judging_us=judging_us(request.seconds / 4))
    rate_hz = line.run(request.kind, FEWEST).rate_hz
    saturated = line.run(request.kind, max(FEWEST, int(rate_hz * request.seconds)))
    half_hz = saturated.rate_hz / 2
    paced = line.run(request.kind, max(FEWEST, int(half_hz * 2 * request.seconds)), half_hz)
    return Measured(saturated=saturated, paced=paced)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]))
    except UserError as error:
        sys.exit(f"inspector: {error}")
