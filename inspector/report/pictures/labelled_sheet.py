"""A contact sheet of labelled frames: what the labels say, drawn on what the frames show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.report.pictures import drawing
from inspector.report.pictures.contact_sheet import outlined
from inspector.report.pictures.drawing import Picture, blank, dot, fit_text, write_text

_WIDTH = 1640
_MARGIN = 20
_GAP = 16
_CAPTION = 26
_HEADING = 40
_HEADER = 62


@dataclass(frozen=True, slots=True)
class Drawn:
    """One frame to show."""

    name: str
    words: str
    """What the label says."""
    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    """Class bitmask of the same size."""


def labelled_sheet(
    sections: Sequence[tuple[str, Sequence[Drawn]]], class_names: Sequence[str], size: tuple[int, int]
) -> Picture:
    """The sheet as ``uint8 [H, 1640, 3]`` BGR. ``size`` is the height and width that the cells follow; other frames are fitted in."""
    aspect = size[1] / size[0]
    columns = 2 if aspect >= 3 else 3 if aspect >= 1.6 else 6
    cell_width = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    cell_height = max(1, round(cell_width / aspect))
    row_height = cell_height + _CAPTION + _GAP
    rows = sum(-(-len(shown) // columns) for _, shown in sections)
    sheet = blank(_HEADER + len(sections) * _HEADING + rows * row_height + _MARGIN, _WIDTH)
    _legend(sheet, class_names)
    top = _HEADER
    for title, shown in sections:
        write_text(sheet, fit_text(title, 13, _WIDTH - 2 * _MARGIN), _MARGIN, top + 24, 13)
        top += _HEADING
        for index, one in enumerate(shown):
            x = _MARGIN + (index % columns) * (cell_width + _GAP)
            y = top + (index // columns) * row_height
            _cell(sheet, one, len(class_names), x, y, (cell_height, cell_width))
        top += -(-len(shown) // columns) * row_height
    return sheet


def _cell(sheet: Picture, one: Drawn, class_count: int, x: int, y: int, cell: tuple[int, int]) -> None:
    height, width = one.pixels.shape
    picture = outlined(one.pixels, one.mask, None, class_count, min(cell[0] / height, cell[1] / width))
    picture = picture[: cell[0], : cell[1]]
    left = x + (cell[1] - picture.shape[1]) // 2
    sheet[y : y + picture.shape[0], left : left + picture.shape[1]] = picture
    baseline = y + cell[0] + 18
    name = fit_text(one.name, 9, cell[1])
    end = write_text(sheet, name, x, baseline, 9)
    room = x + cell[1] - end - 16
    write_text(sheet, fit_text(one.words, 9, room), x + cell[1], baseline, 9, drawing.FAINT_INK, "right")


def _legend(sheet: Picture, class_names: Sequence[str]) -> None:
    x, y = _MARGIN, 34
    x = write_text(sheet, "As labelled", x, y, 11, drawing.FAINT_INK) + 16
    for k, name in enumerate(class_names):
        dot(sheet, x + 6, y - 5, drawing.CLASSES[k], 6)
        x = write_text(sheet, name, x + 20, y, 11) + 24
