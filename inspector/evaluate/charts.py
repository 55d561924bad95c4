"""The curves of the gate, of one bundle or of two in one plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engines.metrics.confusion import Confusion
from inspector.evaluate import paper
from inspector.evaluate.figures import Curve, Evaluation
from inspector.evaluate.plot import Plot, Point
from inspector.report.summary import Decisions

COLOURS = ("#3fc1ff", "#ffe14d")
"""Of the first and the second bundle."""
_PAPER = "#ff66c4"
_DEFECTIVE, _CLEAN = "#ff9a1f", "#38a06c"
_TOPS = (0.1, 0.2, 0.5, 1.0)
"""What the upper edge of a histogram may stand for: round at its fifths."""

Named = Sequence[tuple[str, Evaluation]]
"""Evaluations with the names that the legends give them."""


def charts(made: Named) -> list[Plot]:
    """ROC, precision over recall, and the scores of each bundle; curves need frames of both kinds."""
    plots = []
    if all(one.gate.roc is not None for _, one in made):
        plots += [_roc(made), _precision_recall(made)]
    return plots + [_scores(name if len(made) > 1 else "", one) for name, one in made]


def _roc(made: Named) -> Plot:
    plot = Plot("Gate: ROC", "clean frames passed on", "defective frames passed on")
    plot.guide((0, 0), (1, 1))
    curves = [(f"{name}, area {one.gate.roc_area.value:.3f}", one.gate.roc) for name, one in made]
    _draw(plot, made, curves, lambda at: (at.false_alarm_rate, at.recall))
    return plot


def _precision_recall(made: Named) -> Plot:
    plot = Plot(
        "Gate: precision over recall", "defective frames passed on (recall)", "defective of those passed on (precision)"
    )
    curves = [
        (f"{name}, average {one.gate.average_precision.value:.3f}", one.gate.precision_recall) for name, one in made
    ]
    _draw(plot, made, curves, lambda at: (at.recall, at.precision))
    return plot


def _draw(
    plot: Plot,
    made: Named,
    curves: Sequence[tuple[str, Curve | None]],
    place: Callable[[Decisions | Confusion], tuple[float | None, float | None]],
) -> None:
    """The curves, the operating points on them and, where it is about such frames, the paper's gates; ``place`` says where in the
    plot decisions lie."""
    for (name, curve), colour in zip(curves, COLOURS, strict=False):
        if curve is not None:
            plot.band([(at.x, at.low) for at in curve.band], [(at.x, at.high) for at in curve.band], colour)
            plot.line([(at.x, at.y) for at in curve.points], colour, name)
    points: list[tuple[str, Decisions | Confusion, str]] = [
        (f"operating point {one.bundle.gate_threshold:.4g}", one.gate.decisions, colour)
        for (_, one), colour in zip(made, COLOURS, strict=False)
    ]
    if all(paper.applies_to(one.bundle.height, one.bundle.width, len(one.bundle.classes)) for _, one in made):
        points += [(name, reported, _PAPER) for name, reported in paper.GATES.items()]
    for name, decisions, colour in points:
        x, y = place(decisions)
        if x is not None and y is not None:
            at: Point = (x, y)
            plot.dot(at, colour, name)


def _scores(name: str, one: Evaluation) -> Plot:
    """How the scores of clean and defective frames lie to the threshold, each kind as shares of its own."""
    kinds = [("defective", one.gate.scores_of_defective, _DEFECTIVE), ("clean", one.gate.scores_of_clean, _CLEAN)]
    shares = [[count / max(sum(counts), 1) for count in counts] for _, counts, _ in kinds]
    highest = max(map(max, shares))
    top = next(one for one in _TOPS if highest <= one)
    title = f"Gate: scores, {name}" if name else "Gate: scores"
    plot = Plot(title, "score", "share of the frames of a kind", y_top=top, legend_at=(0.7, 0.88))
    for (kind, counts, colour), heights, side in zip(kinds, shares, (0, 1), strict=True):
        step = 1 / len(counts)
        for at, height in enumerate(heights):
            plot.bar((at + side / 2) * step, (at + (side + 1) / 2) * step, height, colour)
        plot.name(f"{kind}, {sum(counts):,} frames", colour)
    threshold = one.bundle.gate_threshold
    plot.guide((threshold, 0), (threshold, top))
    return plot
