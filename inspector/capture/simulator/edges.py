"""The edge of the strip: black beyond it, a hard, slightly wavy line, and a dark or bright rim along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.capture.simulator import statistics as real
from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.noise import Field, Random, blurred, chance, cloud, profile, step, white


@dataclass(frozen=True, slots=True)
class Margin:
    """A black margin of ``width_px`` columns on the left or the right of the frame."""

    on_right: bool
    width_px: int


def random_margin(rng: Random, frame_width: int, share: float = real.MARGIN_SHARE) -> Margin | None:
    """Whether this frame shows the edge of the strip, and where; drawn at random."""
    present, side, where = rng.random(3)
    if present >= share:
        return None
    quantiles = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95)
    part = float(np.interp(where, quantiles, real.MARGIN_WIDTH_QUANTILES))
    return Margin(bool(side < real.MARGIN_RIGHT_SHARE), max(1, round(part * frame_width)))


def paint_rim(rng: Random, canvas: Canvas, margin: Margin) -> None:
    """Draw what the last centimetres of the strip look like."""
    scale, height = canvas.scale, canvas.height
    reach = round(rng.uniform(90, 200) * scale)
    overhang = round(30 * scale)  # the slanted edge reaches past the straight one
    x0 = canvas.right + overhang - reach if margin.on_right else canvas.left - overhang
    window = canvas.window(x0, 0, reach, height)
    inward = np.arange(reach, dtype=np.float32) - np.float32(overhang)
    if margin.on_right:
        inward = inward[::-1]
    distance = inward[None, :] + profile(rng, height, 40 * scale)[:, None] * np.float32(rng.uniform(0.3, 2) * scale)
    tone = 1 + np.exp(-np.maximum(distance, 0) / np.float32(reach / 3)) * np.float32(rng.normal(0, 0.2))
    if chance(rng, 0.45):
        tone = tone * (1 + _strip(distance, rng.uniform(6, 22) * scale, scale) * np.float32(rng.uniform(-0.65, -0.25)))
    elif chance(rng, 0.6):
        wide = _strip(distance, rng.uniform(12, 60) * scale, scale)
        ripple = cloud(rng, height, reach, rng.uniform(1.4, 3) * scale, rng.uniform(5, 14) * scale)
        flash = np.maximum(ripple * np.float32(rng.uniform(0.2, 0.8)) + np.float32(0.7), 0.1)
        tone = tone * (1 + wide * flash * np.float32(rng.uniform(0.2, 0.8)))
    if chance(rng, 0.4):
        dark = blurred(white(rng, height, reach), 0.8, 2.5) - np.maximum(distance, 0) * np.float32(0.012 / scale)
        tone = tone * (1 - step(dark, 0.35, 0.3) * np.float32(rng.uniform(0.15, 0.4)))
    window.multiply(np.clip(tone, 0.15, 4).astype(np.float32))


def _strip(distance: Field, width: float, scale: float) -> Field:
    """1 within ``width`` px of the edge, falling over about 3 px."""
    return step(-distance, -width, 3 * scale)


def black_out_margin(rng: Random, scene: Field, canvas: Canvas, margin: Margin) -> None:
    """Black out what lies beyond the strip edge in ``scene`` (``float32 [H, W]`` grey levels), in place."""
    scale = canvas.scale
    edge = canvas.right if margin.on_right else canvas.left
    rows = np.linspace(-0.5, 0.5, canvas.height, dtype=np.float32)
    line = rows * np.float32(rng.normal(0, 6) * scale)
    line += profile(rng, canvas.height, 60 * scale) * np.float32(rng.uniform(0.2, 1.5) * scale)
    line += profile(rng, canvas.height, 6 * scale) * np.float32(rng.uniform(0.02, 0.25) * scale)
    # The truth ends at the straight edge, so the wave only ever eats into the margin's side.
    line = line - line.min() if margin.on_right else line - line.max()
    reach = int(np.ceil(np.abs(line).max())) + 3
    columns = np.arange(canvas.width, dtype=np.float32)[None, :] - np.float32(edge)
    beyond = columns - line[:, None] if margin.on_right else line[:, None] - columns
    level = np.float32(rng.uniform(*real.MARGIN_GREY))
    cover = np.clip(beyond / np.float32(1.5) + np.float32(0.5), 0, 1)
    lo, hi = (max(edge - 3, 0), canvas.width) if margin.on_right else (0, min(edge + reach, canvas.width))
    part = scene[:, lo:hi]
    part += cover[:, lo:hi] * (level - part)
