"""The curves of the gate, of one bundle or of two in one plot."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.evaluate import paper
from inspector.evaluate.figures import Curve, Evaluation
from inspector.evaluate.svg import Plot

COLOURS = ("#3fc1ff", "#ffe14d")
"""Of the first and the second bundle."""
_PAPER = "#ff66c4"
_DEFECTIVE, _CLEAN = "#ff9a1f", "#38a06c"
_TOPS = (0.1, 0.2, 0.5, 1.0)
"""What the upper edge of a histogram may stand for: round at its fifths."""

Named = Sequence[tuple[str, Evaluation]]


def charts(made: Named) -> list[str]:
    """ROC, precision over recall, and the scores of each bundle; curves need frames of both kinds."""
    plots = []
    if all(one.gate.roc is not None for _, one in made):
        plots += [_roc(made), _precision_recall(made)]
    return plots + [_scores(name if len(made) > 1 else "", one) for name, one in made]


def _draw(plot: Plot, curve: Curve | None, colour: str, name: str) -> None:
    if curve is not None:
        plot.band([(at.x, at.low) for at in curve.band], [(at.x, at.high) for at in curve.band], colour)
        plot.line([(at.x, at.y) for at in curve.points], colour, name)


def _roc(made: Named) -> str:
    plot = Plot("Gate: ROC", "clean frames passed on", "defective frames passed on")
    plot.chance((0, 0), (1, 1))
    for (name, one), colour in zip(made, COLOURS, strict=False):
        _draw(plot, one.gate.roc, colour, f"{name}, area {one.gate.roc_area.value:.3f}")
    for (_, one), colour in zip(made, COLOURS, strict=False):
        at = one.gate.decisions
        if at.false_alarm_rate is not None and at.recall is not None:
            plot.dot((at.false_alarm_rate, at.recall), colour, f"operating point {one.bundle.gate_threshold:.4g}")
    if _about_paper(made):
        for name, printed in paper.GATES.items():
            plot.dot((printed.false_alarm_rate or 0.0, printed.recall or 0.0), _PAPER, name)
    return plot.svg()


def _precision_recall(made: Named) -> str:
    plot = Plot(
        "Gate: precision over recall", "defective frames passed on (recall)", "defective of those passed on (precision)"
    )
    for (name, one), colour in zip(made, COLOURS, strict=False):
        _draw(plot, one.gate.precision_recall, colour, f"{name}, average {one.gate.average_precision.value:.3f}")
    for (_, one), colour in zip(made, COLOURS, strict=False):
        at = one.gate.decisions
        if at.recall is not None and at.precision is not None:
            plot.dot((at.recall, at.precision), colour, f"operating point {one.bundle.gate_threshold:.4g}")
    if _about_paper(made):
        for name, printed in paper.GATES.items():
            plot.dot((printed.recall or 0.0, printed.precision or 0.0), _PAPER, name)
    return plot.svg()


def _scores(name: str, one: Evaluation) -> str:
    """How the scores of clean and defective frames lie to the threshold, each kind as shares of its own."""
    kinds = [("defective", one.gate.scores_of_defective, _DEFECTIVE), ("clean", one.gate.scores_of_clean, _CLEAN)]
    shares = [[count / max(sum(counts), 1) for count in counts] for _, counts, _ in kinds]
    highest = max(map(max, shares))
    top = next(one for one in _TOPS if highest <= one)
    plot = Plot(f"Gate: scores{', ' + name if name else ''}", "score", "share of the frames of a kind", y_top=top)
    for (kind, counts, colour), heights, side in zip(kinds, shares, (0, 1), strict=True):
        step = 1 / len(counts)
        for at, height in enumerate(heights):
            plot.bar((at + side / 2) * step, (at + (side + 1) / 2) * step, height, colour)
        plot.name(f"{kind}, {sum(counts):,} frames", colour)
    threshold = one.bundle.gate_threshold
    plot.chance((threshold, 0), (threshold, top))
    return plot.svg(legend_at=(0.7, 0.88))


def _about_paper(made: Named) -> bool:
    return all(paper.is_about(one.bundle.height, one.bundle.width, len(one.bundle.classes)) for _, one in made)
