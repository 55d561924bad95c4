"""The scale of a camera, as its file has it, with figures that say how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from calibration.scale.distances import Distance, scale_of
from calibration.scale.fit import Fit, Seen, fit_scale
from calibration.scale.target import Target
from engines.errors import DataError
from engines.scale import ScaleCard

COARSE_PX = 0.3
"""A residual above this is told: the target is not quite flat, or not seen straight on."""
NARROW = 0.6
"""Less of the frame than this share leaves its edges open, which is told."""
MOST_ERROR = 0.05
_SIDE = 21


@dataclass(frozen=True, slots=True)
class Camera:
    """What a scale is for."""

    name: str
    height: int
    width: int
    serial: str = ""
    line_scan: bool = False
    """The lens bends along the rows only."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A scale and what is to be known about it."""

    card: ScaleCard
    figures: dict[str, Any]
    warnings: tuple[str, ...] = ()
    fit: Fit | None = None
    """None where it was made of distances."""
    seen: tuple[Seen, ...] = ()


def from_target(frames: Sequence[NDArray[np.uint8]], names: Sequence[str], target: Target, camera: Camera) -> Estimate:
    """Make it of frames, uint8 ``[H, W]``, that all show the target. Raises DataError, naming the frame where it is one."""
    seen = []
    for name, frame in zip(names, frames, strict=True):
        try:
            seen.append(Seen(target.find(frame), target.points_mm()))
        except DataError as error:
            raise DataError(f"{name}: {error}") from None
    fit = fit_scale(seen, camera.height, camera.width, "across" if camera.line_scan else "radial")
    card = _card(camera, fit.mm_per_px_x, fit.mm_per_px_y)
    card = replace(card, distortion=fit.distortion)
    bent = largest_displacement(card)
    figures = {
        "target": f"{target.kind} of {target.columns}x{target.rows}, {target.pitch_mm:g} mm apart",
        "frames": len(frames),
        "points": sum(len(one.px) for one in seen),
        "coverage": [round(one, 3) for one in fit.coverage],
        "residual_px": round(fit.residual_px, 3),
        "largest_residual_px": round(fit.largest_px, 3),
        "residual_without_distortion_px": round(fit.straight_residual_px, 3),
        "largest_distortion_px": round(bent, 2),
    }
    return Estimate(_dated(card, figures), figures, _warnings(fit), fit, tuple(seen))


def from_distances(distances: Sequence[Distance], camera: Camera) -> Estimate:
    """Make it of known distances; the lens is taken to bend nothing. Raises DataError."""
    for one in distances:
        for x, y in (one.from_px, one.to_px):
            if not (-0.5 <= x <= camera.width - 0.5 and -0.5 <= y <= camera.height - 0.5):
                raise DataError(
                    f"the point {x:g},{y:g} is not on a frame of {camera.height}x{camera.width} pixels; give x and y in px"
                )
    x, y, error = scale_of(distances)
    if error > MOST_ERROR:
        raise DataError(
            f"the distances contradict each other: one differs by {error:.1%} from what the others say; look at their points and lengths"
        )
    figures = {"distances": len(distances), "largest_error": round(error, 5)}
    return Estimate(_dated(_card(camera, x, y), figures), figures)


def largest_displacement(card: ScaleCard) -> float:
    """How far the lens moves a point of the frame at most, px."""
    if card.distortion is None:
        return 0.0
    x, y = np.meshgrid(np.linspace(0, card.width - 1, _SIDE), np.linspace(0, card.height - 1, _SIDE))
    right_x, right_y = card.distortion.corrected(x, y)
    return float(np.hypot(right_x - x, right_y - y).max())


def extent_mm(card: ScaleCard) -> tuple[float, float]:
    """What the frame shows of the sheet, through its middle, along x and y."""
    middle_x, middle_y = (card.width - 1) / 2, (card.height - 1) / 2
    ends = [(-0.5, middle_y), (card.width - 0.5, middle_y), (middle_x, -0.5), (middle_x, card.height - 0.5)]
    if card.distortion is not None:
        ends = [card.distortion.corrected(x, y) for x, y in ends]
    return (ends[1][0] - ends[0][0]) * card.mm_per_px_x, (ends[3][1] - ends[2][1]) * card.mm_per_px_y


def _card(camera: Camera, mm_x: float, mm_y: float) -> ScaleCard:
    if not (0 < mm_x <= 1000 and 0 < mm_y <= 1000):
        raise DataError(f"a scale of {mm_x:g} x {mm_y:g} mm per pixel is none; look at the lengths that were given")
    return ScaleCard(
        name=camera.name,
        height=camera.height,
        width=camera.width,
        camera_serial=camera.serial,
        mm_per_px_x=float(f"{mm_x:.7g}"),
        mm_per_px_y=float(f"{mm_y:.7g}"),
    )


def _dated(card: ScaleCard, figures: dict[str, Any]) -> ScaleCard:
    return replace(card, made={"date": f"{datetime.now(timezone.utc):%Y-%m-%d}", **figures})


def _warnings(fit: Fit) -> tuple[str, ...]:
    told = []
    if fit.residual_px > COARSE_PX:
        told.append(
            f"the points are {fit.residual_px:.2f} px off a flat grid seen straight on (root mean square); a better target or a straighter "
            f"camera has less than {COARSE_PX:g} px"
        )
    if min(fit.coverage) < NARROW:
        told.append(
            f"the target covers {fit.coverage[0]:.0%} of the width and {fit.coverage[1]:.0%} of the height of the frame; beyond it the lens is "
            "not known: use a larger target, or several frames with it in other places"
        )
    return tuple(told)
