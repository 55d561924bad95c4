"""The picture that shows what was found: the mean frame of the window, and below it the light across the frame beside the reference's."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.drift.reference import Reference
from inspector.drift.block import Block

Picture = NDArray[np.uint8]
_PLOT_HEIGHT = 200
_LEAST_WIDTH = 400
_LINE = 22
"""Height of a line of text, px."""
_INK, _GREY, _RED = (30, 30, 30), (170, 170, 170), (40, 40, 220)
"""BGR."""


def draw(window: Block, reference: Reference, columns: Sequence[int], lines: Sequence[str]) -> Picture:
    """uint8 ``[H, W, 3]``, BGR: ``lines`` of text, the mean frame with marks at ``columns`` (px of the frame), and the profile of its columns.

    Grey levels of the mean frame are stretched to the whole range, so that a faint shadow is seen."""
    mean = window.picture / max(window.pictured, 1)
    low, high = (float(one) for one in np.percentile(mean, (0.5, 99.5)))
    stretched = np.clip((mean - low) * (255 / max(high - low, 1.0)), 0, 255).astype(np.uint8)
    width = max(_LEAST_WIDTH, stretched.shape[1])
    height = max(1, round(stretched.shape[0] * width / stretched.shape[1]))
    frame = cv2.cvtColor(cv2.resize(stretched, (width, height), interpolation=cv2.INTER_NEAREST), cv2.COLOR_GRAY2BGR)
    parts = [_text(lines, width), _marks(columns, window.width, width), frame, _plot(window, reference, width)]
    return np.vstack([np.asarray(part, np.uint8) for part in parts])


def _text(lines: Sequence[str], width: int) -> Picture:
    part = np.full((_LINE * max(1, len(lines)) + 6, width, 3), 255, np.uint8)
    for at, line in enumerate(lines):
        plain = line.encode("ascii", "replace").decode()
        cv2.putText(part, plain, (6, _LINE * at + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
    return part


def _marks(columns: Sequence[int], frame_width: int, width: int) -> Picture:
    part = np.full((8, width, 3), 255, np.uint8)
    for column in columns:
        x = int((column + 0.5) * width / frame_width)
        cv2.line(part, (x, 0), (x, 7), _RED, 1)
    return part


def _plot(window: Block, reference: Reference, width: int) -> Picture:
    """Mean grey level of each column of the window, red, over that of the reference, grey; from 0 to the highest."""
    part = np.full((_PLOT_HEIGHT, width, 3), 255, np.uint8)
    seen = window.columns / max(window.frames, 1)
    known = np.asarray(reference.profile.mean).mean(axis=0) * reference.brightness.mean
    top = max(float(seen.max()), float(known.max()), 1.0) * 1.05
    for values, colour in ((known, _GREY), (seen, _RED)):
        x = (np.arange(len(values)) + 0.5) * width / len(values)
        y = (_PLOT_HEIGHT - 1) * (1 - values / top)
        cv2.polylines(part, [np.stack([x, y], axis=1).round().astype(np.int32)], False, colour, 1, cv2.LINE_AA)
    return part
