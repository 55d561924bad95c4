"""What must be found on a simulated strip, computed from the outlines of what lies on it and from which frames were inspected; and how far what was found
is from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inspector.capture.simulator import CLASS_NAMES
from inspector.capture.simulator.strip.shapes import Spot, Trail
from inspector.frames.coil import CoilDefect
from tests.coil.simulated import MINIMUM_PX, Seen

Floats = NDArray[np.float64]
STEP_MM = 0.25
"""Outlines are followed in steps of this along the strip."""
NEIGHBOURS_MM = 1.0
"""Frames with at most so much between them are neighbours (docs/coil.md)."""
_FACES = ("top", "bottom")


class Piece(NamedTuple):
    """A defect of the strip, or of one that goes through an uninspected stretch what lies on one side of it."""

    defect: int
    """Number of the defect."""
    class_name: str
    face: str
    from_mm: float
    to_mm: float
    x_from_mm: float
    x_to_mm: float
    area_mm2: float
    along_mm: float
    x_mm: float
    """Of its centroid."""


def pieces_of(cameras: Sequence[Seen]) -> list[Piece]:
    """What the cameras saw of the long defects and roll marks."""
    found: list[Piece] = []
    number = 0
    for face in _FACES:
        seeing = [one for one in cameras if one.view.placement.face == face]
        if not seeing:
            continue
        low = min(one.view.along_mm(0)[0] for one in seeing)
        high = max(one.view.along_mm(one.frames - 1)[1] for one in seeing)
        overlay = seeing[0].overlay
        shapes: list[Trail | Spot] = [*overlay.long_defects.between(low, high)]
        shapes += [turn.spot for row in overlay.roll_marks for turn in row.between(low, high) if turn.printed]
        stretches = [inspected_mm(one) for one in seeing]
        for shape in shapes:
            found += _pieces(number, shape, seeing, stretches)
            number += 1
    return found


def inspected_mm(camera: Seen) -> list[tuple[float, float]]:
    """The stretches along the strip that a camera inspected."""
    found: list[tuple[float, float]] = []
    for number in camera.inspected:
        first, last = camera.view.along_mm(number)
        if found and first - found[-1][1] <= NEIGHBOURS_MM:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found


def _pieces(
    number: int, shape: Trail | Spot, cameras: Sequence[Seen], stretches: Sequence[list[tuple[float, float]]]
) -> Iterator[Piece]:
    area = shape.area
    count = max(4, round((area.to_mm - area.from_mm) / STEP_MM))
    step = (area.to_mm - area.from_mm) / count
    along = area.from_mm + (np.arange(count) + 0.5) * step
    low, high = _sides(shape, along)
    strip = cameras[0].overlay.strip
    seen = []
    for camera, stretch in zip(cameras, stretches, strict=True):
        left, right = camera.view.across_mm
        first, last = np.maximum(low, max(0.0, left)), np.minimum(high, min(strip.width_mm, right))
        # Nothing is seen of what holds no middle of a pixel.
        middles = [(side - left) / camera.mm_per_column - 0.5 for side in (first, last)]
        there = (np.ceil(middles[0]) <= np.floor(middles[1])) & _within(along, stretch)
        seen.append((np.where(there, first, np.inf), np.where(there, last, -np.inf)))
    smallest = min(MINIMUM_PX * one.mm_per_line * one.mm_per_column for one in cameras)
    for group in _joined([first < last for first, last in seen]):
        firsts = np.min([np.where(group[k], seen[k][0], np.inf) for k in range(len(cameras))], axis=0)
        lasts = np.max([np.where(group[k], seen[k][1], -np.inf) for k in range(len(cameras))], axis=0)
        at = np.flatnonzero(firsts < lasts)
        width = lasts[at] - firsts[at]
        mm2 = float(width.sum() * step)
        if mm2 < smallest:
            continue
        yield Piece(
            number, CLASS_NAMES[shape.kind], shape.face, float(along[at[0]] - step / 2), float(along[at[-1]] + step / 2),
            float(firsts[at].min()), float(lasts[at].max()), mm2, float((along[at] * width).sum() / width.sum()),
            float(((firsts[at] + lasts[at]) / 2 * width).sum() / width.sum()),
        )  # fmt: skip


def _sides(shape: Trail | Spot, along: Floats) -> tuple[Floats, Floats]:
    """Where the outline is across the strip."""
    if isinstance(shape, Trail):
        middle = shape.path(along)
        return middle - shape.half_mm, middle + shape.half_mm
    half = shape.half_across_mm * np.sqrt(np.maximum(0, 1 - np.square((along - shape.along_mm) / shape.half_along_mm)))
    return shape.x_mm - half, shape.x_mm + half


def _within(along: Floats, stretches: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    inside = np.zeros(len(along), bool)
    for first, last in stretches:
        inside |= (along >= first) & (along < last)
    return inside


def _joined(seen: Sequence[NDArray[np.bool_]]) -> Iterator[list[NDArray[np.bool_]]]:
    """Groups of stretches that are one: of a camera those without a hole, of two cameras those that share a place or touch. For each camera its places."""
    runs = [(k, begin, end) for k, there in enumerate(seen) for begin, end in _runs(there)]
    group = list(range(len(runs)))
    for a, (k, begin, end) in enumerate(runs):
        for b, (other, there, its_end) in enumerate(runs[:a]):
            if k != other and begin <= its_end and there <= end:
                old, new = group[a], group[b]
                group = [new if one == old else one for one in group]
    for name in dict.fromkeys(group):
        places = [np.zeros(len(there), bool) for there in seen]
        for one, (k, begin, end) in zip(group, runs, strict=True):
            if one == name:
                places[k][begin:end] = True
        yield places


def _runs(there: NDArray[np.bool_]) -> Iterable[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


@dataclass
class Joins:
    """How what was found on several strips compares with what was there."""

    defects: int = 0
    """Of the strip, of which a camera saw some."""
    pieces: int = 0
    """That they must be found in, with what was not inspected."""
    found: int = 0
    false_joins: int = 0
    """Found ones that are more than one defect of the strip."""
    missed_joins: int = 0
    """Further ones that lie on a piece, beside the largest."""
    not_found: int = 0
    nothing_there: int = 0
    """Found where nothing is."""
    length_mm: list[float] = field(default_factory=list)
    length_px: list[float] = field(default_factory=list)
    width_mm: list[float] = field(default_factory=list)
    area_share: list[float] = field(default_factory=list)
    place_mm: list[float] = field(default_factory=list)
    """Of its centre, along and across the strip, whichever is more."""

    def add(self, pieces: Sequence[Piece], found: Sequence[CoilDefect], px_mm: float) -> None:
        """One strip."""
        self.defects += len({piece.defect for piece in pieces})
        self.pieces += len(pieces)
        self.found += len(found)
        of_piece: dict[int, list[CoilDefect]] = {}
        for one in found:
            met = [at for at, piece in enumerate(pieces) if _meet(piece, one, px_mm)]
            if not met:
                self.nothing_there += 1
            elif len({pieces[at].defect for at in met}) > 1:
                self.false_joins += 1
            for at in met:
                of_piece.setdefault(at, []).append(one)
        for at, piece in enumerate(pieces):
            those = of_piece.get(at, [])
            self.not_found += not those
            self.missed_joins += max(0, len(those) - 1)
            if those:
                self._compare(piece, max(those, key=lambda one: one.area_mm2), px_mm)

    def _compare(self, piece: Piece, one: CoilDefect, px_mm: float) -> None:
        off = abs(one.length_mm - (piece.to_mm - piece.from_mm))
        self.length_mm.append(off)
        self.length_px.append(off / px_mm)
        self.width_mm.append(abs(one.width_mm - (piece.x_to_mm - piece.x_from_mm)))
        self.area_share.append(abs(one.area_mm2 / piece.area_mm2 - 1))
        self.place_mm.append(max(abs(one.along_mm - piece.along_mm), abs(one.x_mm - piece.x_mm)))


def _meet(piece: Piece, one: CoilDefect, px_mm: float) -> bool:
    area = one.area
    return (
        piece.class_name == one.class_name
        and piece.face == area.face
        and area.from_mm < piece.to_mm - px_mm / 2
        and area.to_mm > piece.from_mm + px_mm / 2
        and area.x_from_mm < piece.x_to_mm
        and area.x_to_mm > piece.x_from_mm
    )
