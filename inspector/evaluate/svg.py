"""Plots as inline SVG: a unit square with axes, on which lines, bands, bars and dots are drawn. Colours come from the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 440, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 34, 46
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

STYLE = """
svg.plot { width: 440px; max-width: 100%; height: auto; font: 12px system-ui, "DejaVu Sans", sans-serif; }
svg.plot text { fill: var(--faint); } svg.plot text.title { fill: var(--ink); font-size: 14px; }
svg.plot .grid { stroke: var(--line); stroke-width: 1; } svg.plot .chance { stroke: var(--faint); stroke-dasharray: 3 5; }
svg.plot .line { fill: none; stroke-width: 2; } svg.plot .band { stroke: none; opacity: .2; }
"""

Point = tuple[float, float]


class Plot:
    """A plot over 0..1 in x and 0..1 in y; ``x_label`` and ``y_label`` say what of."""

    def __init__(self, title: str, x_label: str, y_label: str, *, y_top: float = 1.0) -> None:
        """``y_top`` is what the upper edge stands for, with ticks at its fifths."""
        self._y_top = y_top
        self._title = title
        self._parts: list[str] = []
        self._legend: list[tuple[str, str]] = []
        for tick in _TICKS:
            (left, y), (right, _) = self._at((0, tick * y_top)), self._at((1, tick * y_top))
            (x, top), (_, bottom) = self._at((tick, y_top)), self._at((tick, 0))
            self._parts += [
                f'<path class="grid" d="M{left} {y}H{right}M{x} {top}V{bottom}"/>',
                f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{tick * y_top:g}</text>',
                f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>',
            ]
        middle = _TOP + (HEIGHT - _TOP - _BOTTOM) / 2
        self._parts += [
            f'<text class="title" x="{_LEFT}" y="18">{escape(title)}</text>',
            f'<text x="{_LEFT + (WIDTH - _LEFT - _RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>',
            f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>',
        ]

    def _at(self, point: Point) -> Point:
        x, y = point[0], point[1] / self._y_top
        return (
            round(_LEFT + x * (WIDTH - _LEFT - _RIGHT), 1),
            round(HEIGHT - _BOTTOM - y * (HEIGHT - _TOP - _BOTTOM), 1),
        )

    def _path(self, points: Sequence[Point]) -> str:
        return "M" + "L".join(f"{x} {y}" for x, y in map(self._at, points))

    def chance(self, begin: Point, end: Point) -> None:
        """A faint dashed line: what guessing gives, or a threshold."""
        self._parts.append(f'<path class="chance" d="{self._path([begin, end])}"/>')

    def band(self, low: Sequence[Point], high: Sequence[Point], colour: str) -> None:
        """The area between two lines."""
        if low:
            path = self._path([*low, *reversed(high)])
            self._parts.append(f'<path class="band" fill="{colour}" d="{path}Z"/>')

    def line(self, points: Sequence[Point], colour: str, name: str = "") -> None:
        """A line, in the legend if it has a name."""
        self._parts.append(f'<path class="line" stroke="{colour}" d="{self._path(points)}"/>')
        self._named(name, colour)

    def dot(self, point: Point, colour: str, name: str = "") -> None:
        """A dot, in the legend if it has a name."""
        x, y = self._at(point)
        self._parts.append(f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}" stroke="var(--panel)" stroke-width="2"/>')
        self._named(name, colour)

    def bar(self, begin: float, end: float, top: float, colour: str) -> None:
        """A bar from the x axis up."""
        (x, y), (right, bottom) = self._at((begin, top)), self._at((end, 0))
        if top > 0:
            self._parts.append(
                f'<path fill="{colour}" d="M{x} {bottom}V{y}H{round(max(right - 1, x + 1), 1)}V{bottom}Z"/>'
            )

    def name(self, name: str, colour: str) -> None:
        """An entry of the legend alone."""
        self._named(name, colour)

    def _named(self, name: str, colour: str) -> None:
        if name:
            self._legend.append((name, colour))

    def svg(self, legend_at: Point = (0.98, 0.04)) -> str:
        """The plot; the legend stands in the lower right, or ends at ``legend_at`` (shares of the square)."""
        x, y = self._at((legend_at[0], legend_at[1] * self._y_top))
        entries = []
        for index, (name, colour) in enumerate(reversed(self._legend)):
            line = round(y - 18 * index, 1)
            entries.append(
                f'<text x="{x - 16}" y="{line}" text-anchor="end">{escape(name)}</text>'
                f'<circle cx="{x - 5}" cy="{line - 4}" r="5" fill="{colour}"/>'
            )
        return (
            f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{escape(self._title)}</title>'
            f"{''.join(self._parts)}{''.join(entries)}</svg>"
        )
