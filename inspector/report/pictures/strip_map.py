"""The strip map: where along the run and across the strip the defects lie, with the verdicts below."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.frames.outcome import Verdict
from inspector.report.pictures import drawing
from inspector.report.pictures.drawing import Picture, blank, fill, text_width, write_text
from inspector.report.pictures.grid import class_key
from inspector.report.trace import VERDICTS, Trace

_WIDTH = 1640
_LEFT, _RIGHT = 90, 24
_TOP, _PLOT = 70, 360
_LANE, _LANE_GAP = 22, 10
_AXIS = 62
_LEAST_PX = 4
_SEVERITY = (Verdict.PASS, Verdict.UNINSPECTED, Verdict.REJECT, Verdict.SCRAP)


def strip_map(
    trace: Trace, class_names: Sequence[str], size: tuple[int, int], camera: str, has_truth: bool = False
) -> Picture:
    """The map as ``uint8 [H, 1640, 3]`` BGR, frames from left to right, the frame's columns (the strip's width) downwards.

    ``size`` is a frame's height and width in px; the frame's rows lie along the run.
    """
    lanes = 2 if has_truth else 1
    map_height = _TOP + _PLOT + lanes * (_LANE + _LANE_GAP) + _AXIS
    picture = blank(map_height, _WIDTH)
    plot_width = _WIDTH - _LEFT - _RIGHT
    px_per_frame = plot_width / trace.frames
    fill(picture, _LEFT, _TOP, plot_width, _PLOT, drawing.PANEL)
    _across_axis(picture, size[1])
    lanes_top = _TOP + _PLOT + _LANE_GAP
    bottom = lanes_top + lanes * (_LANE + _LANE_GAP) - _LANE_GAP
    _along_axis(picture, trace, px_per_frame, bottom)
    _marks(picture, trace, size, px_per_frame)
    _verdict_lane(picture, trace, px_per_frame, lanes_top)
    if has_truth:
        _truth_lane(picture, trace, px_per_frame, lanes_top + _LANE + _LANE_GAP)
    _legend(picture, trace, class_names, camera)
    return picture


def _across_axis(picture: Picture, frame_width: int) -> None:
    """Position across the strip, in frame columns."""
    for value in _ticks(frame_width, 5):
        y = _TOP + round(value / frame_width * (_PLOT - 1))
        picture[y, _LEFT : _WIDTH - _RIGHT] = drawing.GRID
        write_text(picture, f"{value:g}", _LEFT - 10, y + 4, 9, drawing.FAINT_INK, "right")
    write_text(picture, "across, px", _LEFT - 10, _TOP - 12, 9, drawing.FAINT_INK, "right")


def _along_axis(picture: Picture, trace: Trace, px_per_frame: float, bottom: int) -> None:
    """Frame numbers, and metres along the run where positions are known."""
    travel_um = trace.um_per_frame
    for value in _ticks(trace.frames, 10):
        x = min(_LEFT + round(value * px_per_frame), _WIDTH - _RIGHT - 1)
        picture[_TOP : _TOP + _PLOT, x] = drawing.GRID
        picture[bottom : bottom + 6, x] = drawing.FAINT_INK
        write_text(picture, f"{value:g}", x, bottom + 20, 9, drawing.INK, "centre")
        if travel_um is not None:
            write_text(picture, f"{value * travel_um / 1e6:.4g} m", x, bottom + 37, 9, drawing.FAINT_INK, "centre")
    write_text(picture, "frame", _LEFT - 30, bottom + 20, 9, drawing.FAINT_INK, "right")
    if travel_um is not None:
        write_text(picture, "travel", _LEFT - 30, bottom + 37, 9, drawing.FAINT_INK, "right")


def _ticks(end: float, about: int) -> NDArray[np.float64]:
    """Round numbers from 0 to ``end``, about so many."""
    raw = max(end / about, 1e-9)
    power = 10.0 ** math.floor(math.log10(raw))
    step = max(1.0, next(one * power for one in (1, 2, 5, 10) if one * power >= raw))
    return np.arange(0.0, end + step * 1e-6, step)


def _marks(picture: Picture, trace: Trace, size: tuple[int, int], px_per_frame: float) -> None:
    """Each defect as its box, to scale but never smaller than can be seen."""
    height, width = size
    soft = picture.copy()
    boxes = []
    for mark in trace.marks:
        x, y, across, along = mark.bbox_px
        middle_x = _LEFT + (mark.frame + (y + along / 2) / height) * px_per_frame
        middle_y = _TOP + (x + across / 2) / width * _PLOT
        half_x = max(_LEAST_PX, along / height * px_per_frame) / 2
        half_y = max(_LEAST_PX, across / width * _PLOT) / 2
        begin = (round(middle_x - half_x), max(_TOP, round(middle_y - half_y)))
        end = (round(middle_x + half_x), min(_TOP + _PLOT, round(middle_y + half_y)))
        boxes.append((begin, end, drawing.CLASSES[mark.kind]))
    for begin, end, colour in boxes:
        cv2.rectangle(soft, begin, end, colour, cv2.FILLED)
    picture[:] = cv2.addWeighted(soft, 0.6, picture, 0.4, 0)
    for begin, end, colour in boxes:
        cv2.rectangle(picture, begin, end, colour, 1)


def _verdict_lane(picture: Picture, trace: Trace, px_per_frame: float, top: int) -> None:
    """Each column of the picture has the colour of the worst verdict in it."""
    fill(picture, _LEFT, top, _WIDTH - _LEFT - _RIGHT, _LANE, drawing.PANEL)
    bins = trace.verdict_bins
    for verdict in _SEVERITY:
        _ticks_in_lane(picture, bins[:, VERDICTS.index(verdict)], trace, px_per_frame, top, drawing.VERDICTS[verdict])
    write_text(picture, "verdict", _LEFT - 10, top + 16, 9, drawing.FAINT_INK, "right")


def _truth_lane(picture: Picture, trace: Trace, px_per_frame: float, top: int) -> None:
    fill(picture, _LEFT, top, _WIDTH - _LEFT - _RIGHT, _LANE, drawing.PANEL)
    _ticks_in_lane(picture, trace.defective_bins, trace, px_per_frame, top, drawing.TRUTH)
    write_text(picture, "truth", _LEFT - 10, top + 16, 9, drawing.FAINT_INK, "right")


def _ticks_in_lane(
    picture: Picture,
    bins: NDArray[np.int64],
    trace: Trace,
    px_per_frame: float,
    top: int,
    colour: drawing.Colour,
) -> None:
    width = px_per_frame * trace.frames_per_bin
    gap = 1 if width >= 4 else 0
    for at in np.flatnonzero(bins):
        left, right = _LEFT + round(at * width), _LEFT + round((at + 1) * width)
        right = min(max(right - gap, left + 1), _WIDTH - _RIGHT)
        picture[top : top + _LANE, left:right] = colour


def _legend(picture: Picture, trace: Trace, class_names: Sequence[str], camera: str) -> None:
    x = write_text(picture, f"Strip map  {camera}", 20, 32, 13) + 36
    x = class_key(picture, class_names, x, 32) + 12
    for verdict in Verdict:
        fill(picture, x, 22, 14, 12, drawing.VERDICTS[verdict])
        x = write_text(picture, verdict.value, x + 20, 32, 10) + 18
    note = f"{trace.frames} frames"
    if trace.marks_left_out:
        note += f", the {trace.marks_left_out} smallest defects left out"
    if x + text_width(note, 10) + 20 < _WIDTH:
        write_text(picture, note, _WIDTH - _RIGHT, 32, 10, drawing.FAINT_INK, "right")
