"""The report as one HTML file, in the same folder as its pictures."""

from __future__ import annotations

from inspector.report.blocks import blocks, conclusion
from inspector.report.html import render
from inspector.report.summary import Summary


def page(title: str, summary: Summary) -> str:
    """The page's HTML."""
    return render(
        "inspector.report",
        "run.html",
        title=title,
        sound=summary.good,
        conclusion=conclusion(summary),
        blocks=blocks(summary),
        pictures=summary.pictures,
    )
