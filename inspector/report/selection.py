"""Which frames of a run to show: the worst and the best of each kind, a limited number of them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.metrics.overlap import Overlap
from inspector.report.record import Record

GetPixels = Callable[[], "NDArray[np.uint8] | None"]
"""Gives a frame's pixels ``uint8 [H, W]`` when asked, or None; called only for frames that may be shown."""

OUTLINED_WELL = 0.5
"""Dice from which a caught defect counts as well outlined."""
_NARROW_PASSES = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame in the contact sheet."""

    record: Record
    pixels: NDArray[np.uint8]
    true: NDArray[np.uint8] | None
    """Truth bitmask; None where there is no truth."""
    dice: float | None
    """Dice of found against true pixels whatever the class; None without truth or without a defect in it."""


Kept = TypeVar("Kept")


class Best(Generic[Kept]):
    """The ``size`` frames of highest rank so far; the earlier one where two are alike."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[float, int, Kept]] = []
        self._order = count(0, -1)

    def offer(self, rank: float, make: Callable[[], Kept | None]) -> None:
        """Consider a frame of this rank; ``make`` is called only if it is kept, and may return None to leave it out."""
        if len(self._heap) == self._size and rank <= self._heap[0][0]:
            return
        shown = make()
        if shown is not None:
            entry = (rank, next(self._order), shown)
            (heapq.heappush if len(self._heap) < self._size else heapq.heapreplace)(self._heap, entry)

    def ranked(self) -> list[tuple[float, Kept]]:
        """Rank and frame, the highest first."""
        return [(rank, shown) for rank, _, shown in sorted(self._heap, reverse=True, key=lambda one: one[:2])]


class Selection:
    """Keeps the frames to show, in sections. A section's places are shared among the classes, so that the most frequent one
    does not fill it."""

    SECTIONS: tuple[tuple[str, str], ...] = (
        ("missed", "Missed: the truth has a defect, the verdict is PASS"),
        ("false", "False alarms: the truth is clean, the verdict is not"),
        ("poor", "Caught, but poorly outlined"),
        ("good", "Caught and outlined"),
        ("caught", "Caught; no truth for these frames"),
        ("passed", "Passed, with the highest gate scores"),
    )

    def __init__(self, per_class: int = 2, per_section: int = 4) -> None:
        self._per_class = per_class
        self._per_section = per_section
        self._best: dict[tuple[str, Hashable], Best[Shown]] = {}

    def offer(
        self, record: Record, true: NDArray[np.uint8] | None, frame: Overlap, labelled: bool, pixels: GetPixels
    ) -> None:
        """Consider a frame. ``frame`` counts its pixels, ``true`` is its truth where it is ``labelled``."""
        if not record.inspected:
            return
        any_total = frame.any_marked + frame.any_true
        dice = 2 * frame.any_both / any_total if labelled and frame.any_true else None
        section, group, rank = self._place(record, frame, labelled, dice)

        def make() -> Shown | None:
            got = pixels()
            return None if got is None else Shown(record, got.copy(), true, dice)

        size = _NARROW_PASSES if group is None else self._per_class
        self._best.setdefault((section, group), Best[Shown](size)).offer(rank, make)

    def _place(self, record: Record, frame: Overlap, labelled: bool, dice: float | None) -> tuple[str, Hashable, float]:
        """Section, the group within it that competes for places, and the rank in the group."""
        if not record.caught:
            if dice is None:
                return "passed", None, record.gate_score or 0.0
            return "missed", int(np.argmax(frame.true)), float(frame.any_true)
        if not labelled:
            return "caught", int(np.argmax(frame.marked)), float(frame.any_marked)
        if dice is None:
            return "false", int(np.argmax(frame.marked)), float(frame.any_marked)
        if dice < OUTLINED_WELL:
            return "poor", int(np.argmax(frame.true)), 1 - dice
        return "good", int(np.argmax(frame.true)), dice

    def sections(self) -> list[tuple[str, list[Shown]]]:
        """Title and frames of each section that has any, the most important first."""
        chosen = []
        for key, title in self.SECTIONS:
            groups = [best.ranked() for (section, _), best in self._best.items() if section == key]
            # First the best of every group, then the second of every group.
            turns = [(turn, -rank, shown) for group in groups for turn, (rank, shown) in enumerate(group)]
            turns.sort(key=lambda one: one[:2])
            if turns:
                chosen.append((title, [shown for _, _, shown in turns[: self._per_section]]))
        return chosen
