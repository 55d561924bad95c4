"""The report as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.report.coil.coil_map import class_colours
from inspector.report.coil.content import CoilReport
from inspector.report.coil.pictures import Shown, css
from inspector.report.coil.words import blocks, sentence, title
from inspector.report.html import render

MAP_CAPTION = "Head on the left; both faces are seen from above, the reference edge first. Hatched: not inspected. Framed: roll marks. Red bar: cut out."


def page(report: CoilReport, map_: Shown | None, gallery: Sequence[Shown]) -> str:
    """The page's HTML."""
    return render(
        "inspector.report",
        "coil.html",
        title=title(report),
        sentence=sentence(report),
        sound=report.complete,
        map=map_,
        key=[(name, css(colour)) for name, colour in class_colours(report).items()],
        blocks=blocks(report),
        gallery=gallery,
    )
