"""Where regions end at the edge of what was seen, and which of those on the other side they meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inspector.coil.component import Component
from inspector.coil.labelling import Labels

ROUNDING_MM = 1e-6


class SeamRun(NamedTuple):
    """Set pixels that touch each other, on one line at the edge of what was seen."""

    class_name: str
    x_from_mm: float
    x_to_mm: float
    component: Component


Seam = list[SeamRun]
"""In the order of classes and of places across the coil."""


def runs_of(labels: Labels) -> list[tuple[int, int, int]]:
    """The runs of one line of labels (0: not set): label, first column, column behind the last one."""
    changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    starts = [0, *changes.tolist()]
    ends = [*changes.tolist(), len(labels)]
    values = labels[starts].tolist()
    return [(value, start, end) for value, start, end in zip(values, starts, ends, strict=True) if value]


def meeting(one: Seam, other: Seam, across_mm: float) -> list[tuple[Component, Component]]:
    """The components that meet at a seam: those of one class whose runs overlap or touch at a corner. Runs that meet nothing so meet each other where they are
    at most ``across_mm`` apart: two scratches side by side that both go on are not joined by it."""
    if not one or not other:
        return []
    pairs = list(_within(one, other, ROUNDING_MM))
    if across_mm > 0:
        met, met_there = {id(run) for run, _ in pairs}, {id(run) for _, run in pairs}
        alone = [run for run in one if id(run) not in met]
        alone_there = [run for run in other if id(run) not in met_there]
        pairs += _within(alone, alone_there, across_mm + ROUNDING_MM)
    return [(run.component, there.component) for run, there in pairs]


def _within(one: Seam, other: Seam, reach: float) -> Iterator[tuple[SeamRun, SeamRun]]:
    by_class: dict[str, Seam] = {}
    for run in other:
        by_class.setdefault(run.class_name, []).append(run)
    begin: dict[str, int] = {}
    for run in one:
        there = by_class.get(run.class_name, [])
        at = begin.get(run.class_name, 0)
        while at < len(there) and there[at].x_to_mm < run.x_from_mm - reach:
            at += 1
        begin[run.class_name] = at
        while at < len(there) and there[at].x_from_mm <= run.x_to_mm + reach:
            yield run, there[at]
            at += 1
