"""Plots as inline SVG: lines, bands, bars and dots over a unit square with axes. ``templates/plot.svg`` writes them; the style is the page's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Point = tuple[float, float]
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_LINE_PX = 18
"""Distance of two lines of the legend."""


class Shape(NamedTuple):
    """A path; its ``kind`` says how the style draws it: ``guide``, ``band``, ``line`` or ``bar``."""

    kind: str
    path: str
    colour: str = ""


class Dot(NamedTuple):
    """A dot in pixels of the plot."""

    x: float
    y: float
    colour: str


class Entry(NamedTuple):
    """A line of the legend, which ends at ``x``."""

    x: float
    y: float
    name: str
    colour: str


@dataclass
class Plot:
    """A plot over 0 to 1 in x and 0 to ``y_top`` in y. Colours are of CSS; coordinates given are those of the axes."""

    title: str
    x_label: str
    y_label: str
    y_top: float = 1.0
    legend_at: Point = (0.98, 0.04)
    """Where the legend's last line ends, as shares of the width and height of the square."""
    shapes: list[Shape] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    """Drawn over the shapes."""
    _named: list[tuple[str, str]] = field(default_factory=list)

    width, height = 440, 380
    left, right, top, bottom = 52, 426, 34, 334

    def guide(self, begin: Point, end: Point) -> None:
        """A faint dashed line: what guessing gives, or a threshold."""
        self.shapes.append(Shape("guide", self._path([begin, end])))

    def band(self, low: Sequence[Point], high: Sequence[Point], colour: str) -> None:
        """The area between two lines."""
        if low:
            self.shapes.append(Shape("band", self._path([*low, *reversed(high)]) + "Z", colour))

    def line(self, points: Sequence[Point], colour: str, name: str = "") -> None:
        """A line, in the legend if it has a name."""
        self.shapes.append(Shape("line", self._path(points), colour))
        self.name(name, colour)

    def bar(self, begin: float, end: float, top: float, colour: str) -> None:
        """A bar from the x axis up, a pixel narrower than from ``begin`` to ``end``."""
        (x, y), (right, _) = self._pixel((begin, top)), self._pixel((end, 0))
        if top > 0:
            right = round(max(right - 1, x + 1), 1)
            self.shapes.append(Shape("bar", f"M{x} {self.bottom}V{y}H{right}V{self.bottom}Z", colour))

    def dot(self, point: Point, colour: str, name: str = "") -> None:
        """A dot, in the legend if it has a name."""
        self.dots.append(Dot(*self._pixel(point), colour))
        self.name(name, colour)

    def name(self, name: str, colour: str) -> None:
        """An entry of the legend; none for an empty name."""
        if name:
            self._named.append((name, colour))

    @property
    def x_ticks(self) -> list[tuple[float, str]]:
        """Pixel column and label of each vertical gridline."""
        return [(self._pixel((tick, 0))[0], f"{tick:g}") for tick in _TICKS]

    @property
    def y_ticks(self) -> list[tuple[float, str]]:
        """Pixel row and label of each horizontal gridline."""
        return [(self._pixel((0, tick * self.y_top))[1], f"{tick * self.y_top:g}") for tick in _TICKS]

    @property
    def legend(self) -> list[Entry]:
        """The lines of the legend, from the last one up."""
        x, y = self._pixel((self.legend_at[0], self.legend_at[1] * self.y_top))
        return [
            Entry(x, round(y - _LINE_PX * index, 1), name, colour)
            for index, (name, colour) in enumerate(reversed(self._named))
        ]

    def _pixel(self, point: Point) -> Point:
        x, y = point[0], point[1] / self.y_top
        return round(self.left + x * (self.right - self.left), 1), round(self.bottom - y * (self.bottom - self.top), 1)

    def _path(self, points: Sequence[Point]) -> str:
        return "M" + "L".join(f"{x} {y}" for x, y in map(self._pixel, points))
