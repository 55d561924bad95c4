"""Two bundles on the same frames: by how much they differ, and whether the difference is real."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from engines.errors import DataError
from engines.metrics.bootstrap import CONFIDENCE, chance_of_difference, interval, quotients, ratio
from engines.metrics.threshold_sweep import rank
from inspector.evaluate.estimates import estimate
from inspector.evaluate.evaluate import Evaluated
from inspector.evaluate.figures import Estimate, Evaluation
from inspector.evaluate.gate import drawn_areas, truth_of
from inspector.report.blocks import Block

_FIGURES: tuple[tuple[str, str, bool], ...] = (
    ("gate.recall", "gate: defective passed on", True),
    ("gate.false_alarm_rate", "gate: clean passed on", False),
    ("pipeline.sheet_recall", "defective sheets rejected", True),
    ("pipeline.false_scrap_rate", "clean sheets rejected", False),
    ("pipeline.defect_recall", "defects found", True),
    ("pipeline.false_defects_per_frame", "false defects per frame", False),
    ("pipeline.defects.kaggle_mean_dice", "Kaggle mean Dice, defects", True),
    ("pipeline.mask.kaggle_mean_dice", "Kaggle mean Dice, mask", True),
    ("pipeline.mask.positive_dice", "Dice where the class is", True),
    ("pipeline.mask.pixel_dice", "pixel Dice, defective frames", True),
    ("segmenter.mask.pixel_dice", "the same, segmenter alone", True),
)
"""Name of the figure, in words, and whether more is better."""
_AREA = "gate: area under ROC"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both bundles. Null: there is nothing to compute it from."""

    name: str
    sentence: str
    first: float | None = None
    second: float | None = None
    difference: Estimate = Estimate(value=None)
    """Second minus first; its interval is from the same draws for both."""
    chance: float | None = None
    """How often two interchangeable bundles would differ as much (approximate randomisation); null for areas."""
    better: str | None = None
    """``first`` or ``second``, where the difference is real: its interval leaves out zero, and chance is below 1 - confidence."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two bundles on the same frames."""

    first: Evaluation
    second: Evaluation
    confidence: float
    differences: tuple[Difference, ...]
    conclusion: str


def compare(first: Evaluated, second: Evaluated) -> Comparison:
    """The comparison. Raises DataError unless both were evaluated on the same frames."""
    if [one.name for one in first.tally.frames] != [one.name for one in second.tally.frames]:
        raise DataError("the two bundles were not shown the same frames; evaluate both on one data set")
    differences = (_area_difference(first, second), *_differences(first, second))
    return Comparison(
        first=first.evaluation,
        second=second.evaluation,
        confidence=CONFIDENCE,
        differences=differences,
        conclusion=_conclusion(differences, len(first.tally.frames), first.sums.groups),
    )


def _differences(first: Evaluated, second: Evaluated) -> Iterator[Difference]:
    columns = [first.sums.names.index(name) for name, _, _ in _FIGURES]
    part = (first.sums.part[:, columns], second.sums.part[:, columns])
    whole = (first.sums.whole[:, columns], second.sums.whole[:, columns])
    found = [ratio(p.sum(axis=0), w.sum(axis=0)) for p, w in zip(part, whole, strict=True)]
    drawn = quotients(part[1], whole[1]) - quotients(part[0], whole[0])
    chances = chance_of_difference(part, whole)
    groups = ((whole[0] > 0) | (whole[1] > 0)).sum(axis=0)
    for at, (_, words, more_is_better) in enumerate(_FIGURES):
        bounds = interval(drawn[:, at], int(groups[at]))
        yield _difference(
            words, float(found[0][at]), float(found[1][at]), bounds, float(chances[at]), more_is_better=more_is_better
        )


def _area_difference(first: Evaluated, second: Evaluated) -> Difference:
    """Of the areas under the ROC curves, whose draws are the same for both."""
    rankings = [rank(*truth_of(one.tally.frames)) for one in (first, second)]
    drawn = [drawn_areas(ranking, one.sums)[0] for ranking, one in zip(rankings, (first, second), strict=True)]
    bounds = interval(drawn[1] - drawn[0], first.sums.groups)
    values = [one.evaluation.gate.roc_area.value for one in (first, second)]
    a, b = (np.nan if value is None else value for value in values)
    return _difference(_AREA, a, b, bounds, None, more_is_better=True)


def _difference(
    name: str,
    first: float,
    second: float,
    bounds: tuple[float, float] | None,
    chance: float | None,
    *,
    more_is_better: bool,
) -> Difference:
    if not (np.isfinite(first) and np.isfinite(second)):
        return Difference(name=name, sentence=f"{name}: nothing to compare on these frames.")
    difference = second - first
    is_real = bounds is not None and (bounds[0] > 0 or bounds[1] < 0) and (chance is None or chance < 1 - CONFIDENCE)
    better = None
    if is_real:
        better = "second" if (difference > 0) is more_is_better else "first"
    return Difference(
        name=name,
        sentence=_sentence(name, difference, bounds, chance, better),
        first=first,
        second=second,
        difference=estimate(difference, bounds),
        chance=chance,
        better=better,
    )


def _sentence(
    name: str, difference: float, bounds: tuple[float, float] | None, chance: float | None, better: str | None
) -> str:
    if difference == 0 and (bounds is None or bounds == (0.0, 0.0)):
        return f"{name}: no difference on these frames."
    told = f"{name}: the second is {'higher' if difference > 0 else 'lower'} by {abs(difference):.3f}"
    if difference == 0:
        told = f"{name}: no difference on average"
    if bounds is None:
        return f"{told}; too few independent groups of frames to tell whether that is real."
    told += f" ({CONFIDENCE:.0%} interval {bounds[0]:+.3f} to {bounds[1]:+.3f}"
    told += ")" if chance is None else f", by chance alone in {chance:.1%} of cases)"
    if better is None:
        return f"{told}: cannot be told from chance."
    return f"{told}: real, the {better} is better."


def _conclusion(differences: tuple[Difference, ...], frames: int, groups: int) -> str:
    """One sentence for all."""
    on = f"On these {frames:,} frames in {groups:,} groups"
    wins = {side: [one.name for one in differences if one.better == side] for side in ("first", "second")}
    if not any(wins.values()):
        return f"{on} neither bundle can be told from the other: no difference is real."
    told = [f"the {side} is better in {_listed(names)}" for side, names in wins.items() if names]
    return f"{on} {'; '.join(told)}. The other differences cannot be told from chance."


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _signed(one: Estimate) -> str:
    """A difference with its interval."""
    if one.value is None:
        return "-"
    return f"{one.value:+.3f}" + ("" if one.low is None else f" ({one.low:+.2f} to {one.high:+.2f})")


def comparison_blocks(made: Comparison) -> list[Block]:
    """The differences as a table."""
    rows = []
    for one in made.differences:
        cells = ["-" if value is None else f"{value:.3f}" for value in (one.first, one.second)]
        rows.append((one.name, *cells, _signed(one.difference), one.better or "-"))
    notes = (
        f"first: {made.first.bundle.id}, point {made.first.bundle.operating_point}; "
        f"second: {made.second.bundle.id}, point {made.second.bundle.operating_point}.",
        f"In parentheses: paired {made.confidence:.0%} intervals of the difference. better: where its interval leaves out zero and "
        f"fewer than {1 - made.confidence:.0%} of random swaps of the two bundles' answers differ as much.",
        f"{len(made.differences)} figures are compared: one in twenty would look real by chance.",
    )
    return [Block("Second minus first", ("", "first", "second", "difference", "better"), tuple(rows), notes)]
