"""The contact sheet: selected frames of a run, with the found defects and the truth outlined."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.frames.outcome import Verdict
from inspector.report.pictures import drawing
from inspector.report.pictures.drawing import Picture, fit_text, text_width, write_text
from inspector.report.pictures.grid import LEGEND_BASELINE, MARGIN, Grid, class_key
from inspector.report.pictures.outlines import draw_dashed, draw_solid, outlines
from inspector.report.selection import Shown

_TINT = 0.22
_LEAST_CONTRAST = 60

Sections = Sequence[tuple[str, Sequence[Shown]]]


def contact_sheet(sections: Sections, class_names: Sequence[str], size: tuple[int, int]) -> Picture:
    """The sheet as ``uint8 [H, 1640, 3]`` BGR. ``sections`` are titles with their frames, ``size`` a frame's height and width; frames
    of another size are drawn as large as a cell allows."""
    grid = Grid.of(size, most_columns=5)

    def draw(sheet: Picture, shown: Shown, x: int, y: int) -> None:
        height, width = shown.pixels.shape
        scale = grid.scale if (height, width) == size else min(grid.height / height, grid.width / width)
        picture = frame_picture(shown, len(class_names), scale)[: grid.height, : grid.width]
        sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
        _caption(sheet, shown, class_names, x, y + grid.height, grid.width)

    sheet = grid.sheet(sections, draw)
    _legend(sheet, class_names)
    return sheet


def frame_picture(shown: Shown, class_count: int, scale: float) -> Picture:
    """A frame of the sheet at ``scale``."""
    return outlined(shown.pixels, shown.record.mask, shown.true, class_count, scale)


def outlined(
    pixels: NDArray[np.uint8],
    found: NDArray[np.uint8] | None,
    true: NDArray[np.uint8] | None,
    class_count: int,
    scale: float,
) -> Picture:
    """A frame at ``scale``: what was found tinted and outlined in the colours of its classes, the truth dashed white."""
    picture = _scaled(_stretched(pixels), scale)
    for k in range(class_count):
        region = None if found is None else (found >> k & 1).astype(np.bool_)
        if region is None or not region.any():
            continue
        cover = _scaled(region.astype(np.uint8) * np.uint8(255), scale)[..., :1].astype(np.float32) / 255
        picture = np.rint(picture + (np.array(drawing.CLASSES[k], np.float32) - picture) * cover * _TINT).astype(
            np.uint8
        )
        draw_solid(picture, outlines(region, scale), drawing.CLASSES[k])
    if true is not None:
        for k in range(class_count):
            lines = outlines((true >> k & 1).astype(np.bool_), scale)
            draw_solid(picture, lines, (0, 0, 0), 1)
            draw_dashed(picture, lines, drawing.TRUTH, 1)
    return picture


def _stretched(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Dark or flat frames brightened for the eye: the percentiles 0.5 and 99.5 become 12 and 235, noise is not blown up."""
    low, high = (float(one) for one in np.percentile(pixels[::4, ::4], (0.5, 99.5)))
    low = min(low, 255.0 - _LEAST_CONTRAST)
    levels = 12 + (np.arange(256) - low) * (223 / max(high - low, _LEAST_CONTRAST))
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table), dtype=np.uint8)


def _scaled(grey: NDArray[np.uint8], scale: float) -> Picture:
    size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.cvtColor(cv2.resize(grey, size, interpolation=way), cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _caption(sheet: Picture, shown: Shown, class_names: Sequence[str], x: int, y: int, width: int) -> None:
    """Verdict, gate score and Dice at the left; the name, and what the truth says, at the right as far as there is room."""
    record = shown.record
    baseline = y + 18
    sheet[y : y + 3, x : x + width] = drawing.VERDICTS[record.verdict]
    end = write_text(sheet, record.verdict.value, x, baseline, 10, drawing.VERDICTS[record.verdict])
    facts = "" if record.gate_score is None else f"gate {record.gate_score:.2f}"
    if shown.dice is not None:
        facts += f"   Dice {shown.dice:.2f}"
    end = write_text(sheet, facts, end + 12, baseline, 9)
    truth = _truth_words(shown, class_names)
    name = record.name or f"frame {record.frame}"
    room = x + width - end - 24
    words = f"{truth}   {name}" if truth and text_width(f"{truth}   {name}", 9) <= room else name
    write_text(sheet, fit_text(words, 9, room), x + width, baseline, 9, drawing.FAINT_INK, "right")


def _truth_words(shown: Shown, class_names: Sequence[str]) -> str:
    if shown.true is None:
        return ""
    bits = int(np.bitwise_or.reduce(shown.true, axis=None))
    return "truth: " + (", ".join(name for k, name in enumerate(class_names) if bits >> k & 1) or "clean")


def _legend(sheet: Picture, class_names: Sequence[str]) -> None:
    y = LEGEND_BASELINE
    x = write_text(sheet, "Found", MARGIN, y, 11, drawing.FAINT_INK) + 16
    x = class_key(sheet, class_names, x, y)
    x = write_text(sheet, "Truth", x + 16, y, 11, drawing.FAINT_INK) + 16
    box = np.array([[x, y - 12], [x + 34, y - 12], [x + 34, y + 2], [x, y + 2]], dtype=np.float64)
    draw_dashed(sheet, [box], drawing.TRUTH, 1)
    x = write_text(sheet, "outline as labelled", x + 46, y, 11) + 40
    x = write_text(sheet, "Verdict", x, y, 11, drawing.FAINT_INK) + 16
    for verdict, colour in drawing.VERDICTS.items():
        if verdict is Verdict.UNINSPECTED:
            continue
        sheet[y - 7 : y - 3, x : x + 22] = colour
        x = write_text(sheet, verdict.value, x + 30, y, 11) + 22
