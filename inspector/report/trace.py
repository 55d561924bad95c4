"""Verdicts and defects along one camera's run, for the strip map, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.frames.outcome import Verdict

VERDICTS = tuple(Verdict)
_BINS = 2048
_MARKS = 20_000


@dataclass(frozen=True, slots=True)
class Mark:
    """One defect on the strip: frame number, class, and its box in frame pixels."""

    frame: int
    kind: int
    bbox_px: tuple[int, int, int, int]
    area_px: int


class Trace:
    """Verdicts and defects of one camera's run, frame by frame.

    Verdicts are counted in at most 2,048 bins along the run, each ``frames_per_bin`` (a power of two) wide. Of the defects the
    largest are kept, 20,000 at most.
    """

    def __init__(self) -> None:
        self.frames_per_bin = 1
        self._verdicts = np.zeros((_BINS, len(VERDICTS)), dtype=np.int64)
        self._defective = np.zeros(_BINS, dtype=np.int64)
        self._marks: list[Mark] = []
        self.marks_left_out = 0
        self.frames = 0
        """Highest frame number seen, plus one."""
        self._positions: list[tuple[int, int]] = []

    def add(self, first: int, verdict: Verdict, count: int = 1, *, defective: bool = False) -> None:
        """Frames ``first .. first + count - 1`` got this verdict; ``defective`` by the truth."""
        self.frames = max(self.frames, first + count)
        while self.frames > _BINS * self.frames_per_bin:
            self._verdicts[: _BINS // 2] = self._verdicts.reshape(_BINS // 2, 2, -1).sum(axis=1)
            self._verdicts[_BINS // 2 :] = 0
            self._defective[: _BINS // 2] = self._defective.reshape(_BINS // 2, 2).sum(axis=1)
            self._defective[_BINS // 2 :] = 0
            self.frames_per_bin *= 2
        low, high = first // self.frames_per_bin, (first + count - 1) // self.frames_per_bin
        for at in range(low, high + 1):
            begin, end = at * self.frames_per_bin, (at + 1) * self.frames_per_bin
            self._verdicts[at, VERDICTS.index(verdict)] += min(end, first + count) - max(begin, first)
        self._defective[low] += defective

    def mark(self, mark: Mark) -> None:
        """A published defect."""
        self._marks.append(mark)
        if len(self._marks) >= 2 * _MARKS:
            self._thin()

    def _thin(self) -> None:
        if len(self._marks) > _MARKS:
            self._marks.sort(key=lambda one: -one.area_px)
            self.marks_left_out += len(self._marks) - _MARKS
            del self._marks[_MARKS:]

    def place(self, frame: int, position_um: int) -> None:
        """Where along the strip a frame lies; the first and the last are remembered."""
        self._positions = [*self._positions[:1], (frame, position_um)]

    @property
    def um_per_frame(self) -> float | None:
        """Mean travel from frame to frame; None where positions are unknown."""
        if len(self._positions) < 2 or self._positions[0][0] == self._positions[1][0]:
            return None
        (first, start), (last, end) = self._positions
        return (end - start) / (last - first)

    @property
    def marks(self) -> list[Mark]:
        """The defects that are kept, the largest first, so that small ones are drawn over them."""
        self._thin()
        return sorted(self._marks, key=lambda one: -one.area_px)

    @property
    def verdict_bins(self) -> NDArray[np.int64]:
        """``int64 [bins, 4]``: frames per bin and verdict, in the order of ``VERDICTS``."""
        return self._verdicts[: -(-self.frames // self.frames_per_bin)]

    @property
    def defective_bins(self) -> NDArray[np.int64]:
        """``int64 [bins]``: frames per bin that are defective by the truth."""
        return self._defective[: -(-self.frames // self.frames_per_bin)]
