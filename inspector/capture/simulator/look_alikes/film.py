"""Peeled protective film: torn, curled sheets with bright folds and deep shadows over sound steel."""

from __future__ import annotations

import cv2
import numpy as np

from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.defects.place import column, row
from inspector.capture.simulator.noise import Random, blurred, lit


def paint_film(rng: Random, canvas: Canvas) -> None:
    """Several overlapping torn pieces, each curled in its own direction."""
    scale = canvas.scale
    width, height = rng.uniform(350, 900) * scale, rng.uniform(250, 340) * scale
    x0, y0 = column(rng, canvas, width * 0.8), row(rng, canvas, height, 0.5)
    for _ in range(int(rng.integers(5, 12))):
        wide, tall = rng.uniform(100, 380) * scale, rng.uniform(80, 320) * scale
        window = canvas.window(
            x0 + rng.uniform(0, max(1.0, width - wide)), y0 + rng.uniform(0, max(1.0, height - tall)), wide, tall
        )
        turn = np.sort(rng.random(int(rng.integers(5, 9)))) * 2 * np.pi
        spread = np.stack([np.cos(turn), np.sin(turn)], axis=1) * rng.uniform(0.6, 1.0, (len(turn), 1))
        corners = (spread * 0.48 + 0.5) * (window.width, window.height)
        piece = np.zeros((window.height, window.width), dtype=np.uint8)
        cv2.fillPoly(piece, [corners.astype(np.int32)], 255)
        torn = blurred(piece.astype(np.float32) / np.float32(255), 3 * scale, 3 * scale)
        torn += window.cloud(rng, 8 * scale, 8 * scale) * np.float32(0.14)
        cover = np.clip((torn - np.float32(0.5)) * 8, 0, 1)
        rows, columns = window.grid()
        angle = rng.uniform(0, np.pi)
        across = (columns * np.cos(angle) + rows * np.sin(angle)) / np.float32(rng.uniform(50, 140) * scale)
        curl = 1 + np.sin(across * np.float32(2 * np.pi) + rng.uniform(0, 6)) * np.float32(rng.uniform(0.2, 0.6))
        creases = lit(window.cloud(rng, 25 * scale, 25 * scale), canvas.light) * np.float32(1.5 * scale)
        grain = window.white(rng) * np.float32(0.05)
        tone = np.clip(curl * rng.uniform(0.6, 1.4) * (1 + grain) + creases, 0.1, 3).astype(np.float32)
        shadow = blurred(cover, 7 * scale, 7 * scale)
        window.multiply(1 - shadow * (1 - cover) * np.float32(0.8))
        window.blend(cover * np.float32(0.9), tone)
        window.multiply(
            np.clip(1 + lit(blurred(cover, scale, scale), canvas.light) * np.float32(2.5 * scale), 0.3, 2.5)
        )
