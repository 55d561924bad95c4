"""A contact sheet of labelled frames: what the labels say, drawn on what the frames show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.report.pictures import drawing
from inspector.report.pictures.contact_sheet import outlined
from inspector.report.pictures.drawing import Picture, fit_text, write_text
from inspector.report.pictures.grid import LEGEND_BASELINE, MARGIN, Grid, class_key


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
    grid = Grid.of(size, most_columns=6)

    def draw(sheet: Picture, shown: Drawn, x: int, y: int) -> None:
        _cell(sheet, shown, len(class_names), x, y, (grid.height, grid.width))

    sheet = grid.sheet(sections, draw)
    x = write_text(sheet, "As labelled", MARGIN, LEGEND_BASELINE, 11, drawing.FAINT_INK) + 16
    class_key(sheet, class_names, x, LEGEND_BASELINE)
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
