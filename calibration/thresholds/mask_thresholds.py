"""Mask threshold and minimum area of each class, chosen together on held-out frames for the metric the user names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calibration.thresholds.mask_counts import MaskCounts

Metric = Literal["balanced", "kaggle", "pixel", "recall"]
METRICS: dict[Metric, str] = {
    "balanced": "class-balanced Dice: half the mean Dice where the class is, half the share of other frames left unmarked",
    "kaggle": "Kaggle Dice: mean over frames and classes, 1 where both are empty",
    "pixel": "pixel Dice over the defective frames, classes pooled",
    "recall": "share of true defects found (IoU > 0.1) at no more false defects per frame than the budget",
}

Table = NDArray[np.float64]
"""A value for each threshold, minimum area and class, ``[T, A, K]``."""


@dataclass(frozen=True, slots=True)
class MaskChoice:
    """What was chosen for one class."""

    threshold: float
    minimum_area_px: int


@dataclass(frozen=True, slots=True)
class MaskChoices:
    """What was chosen for all classes, and the metric's value there, on the frames it was chosen on."""

    classes: tuple[MaskChoice, ...]
    index: tuple[tuple[int, int], ...]
    """Which threshold and which area of the grid, for each class."""
    metric: Metric
    value: float


def choose_masks(
    counts: MaskCounts,
    metric: Metric,
    *,
    groups: Sequence[NDArray[np.bool_]] | None = None,
    false_defects_per_frame: float = 0.1,
) -> MaskChoices:
    """The pairs with the largest ``metric``; of equals, the one with fewer false defects, then the larger area and threshold.

    ``groups`` are selections ``[N]`` of frames (for example one per origin) that weigh the same, however many frames they hold; without,
    all frames are one. Raises ValueError without a frame.
    """
    if not len(counts.true):
        raise ValueError("mask thresholds need frames whose masks are known, found none")
    parts = [counts.of(group) for group in groups] if groups else [counts]
    # Indices count up; a hair per false defect and per index breaks ties and nothing else.
    shape = (len(counts.grid.thresholds), len(counts.grid.areas_px))
    order = np.arange(shape[0])[:, None] + shape[0] * np.arange(shape[1])[None, :]
    false = np.mean([part.false.mean(axis=0) for part in parts], axis=0)
    hair = 1e-9 * (order / order.size)[:, :, None] - 1e-7 * false / (1.0 + false)
    if metric == "pixel":
        best, value = _choose_pixel(parts, hair)
    elif metric == "recall":
        best, value = _choose_recall(counts, false_defects_per_frame, hair)
    else:
        score = np.mean([_separable(part, metric) for part in parts], axis=0)
        best = _argmax(score + hair)
        value = float(np.mean(_at(score, best)))
    grid = counts.grid
    chosen = tuple(MaskChoice(grid.thresholds[t][k], grid.areas_px[a][k]) for k, (t, a) in enumerate(best))
    return MaskChoices(chosen, tuple(best), metric, value)


def _separable(counts: MaskCounts, metric: Metric) -> Table:
    """``kaggle`` or ``balanced``, for each class by itself."""
    dice = counts.dice
    if metric == "kaggle":
        return np.asarray(dice.mean(axis=0), np.float64)
    # The contest's mean over all frames would rather have a rare class never marked at all.
    table = np.empty(dice.shape[1:])
    for k in range(counts.classes):
        holds = counts.true[:, k] > 0
        table[..., k] = np.mean([dice[part, ..., k].mean(axis=0) for part in (holds, ~holds) if part.any()], axis=0)
    return table


def _choose_pixel(parts: Sequence[MaskCounts], hair: Table) -> tuple[list[tuple[int, int]], float]:
    """Largest 2 both / (marked + true) over all classes together: not a sum over classes, but the largest ratio is where no choice has
    2 both - ratio (marked + true) above 0, which is one (Dinkelbach, 1967)."""
    both, marked, true = np.zeros(hair.shape), np.zeros(hair.shape), 0.0
    for part in parts:
        own = part.of(part.defective)
        scale = 1.0 / max(float(own.true.sum()), 1.0) if len(parts) > 1 else 1.0
        both += scale * own.both.sum(axis=0)
        marked += scale * own.marked.sum(axis=0)
        true += scale * float(own.true.sum())
    ratio = 0.0
    for _ in range(50):
        best = _argmax(2 * both - ratio * marked + hair * max(true, 1.0))
        total = float(np.sum(_at(marked, best))) + true
        found = 2 * float(np.sum(_at(both, best))) / total if total else 1.0
        if found <= ratio + 1e-12:
            break
        ratio = found
    return best, ratio


def _choose_recall(counts: MaskCounts, budget: float, hair: Table) -> tuple[list[tuple[int, int]], float]:
    """Most true defects found with at most budget x frames false ones, all classes together: a knapsack with one pick a class, solved
    exactly over the number of false defects."""
    allowed = int(budget * len(counts.true) + 1e-9)
    found, false = counts.found.sum(axis=0), counts.false.sum(axis=0)
    worth = found + hair
    best = np.zeros(allowed + 1)
    picks: list[NDArray[np.int64]] = []
    for k in range(counts.classes):
        value, cost = worth[..., k].ravel(), false[..., k].ravel()
        options = np.full((value.size, allowed + 1), -np.inf)
        for i in np.flatnonzero(cost <= allowed):
            options[i, cost[i] :] = best[: allowed + 1 - cost[i]] + value[i]
        if np.isneginf(options).all():
            raise ValueError(
                f"no threshold and minimum area keeps to {budget:g} false defects per frame; allow more, or offer larger areas"
            )
        picks.append(options.argmax(axis=0))
        best = options.max(axis=0)
    left, chosen = allowed, []
    for k in reversed(range(counts.classes)):
        pick = int(picks[k][left])
        chosen.append(divmod(pick, len(counts.grid.areas_px)))
        left -= int(false[..., k].ravel()[pick])
    chosen.reverse()
    return chosen, float(np.sum(_at(found.astype(np.float64), chosen))) / max(int(counts.defects.sum()), 1)


def _argmax(table: Table) -> list[tuple[int, int]]:
    """Threshold and area with the largest value of each class."""
    flat = table.reshape(-1, table.shape[-1]).argmax(axis=0)
    return [divmod(int(index), table.shape[1]) for index in flat]


def _at(table: Table, best: Sequence[tuple[int, int]]) -> list[float]:
    return [float(table[t, a, k]) for k, (t, a) in enumerate(best)]
