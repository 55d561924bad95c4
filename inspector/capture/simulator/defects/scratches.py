"""Scratches: what scrapes along or across the strip leaves. Mostly groups of lines along it, also fields of flecks, slashes
and torn patches; the class with the widest range of looks in the real frames."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inspector.capture.simulator import statistics as real
from inspector.capture.simulator.canvas import Canvas, Window
from inspector.capture.simulator.defects.place import column, row, window_near
from inspector.capture.simulator.noise import Field, Random, blurred, chance, lit, percentile_draw, profile, step

_CLASS = 2


def paint_scratches(rng: Random, canvas: Canvas) -> None:
    """Several regions of one kind, and now and then one of another."""
    kinds = len(_KINDS)
    shares = np.array([share for share, _ in _KINDS])
    main = int(rng.choice(kinds, p=shares / shares.sum()))
    centre = column(rng, canvas, 60 * canvas.scale)
    for _ in range(int(rng.choice(real.SCRATCH_COUNT))):
        kind = main if chance(rng, 0.85) else int(rng.choice(kinds, p=shares / shares.sum()))
        _KINDS[kind][1](rng, canvas, centre)


def _tall(rng: Random, canvas: Canvas) -> float:
    """Height of a region along the strip."""
    return max(50.0, percentile_draw(rng, real.SCRATCH_HEIGHT)) * canvas.scale


def _paint_lines(rng: Random, canvas: Canvas, centre: float) -> None:
    """A group of lines along the strip: dark, now and then with bright crumbs."""
    scale = canvas.scale
    height, room = _tall(rng, canvas), rng.uniform(2, 45 if chance(rng, 0.25) else 14) * scale
    slant = rng.normal(0, 0.03)
    pad = 8 * scale
    span = room + 2 * pad + abs(slant) * height
    window = window_near(rng, canvas, centre, 180 * scale, (span, height), 0.6)
    start = pad + max(0.0, -slant * height)
    visible = np.zeros((window.height, window.width), dtype=bool)
    depth = canvas.visible_depth(rng.uniform(0.25, 0.6))
    for _ in range(1 + round(room / scale / rng.uniform(4, 14))):
        line = _line(rng, window, start + room * rng.uniform(0, 1), slant, rng.uniform(0.7, 2.4) * scale)
        if chance(rng, 0.15):
            window.add(line * np.float32(depth))
        else:
            window.multiply(1 - line * np.float32(depth * rng.uniform(0.6, 1.0)))
        visible |= line * depth > 0.1
    if chance(rng, 0.35):
        crumbs = blurred(window.white(rng), 0.7, 1.4) * visible
        window.add(step(crumbs, rng.uniform(0.55, 0.9), 0.2) * np.float32(rng.uniform(0.3, 1.4)))
    window.mark(_CLASS, visible, rng.uniform(4, 8) * scale)


def _line(rng: Random, window: Window, x: float, slant: float, half: float) -> Field:
    """One line of brightness change 1 at its core, with fading ends."""
    rows, columns = window.grid()
    scale = window.canvas.scale
    path = x + np.float32(slant) * rows[:, 0] + profile(rng, window.height, 90 * scale) * np.float32(0.7 * scale)
    line = np.exp(-np.square(np.square((columns - path[:, None]) / np.float32(half))))
    fade = rng.uniform(0.05, 0.5) * window.height
    top, bottom = np.clip(rows / fade + 0.2, 0, 1), np.clip((window.height - rows) / fade + 0.2, 0, 1)
    wear = np.clip(0.85 + 0.25 * profile(rng, window.height, 30 * scale), 0.3, 1.1)[:, None]
    return np.asarray(line * top * bottom * wear, dtype=np.float32)


def _paint_spindles(rng: Random, canvas: Canvas, centre: float) -> None:
    """A bundle of dark spindles along the strip."""
    scale = canvas.scale
    height, width = rng.uniform(60, 230) * scale, rng.uniform(20, 60) * scale
    window = window_near(rng, canvas, centre, 150 * scale, (width, height), 0.5)
    rows, columns = window.grid()
    body = 1 - np.square(columns / np.float32(width) * 2 - 1) - np.square(rows / np.float32(height) * 2 - 1) * 0.8
    grain = window.cloud(rng, rng.uniform(25, 60) * scale, rng.uniform(2.5, 5) * scale)
    cover = step(grain + body * np.float32(0.9), rng.uniform(1.0, 1.4), 0.6) * (body > 0)
    worn = np.clip(1 + 0.3 * blurred(window.white(rng), 0.6, 2.5), 0, 1.3)
    window.multiply(1 - np.clip(cover * worn * np.float32(rng.uniform(0.3, 0.6)), 0, 0.85))
    if chance(rng, 0.4):
        window.add(step(blurred(window.white(rng), 0.7, 0.9), 1.1, 0.3) * cover)
    window.mark(_CLASS, cover > 0.4, 7 * scale)


def _paint_flecks(rng: Random, canvas: Canvas, centre: float) -> None:
    """A patch of torn-up flecks, bright towards the lamp and dark behind."""
    scale = canvas.scale
    height, width = percentile_draw(rng, (21, 28, 45, 80, 140)) * scale, rng.uniform(16, 80) * scale
    window = window_near(rng, canvas, centre, 250 * scale, (width, height), 0.1)
    rows, columns = window.grid()
    lean = np.float32(rng.uniform(-0.6, 0.6))
    dy, dx = rows / np.float32(height) * 2 - 1, columns / np.float32(width) * 2 - 1
    body = 1 - dy * dy - np.square(dx - lean * dy)
    tears = window.cloud(rng, rng.uniform(1.2, 3) * scale, rng.uniform(1.2, 5) * scale)
    tears *= np.clip(window.cloud(rng, 12 * scale, 12 * scale) * 0.7 + 0.7, 0, 2)
    cover = step(body + window.cloud(rng, 9 * scale, 9 * scale) * np.float32(0.3), 0.2, 0.25)
    window.multiply(1 - cover * np.float32(rng.uniform(0.05, 0.3)))
    relief = lit(tears, canvas.light) * cover * np.float32(rng.uniform(0.4, 1.1) * scale)
    window.multiply(np.clip(1 + relief, 0.35, 3))
    window.add(step(tears, rng.uniform(1.0, 1.8), 0.5) * cover * np.float32(rng.uniform(0.3, 1.8)))
    window.mark(_CLASS, cover > 0.5, 5 * scale)


def _paint_chain(rng: Random, canvas: Canvas, centre: float) -> None:
    """A chain of bright crumbs in a groove along the strip."""
    scale = canvas.scale
    height, width = _tall(rng, canvas), rng.uniform(10, 36) * scale
    window = window_near(rng, canvas, centre, 150 * scale, (width, height), 0.6)
    rows, columns = window.grid()
    path = width / 2 + profile(rng, window.height, 80 * scale)[:, None] * np.float32(1.5 * scale)
    reach = np.float32(width * rng.uniform(0.2, 0.32))
    groove = np.exp(-np.square(np.square((columns - path) / reach))) * np.ones_like(rows)
    crumbs = window.cloud(rng, rng.uniform(2, 6) * scale, rng.uniform(1.2, 3) * scale)
    crumbs += blurred(window.white(rng), 0.6, 0.8)
    thick = np.clip(0.4 + 0.5 * profile(rng, window.height, 40 * scale), 0, 1)[:, None]
    window.multiply(1 - groove * np.float32(rng.uniform(0.15, 0.4)))
    bright = step(crumbs, rng.uniform(0.7, 1.2), 1.2) * groove * thick
    window.add((bright * np.float32(rng.uniform(0.8, 2.0))).astype(np.float32))
    window.mark(_CLASS, groove > 0.4, 4 * scale)


def _paint_slash(rng: Random, canvas: Canvas, centre: float) -> None:
    """A thin bright slash at an angle, with a dark side."""
    scale = canvas.scale
    length = rng.uniform(40, 170) * scale
    angle = rng.uniform(0.0, 0.9) * (1 if chance(rng, 0.7) else -1)
    half = rng.uniform(1.2, 4.5) * scale
    pad = 4 * half + 2
    width, height = length * np.cos(angle) + 2 * pad, length * abs(np.sin(angle)) + 2 * pad
    window = window_near(rng, canvas, centre, 200 * scale, (width, height), 0.15)
    rows, columns = window.grid()
    dx, dy = columns - np.float32(width / 2), rows - np.float32(height / 2)
    along = (dx * np.cos(angle) - dy * np.sin(angle)) / np.float32(length / 2)
    across = (dx * np.sin(angle) + dy * np.cos(angle)) / np.float32(half)
    taper = np.clip(1.15 - np.abs(along), 0.05, 1)
    line = (np.exp(-np.square(across / taper)) * (np.abs(along) < 1)).astype(np.float32)
    dark = (np.exp(-np.square((across - 1.3) / taper)) * (np.abs(along) < 0.9)).astype(np.float32)
    hairs = np.clip(0.7 + 0.5 * profile(rng, window.height, 2 * scale), 0.1, 1.4)[:, None]
    window.multiply(1 - dark * np.float32(rng.uniform(0.2, 0.5)))
    window.add((line * hairs * np.float32(rng.uniform(0.5, 2.2))).astype(np.float32))
    window.mark(_CLASS, line > 0.25, 4 * scale)


def _paint_scrape(rng: Random, canvas: Canvas, _: float) -> None:
    """A wide scrape across the strip: bright streaks with ragged ends over a dulled ground."""
    scale = canvas.scale
    width, height = rng.uniform(120, 520) * scale, rng.uniform(60, 250) * scale
    window = canvas.window(column(rng, canvas, width * 0.8), row(rng, canvas, height, 0.5), width, height)
    rows, columns = window.grid()
    dy, dx = rows / np.float32(height) * 2 - 1, columns / np.float32(width) * 2 - 1
    ragged = window.cloud(rng, 25 * scale, 90 * scale) * np.float32(0.18)
    body = 1 - np.power(dy, 4) - np.power(dx, 4) + ragged
    cover = step(body, 0.35, 0.3)
    streaks = window.cloud(rng, rng.uniform(3, 6) * scale, rng.uniform(25, 60) * scale)
    streaks += window.cloud(rng, 2 * scale, 10 * scale) * np.float32(0.4)
    streaks += window.cloud(rng, 28 * scale, 90 * scale) * np.float32(0.9)
    window.multiply(1 - cover * np.float32(rng.uniform(0.0, 0.25)))
    torn = step(streaks, rng.uniform(1.0, 1.6), 0.5) * cover
    if chance(rng, 0.75):
        window.add(torn * np.float32(rng.uniform(0.6, 2.5)))
    else:
        worn = np.clip(0.8 + 0.5 * blurred(window.white(rng), 1.2, 0.6), 0.1, 1.2)
        window.multiply(1 - torn * worn * np.float32(rng.uniform(0.3, 0.6)))
    window.mark(_CLASS, cover > 0.5, 6 * scale, hull=False)


def _paint_weave(rng: Random, canvas: Canvas, centre: float) -> None:
    """A dark patch where lines along the strip cross its ridges."""
    scale = canvas.scale
    width, height = rng.uniform(40, 130) * scale, rng.uniform(100, 256) * scale
    window = window_near(rng, canvas, centre, 200 * scale, (width, height), 0.6)
    rows, columns = window.grid()
    dy, dx = rows / np.float32(height) * 2 - 1, columns / np.float32(width) * 2 - 1
    body = np.clip(1.2 - np.square(dx) - np.power(dy, 4), 0, 1)
    warp = window.cloud(rng, rng.uniform(30, 80) * scale, rng.uniform(2, 4) * scale)
    weft = window.cloud(rng, rng.uniform(2, 3.5) * scale, rng.uniform(15, 40) * scale)
    cover = step((np.maximum(warp, weft * np.float32(0.8)) + warp * 0.4) * body, rng.uniform(0.7, 1.0), 0.4)
    window.multiply(1 - cover * np.float32(rng.uniform(0.35, 0.7)))
    window.mark(_CLASS, cover > 0.4, 8 * scale)


_Painter = Callable[[Random, Canvas, float], None]
_KINDS: tuple[tuple[float, _Painter], ...] = (
    (0.50, _paint_lines),
    (0.10, _paint_spindles),
    (0.14, _paint_flecks),
    (0.10, _paint_chain),
    (0.05, _paint_slash),
    (0.06, _paint_scrape),
    (0.05, _paint_weave),
)
"""Kinds of scratch and their shares, roughly as among the 46 real frames of this class that were looked at."""
