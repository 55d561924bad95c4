"""A process that measures one way of measuring masks: ``python -m inspector.bench.wire.arm``. ``run.py`` asks it for one kind of frames at
a time, so that the ways are measured alternately, seconds apart."""

from __future__ import annotations

import importlib
import importlib.util

import msgspec

from engines.files.writing import temporary_folder
from inspector.bench.wire.judging import judging_us
from inspector.bench.wire.line import Kind, Stretch, WireLine
from inspector.bench.wire.partner import give, requests
from inspector.service.process import spare_collector

WITHOUT_NATIVE = "INSPECTOR_WITHOUT_NATIVE"
"""Environment variable that turns the compiled pass off."""
NATIVE = "inspector.verdicts.native"
WARM_UP = 60
"""Frames of a kind that are not counted, before those that are."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure; with ``kind`` None the judging of single masks."""

    kind: Kind | None
    seconds: float
    """About how long each single measurement takes."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    compiled: bool
    """Whether masks are measured by the compiled pass."""
    saturated: Stretch | None = None
    paced: Stretch | None = None
    """At half of that rate."""
    judging_us: dict[str, float] = {}


def compiled() -> bool:
    """Whether this process measures masks by compiled code."""
    if importlib.util.find_spec(NATIVE) is None:
        return False
    return bool(importlib.import_module(NATIVE).COMPILED)


def main() -> None:
    """Answer ``Measure`` with ``Measured`` until there are no more requests."""
    with temporary_folder("inspector-bench-wire-") as directory, WireLine(directory) as line:
        spare_collector()
        for request in requests(Measure):
            give(_measured(line, request))


def _measured(line: WireLine, request: Measure) -> Measured:
    if request.kind is None:
        return Measured(compiled=compiled(), judging_us=judging_us(request.seconds))
    rate_hz = line.run(request.kind, WARM_UP).rate_hz
    saturated = line.run(request.kind, max(WARM_UP, int(rate_hz * request.seconds)))
    half_hz = saturated.rate_hz / 2
    paced = line.run(request.kind, max(WARM_UP, int(half_hz * 2 * request.seconds)), half_hz)
    return Measured(compiled=compiled(), saturated=saturated, paced=paced)


if __name__ == "__main__":
    main()
