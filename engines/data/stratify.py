"""Assigns groups of frames to parts so that every part gets its share of each label.

Iterative stratification (K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data", ECML 2011), carried over
from single examples to groups: the rarest label is assigned first, each group to the part that still lacks most of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""``int64 [labels]``: how many frames have each label."""


def deal_groups(
    groups: Mapping[str, Counts], fractions: Mapping[str, float], held: Mapping[str, Counts], seed: int
) -> dict[str, str]:
    """Part of each group. ``held`` is what some parts hold already; the same seed gives the same parts."""
    parts = list(fractions)
    if not groups:
        return {}
    nothing = np.zeros_like(next(iter(groups.values())))
    holding = np.stack([held.get(part, nothing) for part in parts])
    total = sum(groups.values(), holding.sum(axis=0))
    lacking = np.array([fractions[part] for part in parts])[:, None] * total[None, :] - holding
    generator = np.random.default_rng(seed)
    names = sorted(groups)
    shuffled = [names[i] for i in generator.permutation(len(names))]
    waiting = sorted(shuffled, key=lambda group: -int(groups[group].sum()))
    dealt: dict[str, str] = {}
    while waiting:
        left = sum((groups[group] for group in waiting), nothing)
        rarest = int(np.argmin(np.where(left > 0, left, np.iinfo(np.int64).max)))
        for group in waiting:
            if groups[group][rarest] or not left.any():
                chance = generator.random(len(parts))
                best = int(np.lexsort((chance, -lacking.sum(axis=1), -lacking[:, rarest]))[0])
                dealt[group] = parts[best]
                lacking[best] -= groups[group]
        waiting = [group for group in waiting if group not in dealt]
    return dealt
