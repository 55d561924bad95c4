"""Scale and distortion from points of a target: the least squares of the places on the sheet.

The camera is taken to look straight at the sheet; what does not fit that, such as a tilt, is in the residual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from calibration.scale.target import Points
from engines.distortion import Distortion, reach_of
from engines.errors import DataError

MOST_RESIDUAL_PX = 1.0
"""Points that are further off than this, as a root mean square, are not those of a flat target seen straight on."""
BETTER = 0.8
"""A further coefficient of the lens is taken where it reduces the residual to this share or less."""
WIDE = 0.6
"""Of the reach of the frame: points that do not go so far leave the second coefficient open."""
_ROUNDS = 30
_LENS = 4
"""Parameters of the lens: k1, k2, centre x and y in units of the reach."""


class Seen(NamedTuple):
    """Points of a target on one frame."""

    px: Points
    """``[n, 2]``: where they are seen."""
    mm: Points
    """``[n, 2]``: where they are on the target."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A scale and how well it fits."""

    mm_per_px_x: float
    mm_per_px_y: float
    distortion: Distortion | None
    residual_px: float
    """Root mean square of the distance between where the points are and where they should be."""
    straight_residual_px: float
    """The same without a distortion."""
    largest_px: float
    """The largest of these distances."""
    left_px: tuple[Points, ...]
    """For each frame ``[n, 2]``: how far each point is off."""
    coverage: tuple[float, float]
    """Share of the frame's width and of its height that the points span."""


@dataclass(frozen=True, slots=True)
class _Model:
    """Which parameters of the lens are free."""

    kind: Literal["radial", "across"]
    reach: float
    middle: tuple[float, float]
    free: tuple[int, ...]

    def lens(self, values: Points) -> Distortion:
        k1, k2, x, y = values[:_LENS].tolist()
        return Distortion(
            kind=self.kind,
            center_x_px=self.middle[0] + x * self.reach,
            center_y_px=self.middle[1] + y * self.reach,
            reach_px=self.reach,
            k1=k1,
            k2=k2,
        )


def fit_scale(frames: Sequence[Seen], height: int, width: int, kind: Literal["radial", "across"] = "radial") -> Fit:
    """The scale that fits the points of all frames. Raises DataError where none does."""
    reach = reach_of(kind, height, width)
    middle = ((width - 1) / 2, (height - 1) / 2)
    frames = [_in_order(one) for one in frames]
    center = (2,) if kind == "across" else (2, 3)
    far = max(_distance(one.px, middle, kind) for one in frames) / reach
    orders = [(), (0,)] if far < WIDE else [(), (0,), (0, 1), (0, 1, *center)]
    chosen = _Model(kind, reach, middle, ())
    values = _start(frames, middle)
    best = straight = _rms(chosen, values, frames)
    for free in orders:
        model = _Model(kind, reach, middle, free)
        found = _solved(model, values if free else _start(frames, middle), frames)
        residual = _rms(model, found, frames)
        if not free:
            values, best, straight = found, residual, residual
        elif residual < BETTER * best and _is_sound(model.lens(found)):
            chosen, values, best = model, found, residual
    if not best <= MOST_RESIDUAL_PX:
        raise DataError(
            f"the points of the target are {best:.2f} px off a flat grid seen straight on, root mean square; at most {MOST_RESIDUAL_PX:g} px: "
            "lay the target flat, set the camera at right angles to it, and look at the kind and the size of the grid"
        )
    left = tuple(_left_px(chosen, values, frames))
    largest = max(float(np.hypot(*one.T).max()) for one in left)
    every = np.concatenate([one.px for one in frames])
    span = np.ptp(every, axis=0) / np.array((width, height))
    x, y = np.exp(values[_LENS : _LENS + 2]).tolist()
    lens = chosen.lens(values) if chosen.free else None
    return Fit(x, y, lens, best, straight, largest, left, (float(span[0]), float(span[1])))


def _is_sound(lens: Distortion) -> bool:
    """Whether it keeps points in their order up to the corners of the frame."""
    q = np.linspace(0, 1.2, 50)
    return bool((1 + q * (3 * lens.k1 + 5 * lens.k2 * q) > 0.2).all()) and max(abs(lens.k1), abs(lens.k2)) < 1


def _distance(px: Points, middle: tuple[float, float], kind: str) -> float:
    away = np.abs(px - middle)
    return float(away[:, 0].max() if kind == "across" else np.hypot(*away.T).max())


def _in_order(seen: Seen) -> Seen:
    """With the target's points in the order, or mirrored, in which they fit best."""
    ways = [seen.mm, seen.mm[::-1]]
    ways += [one * np.array((-1, 1)) for one in ways]
    return min((Seen(seen.px, way) for way in ways), key=lambda one: (round(_affine(one)[1], 9), _turned(one)))


def _affine(seen: Seen) -> tuple[Points, float]:
    """The affine map ``[3, 2]`` of px to mm, and its residual."""
    known = np.column_stack((seen.px, np.ones(len(seen.px))))
    found, *_ = np.linalg.lstsq(known, seen.mm, rcond=None)
    return np.asarray(found, np.float64), float(np.sqrt(np.mean((known @ found - seen.mm) ** 2)))


def _turned(seen: Seen) -> bool:
    """Whether the target would be seen in a mirror: no turn of the sheet explains that."""
    found, _ = _affine(seen)
    return bool(np.linalg.det(found[:2]) < 0)


def _start(frames: Sequence[Seen], middle: tuple[float, float]) -> Points:
    """First values: no distortion; log scales; for each frame its turn and its place."""
    places: list[float] = []
    scales = []
    for seen in frames:
        found, _ = _affine(Seen(seen.px - middle, seen.mm))
        scales.append(np.hypot(*found[:2].T))
        places += [float(np.arctan2(found[0, 1], found[0, 0])), *found[2].tolist()]
    return np.array([0, 0, 0, 0, *np.log(np.mean(scales, axis=0)), *places], np.float64)


def _left_mm(model: _Model, values: Points, frames: Sequence[Seen]) -> list[Points]:
    """For each frame how far each point of the sheet, turned back to the frame's axes, is from where it should be, mm."""
    lens, scale = model.lens(values), np.exp(values[_LENS : _LENS + 2])
    left = []
    for number, seen in enumerate(frames):
        turn, x, y = values[_LENS + 2 + 3 * number :][:3]
        right = np.stack(lens.corrected(seen.px[:, 0], seen.px[:, 1]), axis=1) - model.middle
        back = np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
        left.append(right * scale - (seen.mm - (x, y)) @ back)
    return left


def _left_px(model: _Model, values: Points, frames: Sequence[Seen]) -> list[Points]:
    return [one / np.exp(values[_LENS : _LENS + 2]) for one in _left_mm(model, values, frames)]


def _rms(model: _Model, values: Points, frames: Sequence[Seen]) -> float:
    left = np.concatenate(_left_px(model, values, frames))
    return float(np.sqrt(np.mean(np.sum(left**2, axis=1))))


def _solved(model: _Model, values: Points, frames: Sequence[Seen]) -> Points:
    """Levenberg and Marquardt's method (Marquardt, SIAM J. Appl. Math. 1963), with derivatives by differences."""
    free = np.array([*model.free, *range(_LENS, len(values))])

    def left(at: Points) -> Points:
        return np.concatenate(_left_mm(model, at, frames)).ravel()

    now, damping = left(values), 1e-6
    for _ in range(_ROUNDS):
        slope = _slope(left, values, free, now)
        normal = slope.T @ slope
        step = np.linalg.lstsq(normal + damping * np.diag(np.diag(normal) + 1e-12), -slope.T @ now, rcond=None)[0]
        tried = values.copy()
        tried[free] += step
        then = left(tried)
        if not then @ then < now @ now:
            damping *= 10
            if damping > 1e6:
                break
            continue
        gained = 1 - (then @ then) / (now @ now)
        values, now, damping = tried, then, damping / 10
        if gained < 1e-9:
            break
    return values


def _slope(left: Callable[[Points], Points], values: Points, free: Points, now: Points) -> Points:
    columns = []
    for place in free:
        step = 1e-6 * max(1.0, abs(float(values[place])))
        moved = values.copy()
        moved[place] += step
        columns.append((left(moved) - now) / step)
    return np.stack(columns, axis=1)
