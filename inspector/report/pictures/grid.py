"""A sheet of cells of one size: a legend on top, then sections of cells under headings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from inspector.report.pictures import drawing
from inspector.report.pictures.drawing import Picture, blank, dot, fit_text, write_text

WIDTH = 1640
MARGIN = 20
LEGEND_BASELINE = 34
_GAP = 16
_CAPTION = 26
_HEADING = 40
_HEADER = 62

Cell = TypeVar("Cell")


@dataclass(frozen=True, slots=True)
class Grid:
    """How the cells lie; a cell's caption is below it, outside ``height``."""

    columns: int
    height: int
    width: int
    scale: float
    """Pixels of a cell per pixel of a frame of the size that the cells follow."""

    @classmethod
    def of(cls, size: tuple[int, int], most_columns: int) -> Grid:
        """Cells in the proportions of ``size`` (height, width): long frames two abreast, square ones ``most_columns``."""
        aspect = size[1] / size[0]
        columns = 2 if aspect >= 3 else 3 if aspect >= 1.6 else most_columns
        width = (WIDTH - 2 * MARGIN - (columns - 1) * _GAP) // columns
        scale = width / size[1]
        return cls(columns, max(1, round(size[0] * scale)), width, scale)

    def sheet(
        self, sections: Sequence[tuple[str, Sequence[Cell]]], draw: Callable[[Picture, Cell, int, int], None]
    ) -> Picture:
        """The sheet as ``uint8 [H, 1640, 3]`` BGR with room for a legend. ``draw(sheet, cell, x, y)`` draws a cell with its caption,
        the upper left corner at x, y."""
        row_height = self.height + _CAPTION + _GAP
        rows = sum(self._rows(cells) for _, cells in sections)
        sheet = blank(_HEADER + len(sections) * _HEADING + rows * row_height + MARGIN, WIDTH)
        top = _HEADER
        for title, cells in sections:
            write_text(sheet, fit_text(title, 13, WIDTH - 2 * MARGIN), MARGIN, top + 24, 13)
            top += _HEADING
            for index, cell in enumerate(cells):
                row, column = divmod(index, self.columns)
                draw(sheet, cell, MARGIN + column * (self.width + _GAP), top + row * row_height)
            top += self._rows(cells) * row_height
        return sheet

    def _rows(self, cells: Sequence[Cell]) -> int:
        return -(-len(cells) // self.columns)


def class_key(picture: Picture, class_names: Sequence[str], x: int, baseline: int) -> int:
    """Write the name of each class behind a dot of its colour; return the x behind them."""
    for k, name in enumerate(class_names):
        dot(picture, x + 6, baseline - 5, drawing.CLASSES[k], 6)
        x = write_text(picture, name, x + 20, baseline, 11) + 24
    return x
