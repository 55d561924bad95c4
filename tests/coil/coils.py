"""Coils made of chance, with roll marks where they are asked for: defects as points, not pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inspector.coil.periodic.events import Point
from inspector.frames.coil import Area, Face

WIDTH_MM = 1200.0
CLASSES = ("pitted_surface", "crazing", "scratches", "patches")
FACES: tuple[Face, Face] = ("top", "bottom")
KINDS = ("even", "clustered", "edges", "head and tail", "holes", "long defects", "few bands", "everything")
"""Of coils without a roll mark."""
Floats = NDArray[np.float64]


class Row(NamedTuple):
    """Marks of a roll, as they are seen."""

    period_mm: float
    x_mm: float
    class_name: str = "pitted_surface"
    face: Face = "top"
    phase_mm: float = 300.0
    jitter_mm: float = 5.0
    """Standard deviation of a mark's place along the strip; across it is as much."""
    seen: float = 0.9
    from_mm: float = 0.0
    to_mm: float = np.inf
    drift_percent: float = 0.0
    """Standard deviation by which the period changes over 100 m, as a random walk."""


def inspected(rng: np.random.Generator, length_mm: float, holes: bool) -> list[Area]:
    """All of both faces, or with holes of 1 to 200 m, a fifth of the strip."""
    areas = []
    for face in FACES:
        cuts = [0.0, length_mm]
        if holes:
            middles = rng.uniform(0, length_mm, max(1, round(length_mm / 250_000)))
            halves = np.exp(rng.uniform(np.log(500), np.log(100_000), len(middles)))
            cuts = sorted(
                [0.0, length_mm, *np.clip(middles - halves, 0, length_mm), *np.clip(middles + halves, 0, length_mm)]
            )
        for low, high in zip(cuts[::2], cuts[1::2], strict=True):
            if high > low:
                areas.append(Area(face=face, from_mm=low, to_mm=high, x_from_mm=0.0, x_to_mm=WIDTH_MM))
    return areas


def chance(rng: np.random.Generator, kind: str, count: int, length_mm: float) -> list[Point]:
    """About `count` defects without a roll mark."""
    if kind == "everything":
        parts = ("even", "clustered", "edges", "head and tail", "long defects")
        return [point for part in parts for point in chance(rng, part, count // len(parts), length_mm)]
    along, x = rng.uniform(0, length_mm, count), rng.uniform(0, WIDTH_MM, count)
    of = rng.integers(0, len(CLASSES), count)
    if kind == "clustered":
        along, x, of = _bursts(rng, count, length_mm)
    elif kind == "edges":
        at_edge = rng.random(count) < 0.8
        from_edge = np.minimum(rng.exponential(15.0, count), WIDTH_MM)
        x = np.where(at_edge, np.where(rng.random(count) < 0.5, from_edge, WIDTH_MM - from_edge), x)
    elif kind == "head and tail":
        from_end = np.minimum(rng.exponential(length_mm * 0.03, count), length_mm)
        near = np.where(rng.random(count) < 0.7, from_end, length_mm - from_end)
        along = np.where(rng.random(count) < 0.8, near, along)
    elif kind == "long defects":
        along, x, of = _pieces(rng, count, length_mm)
    elif kind == "few bands":
        x = rng.choice(rng.uniform(0, WIDTH_MM, 6), count) + rng.normal(0, 8, count)
    face = rng.integers(0, 2, 1)[0] if kind in ("clustered", "long defects") else rng.integers(0, 2, count)
    return _points(along, x, of, np.broadcast_to(face, len(along)))


def _bursts(rng: np.random.Generator, count: int, length_mm: float) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Clusters of 1 to 60 defects, 0.05 to 50 m long and 5 to 300 mm wide."""
    along, x, of = [], [], []
    made = 0
    while made < count:
        size = int(np.exp(rng.uniform(0, np.log(60))))
        along.append(rng.uniform(0, length_mm) + np.exp(rng.uniform(np.log(50), np.log(50_000))) * rng.random(size))
        x.append(rng.uniform(0, WIDTH_MM) + np.exp(rng.uniform(np.log(5), np.log(300))) * rng.normal(0, 1, size))
        of.append(np.full(size, rng.integers(0, len(CLASSES))))
        made += size
    return np.clip(np.concatenate(along), 0, length_mm), np.clip(np.concatenate(x), 0, WIDTH_MM), np.concatenate(of)


def _pieces(rng: np.random.Generator, count: int, length_mm: float) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Long defects of 1 to 100 m that were seen in pieces, with 0.05 to 3 m from one to the next, by chance."""
    along, x, of = [], [], []
    made = 0
    while made < count:
        mean = np.exp(rng.uniform(np.log(50), np.log(3000)))
        size = max(2, int(np.exp(rng.uniform(np.log(1000), np.log(100_000))) / mean))
        along.append(rng.uniform(0, length_mm) + np.cumsum(rng.gamma(2.0, mean / 2, size)))
        x.append(rng.uniform(0, WIDTH_MM) + np.cumsum(rng.normal(0, 1, size)))
        of.append(np.full(size, rng.integers(0, len(CLASSES))))
        made += size
    return np.clip(np.concatenate(along), 0, length_mm), np.clip(np.concatenate(x), 0, WIDTH_MM), np.concatenate(of)


def row(rng: np.random.Generator, marks: Row, length_mm: float) -> list[Point]:
    """The marks of a roll that were seen."""
    end = min(marks.to_mm, length_mm)
    most = int((end - marks.from_mm) / marks.period_mm * 1.2) + 2
    turns = np.full(most, marks.period_mm)
    if marks.drift_percent:
        each = marks.drift_percent / 100 * np.sqrt(marks.period_mm / 100_000)
        turns *= 1 + np.cumsum(rng.normal(0, each, most))
    along = marks.from_mm + marks.phase_mm + np.cumsum(turns) - turns[0]
    along = along[along < end]
    along = along[rng.random(len(along)) < marks.seen]
    x = marks.x_mm + rng.normal(0, 3.0, len(along))
    along = along + rng.normal(0, marks.jitter_mm, len(along))
    return [Point(marks.class_name, marks.face, float(a), float(b)) for a, b in zip(x, along, strict=True) if b >= 0]


def visible(points: list[Point], areas: list[Area]) -> list[Point]:
    """Those of inspected stretches, in the order of the strip."""
    seen = []
    for face in FACES:
        stretches = sorted((area.from_mm, area.to_mm) for area in areas if area.face == face)
        low, high = np.array(stretches).reshape(-1, 2).T
        for point in points:
            at = int(np.searchsorted(low, point.along_mm, side="right")) - 1
            if point.face == face and at >= 0 and point.along_mm < high[at]:
                seen.append(point)
    return sorted(seen, key=lambda point: point.along_mm)


def _points(along: Floats, x: Floats, of: NDArray[np.int64], face: NDArray[np.int64]) -> list[Point]:
    return [
        Point(CLASSES[k], FACES[f], float(a), float(b))
        for k, f, a, b in zip(of.tolist(), face.tolist(), x, along, strict=True)
    ]
