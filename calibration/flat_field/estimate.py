"""Offset and gain of a camera from its dark and white reference, with figures that say how good they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from calibration.flat_field.bad_pixels import BadPixels, find_bad_pixels
from calibration.flat_field.reference import Plane, Reference, average, is_held_out
from engines.errors import DataError
from engines.flat_field import GAIN_ONE, MOST_GAIN, OFFSET_ONE, FlatFieldCard, FlatFieldFile, correct, digest
from engines.images.frame_files import Frame

LEAST_LIGHT = 20.0
"""Grey levels that white is above dark, in the middle of all pixels."""
MOST_SATURATED = 0.01
MOST_DEAD = 0.05
UNSTEADY = 0.02
"""A frame whose brightness differs by more from the mean of all is told."""
_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    name: str
    per_column: bool = False
    """One row of offsets and gains for all rows: line scan."""
    target: float | None = None
    """Grey level of white after the correction; None: the mean of the white frames as they are."""
    camera_serial: str = ""


@dataclass(frozen=True, slots=True)
class Evenness:
    """How even a frame of the white reference is."""

    deviation: float
    """Standard deviation of the pixels, as a share of their mean."""
    spread: float
    """Distance of the darkest and the brightest percent of the pixels, as a share of their mean."""

    @classmethod
    def of(cls, frame: Plane, usable: NDArray[np.bool_]) -> Evenness:
        """``frame`` is an average, ``[H, W]``; only usable pixels count."""
        values = frame[np.broadcast_to(usable, frame.shape)]
        low, high = np.percentile(values, (1, 99))
        middle = max(float(values.mean()), 1e-9)
        return cls(float(values.std()) / middle, float(high - low) / middle)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A flat field and what is to be known about it."""

    file: FlatFieldFile
    bad: BadPixels
    before: Evenness
    after: Evenness
    """Of held-out white frames, corrected by a flat field made of the others."""
    shown: tuple[Plane, Plane]
    """The average of those frames before and after."""
    dark_mean: float
    white_mean: float
    flicker: float
    """Largest deviation of a white frame's brightness from the mean of all, as a share of it."""
    frames: tuple[int, int]
    """Dark, white."""

    @property
    def figures(self) -> dict[str, Any]:
        """For people and programs."""
        gain = self.file.gain[~self.bad.uncorrected] / GAIN_ONE
        return {
            "dark_frames": self.frames[0],
            "white_frames": self.frames[1],
            "dark_mean": round(self.dark_mean, 2),
            "white_mean": round(self.white_mean, 2),
            "white_flicker": round(self.flicker, 4),
            "gain": [round(float(gain.min()), 3), round(float(gain.max()), 3)],
            "deviation_before": round(self.before.deviation, 4),
            "deviation_after": round(self.after.deviation, 4),
            "spread_before": round(self.before.spread, 4),
            "spread_after": round(self.after.spread, 4),
            "dead": int(self.bad.dead.sum()),
            "hot": int(self.bad.hot.sum()),
            "saturated": int(self.bad.saturated.sum()),
            "dead_at": _places(self.bad.dead),
            "hot_at": _places(self.bad.hot),
        }


def estimate(
    dark: Sequence[Frame],
    white: Sequence[Frame],
    size: tuple[int, int],
    wanted: Wanted,
    progress: Callable[[], None] = lambda: None,
) -> Estimate:
    """Make a flat field of frames of one camera, uint8 ``size``. Raises DataError where they cannot give one.

    A fourth of the white frames is held out: how even they become says what the correction is worth. The flat field itself is made of all."""
    black = Reference.joined(*average(dark, size, "dark", progress))
    used, rest = average(white, size, "white", progress)
    whole = used.joined(rest)
    _require_light(black, whole)
    tried, _ = _flat_field(black, used, wanted)
    file, bad = _flat_field(black, whole, wanted)
    shown = rest.mean(False), _corrected(white, tried)
    usable = ~bad.uncorrected
    return Estimate(
        file,
        bad,
        Evenness.of(shown[0], usable),
        Evenness.of(shown[1], usable),
        shown,
        float(np.mean(black.means)),
        float(np.mean(whole.means)),
        whole.flicker,
        (black.frames, whole.frames),
    )


def with_figures(made: Estimate) -> FlatFieldFile:
    """The file, its card with the figures and the date."""
    told = {"date": f"{datetime.now(timezone.utc):%Y-%m-%d}", **made.figures}
    return FlatFieldFile(replace(made.file.card, made=told), made.file.offset, made.file.gain)


def _require_light(dark: Reference, white: Reference) -> None:
    dark_mean, white_mean = float(np.mean(dark.means)), float(np.mean(white.means))
    if dark_mean >= white_mean:
        raise DataError(
            f"dark: these frames (mean grey {dark_mean:.1f}) are no darker than the white ones ({white_mean:.1f}); exchange the two, or "
            "cover the lens for the dark frames"
        )
    above = float(np.median(white.mean(False) - dark.mean(False)))
    if above < LEAST_LIGHT:
        raise DataError(
            f"white: these frames are only {above:.1f} grey levels above the dark ones; at least {LEAST_LIGHT:g} are needed: give more "
            "light or exposure, so that white is at 150 to 230"
        )


def _flat_field(dark: Reference, white: Reference, wanted: Wanted) -> tuple[FlatFieldFile, BadPixels]:
    per_column = wanted.per_column
    black, bright = dark.mean(per_column), white.mean(per_column)
    bad = find_bad_pixels(black, bright, white.saturated(per_column))
    _require_few(bad)
    usable = ~bad.uncorrected
    target = wanted.target or round(float(bright[usable].mean()), 1)
    wide = np.where(usable, target / np.where(usable, bright - black, 1.0), 1.0)
    too_dark = wide > MOST_GAIN
    if too_dark.any():
        raise DataError(
            f"white: {int(too_dark.sum())} pixels would need a gain of up to {wide.max():.1f}, and the largest is {MOST_GAIN:.1f}; light the "
            "edges better, or give a lower --target"
        )
    offset = np.where(usable, np.rint(black * OFFSET_ONE), 0).astype(np.uint16)
    gain = np.rint(wide * GAIN_ONE).astype(np.uint16)
    per = "column" if per_column else "pixel"
    card = FlatFieldCard(
        name=wanted.name,
        per="column" if per_column else "pixel",
        height=white.size[0],
        width=white.size[1],
        camera_serial=wanted.camera_serial,
        target=target,
        sha256=digest(per, offset, gain),
    )
    return FlatFieldFile(card, offset, gain), bad


def _require_few(bad: BadPixels) -> None:
    saturated, dead = float(bad.saturated.mean()), float(bad.dead.mean())
    if saturated > MOST_SATURATED:
        raise DataError(
            f"white: {saturated:.1%} of the pixels are saturated (255), of at most {MOST_SATURATED:.0%}; give less light or exposure, so "
            "that white is at 150 to 230"
        )
    if dead > MOST_DEAD:
        raise DataError(
            f"white: {dead:.1%} of the pixels do not answer to light, of at most {MOST_DEAD:.0%}; look at lens, light and the white sheet"
        )


def _corrected(frames: Sequence[Frame], file: FlatFieldFile) -> Plane:
    """The average of the held-out frames, each corrected as on the line."""
    seen = Reference((file.card.height, file.card.width))
    out = np.empty(seen.size, np.uint8)
    for number in filter(is_held_out, range(len(frames))):
        correct(frames[number], file.offset, file.gain, out)
        seen.add(out)
    return seen.mean(False)


def _places(flags: NDArray[np.bool_]) -> list[list[int]]:
    """x and y of the first ones; of a flag per column only x."""
    y, x = np.nonzero(flags)
    if flags.shape[0] == 1:
        return [[int(one)] for one in x[:_MOST_LISTED]]
    return [[int(one), int(other)] for one, other in zip(x[:_MOST_LISTED], y[:_MOST_LISTED], strict=True)]
