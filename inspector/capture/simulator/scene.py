"""A whole sheet: which defects and look-alikes it has, drawn in the order light meets them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.capture.simulator import statistics as real
from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.defects import INCLUSION, PAINTERS
from inspector.capture.simulator.edges import Margin, black_out_margin, paint_rim, random_margin
from inspector.capture.simulator.illumination import expose, illumination
from inspector.capture.simulator.look_alikes import LookAlike, choose_look_alikes
from inspector.capture.simulator.noise import Random, stream
from inspector.capture.simulator.texture import rolled_surface
from inspector.config.simulator import SimulatorConfig

# Purposes of random streams. What a sheet holds is drawn apart from how it looks, so that a change of looks moves no truth.
_PLAN, _SURFACE, _LIGHT, _EDGE, _LOOK_ALIKES, _DEFECTS, _SENSOR = range(7)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A rendered frame and the truth about it."""

    frame: NDArray[np.uint8]
    """``uint8 [H, W]``."""
    mask: NDArray[np.uint8]
    """``uint8 [H, W]``, bit k = class k (0 pitting, 1 inclusion, 2 scratches, 3 corrosion)."""
    classes: tuple[int, ...]
    """Classes in the mask, the main one first."""
    look_alikes: tuple[str, ...]
    """Harmless things on the sheet that resemble defects, by name."""


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """What a sheet is to hold, before anything is drawn."""

    classes: tuple[int, ...]
    look_alikes: tuple[LookAlike, ...]
    margin: Margin | None


class SheetRenderer:
    """Renders sheet ``index`` of a seed: the same for every order of calls, thread and process.

    Bits can differ in the last grey level between CPUs whose vector units round differently; what a sheet holds cannot.
    """

    def __init__(self, settings: SimulatorConfig, height: int, width: int) -> None:
        self._settings, self._height, self._width = settings, height, width
        weights = np.asarray(settings.class_mix, dtype=np.float64)
        total = weights.sum()
        self._weights = weights / total if total > 0 else None

    def plan(self, index: int) -> SheetPlan:
        """What sheet ``index`` is to hold."""
        rng = stream(self._settings.seed, index, _PLAN)
        classes = self._draw_classes(rng)
        share = 0.75 if INCLUSION in classes else real.MARGIN_SHARE
        margin = random_margin(rng, self._width, share)
        if self._settings.strip is not None:
            margin = None  # the edges are where the strip has them
        look_alikes = choose_look_alikes(rng, self._settings.look_alike_rate, defective=bool(classes))
        return SheetPlan(classes, look_alikes, margin)

    def render(self, index: int) -> Sheet:
        """Sheet ``index`` with its truth."""
        plan = self.plan(index)
        height, width = self._height, self._width
        scale = height / real.REFERENCE_HEIGHT
        streams = [stream(self._settings.seed, index, purpose) for purpose in range(7)]
        light = streams[_LIGHT].uniform(0.25 * np.pi, 0.7 * np.pi)
        surface = rolled_surface(streams[_SURFACE], height, width, scale)
        left, right = _steel(plan.margin, width)
        canvas = Canvas(surface, np.zeros((height, width), dtype=np.uint8), left, right, scale, light)
        if plan.margin is not None:
            paint_rim(streams[_EDGE], canvas, plan.margin)
        for look_alike in plan.look_alikes:
            look_alike.paint(streams[_LOOK_ALIKES], canvas)
        # The exposure is set for the sheet, not for what is wrong with it.
        level = float(np.clip(streams[_LIGHT].normal(*real.GREY_MEAN), 40, 160))
        level /= max(0.2, float(surface[:, left:right].mean()))
        for kind in plan.classes:
            PAINTERS[kind](streams[_DEFECTS], canvas)
        scene = canvas.reflectance
        scene *= illumination(streams[_LIGHT], height, width, scale)
        scene *= np.float32(level)
        np.clip(scene, 0, 330, out=scene)  # the lens blurs light the sensor cannot count
        if plan.margin is not None:
            black_out_margin(streams[_EDGE], scene, canvas, plan.margin)
        frame = np.clip(np.rint(expose(streams[_SENSOR], scene)), 0, 255).astype(np.uint8)
        present = tuple(k for k in plan.classes if np.any(canvas.mask & (1 << k)))
        return Sheet(frame, canvas.mask, present, tuple(item.name for item in plan.look_alikes))

    def _draw_classes(self, rng: Random) -> tuple[int, ...]:
        """The classes of a sheet, the main one first; the number of draws is always the same."""
        defective, which, companion, other = rng.random(4)
        if self._weights is None or defective >= self._settings.defect_rate:
            return ()
        main = _pick(self._weights, which)
        if companion >= real.COMPANION_SHARE:
            return (main,)
        shares = np.asarray(real.COMPANIONS[main]) * (self._weights > 0)
        return (main, _pick(shares / shares.sum(), other)) if shares.sum() > 0 else (main,)


def _pick(shares: NDArray[np.float64], where: float) -> int:
    """The entry in which ``where`` (0 to 1) falls."""
    return int(np.searchsorted(np.cumsum(shares), where * shares.sum(), side="right").clip(0, len(shares) - 1))


def _steel(margin: Margin | None, width: int) -> tuple[int, int]:
    """The columns the strip covers."""
    if margin is None:
        return 0, width
    room = min(margin.width_px, width - max(8, width // 20))
    return (0, width - room) if margin.on_right else (room, width)
