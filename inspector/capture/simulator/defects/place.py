"""Where on the strip a region goes."""

from __future__ import annotations

import numpy as np

from inspector.capture.simulator.canvas import Canvas, Window
from inspector.capture.simulator.noise import Random


def column(rng: Random, canvas: Canvas, width: float) -> float:
    """Left column of a region ``width`` px wide, anywhere on the steel."""
    return rng.uniform(canvas.left, max(canvas.left + 1.0, canvas.right - width))


def near_column(rng: Random, canvas: Canvas, centre: float, spread: float, width: float) -> float:
    """Left column of a region around ``centre``, kept on the steel."""
    highest = max(canvas.left + 1.0, canvas.right - width)
    return float(np.clip(rng.normal(centre, spread) - width / 2, canvas.left, highest))


def row(rng: Random, canvas: Canvas, height: float, cut_share: float = 0.2) -> float:
    """Top row of a region; ``cut_share`` of them hang over the upper or lower border by up to half."""
    where, cut, side, over = rng.random(4)
    if height >= canvas.height - 2:
        return float((canvas.height - height) * where)
    if cut < cut_share:
        hidden = over * 0.5 * height
        return float(-hidden if side < 0.5 else canvas.height - height + hidden)
    return float(where * (canvas.height - height))


def window_near(
    rng: Random, canvas: Canvas, centre: float, spread: float, size: tuple[float, float], cut_share: float
) -> Window:
    """The window of a region of ``size`` (width, height) around column ``centre``; see ``near_column`` and ``row``."""
    width, height = size
    x0 = near_column(rng, canvas, centre, spread, width)
    return canvas.window(x0, row(rng, canvas, height, cut_share), width, height)
