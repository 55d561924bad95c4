"""Where chains begin: pairs of events whose distance is one, two or three periods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inspector.coil.config import RollConfig, RollMarksConfig
from inspector.coil.periodic.chains import CHAIN, Chains, Window
from inspector.coil.periodic.events import Floats, Ints
from inspector.coil.periodic.evidence import log_share
from inspector.coil.periodic.period import expected_mm
from inspector.coil.periodic.tracking import begun

TURNS = (1, 2, 3)
"""Up to two marks in a row may be missed where a chain begins."""
PREDECESSORS = 48
"""An event is paired with so many events before it in its band, the nearest ones."""
SEEDS_OF_BAND, SEEDS_OF_BLOCK = 600, 10_000
"""In a block of strip a band begins at most so many chains, and all bands together about so many, each the same; of more, a choice without preference."""


class Shares:
    """Hands out shares of the false alarms: half of them to periods that a roll of the configuration would give, where there are rolls."""

    def __init__(self, rolls: tuple[RollConfig, ...]) -> None:
        ranges = [
            (expected * (1 - roll.tolerance_percent / 100), expected * (1 + roll.tolerance_percent / 100))
            for roll in rolls
            for expected in (expected_mm(roll, turns) for turns in range(1, roll.marks + 1))
        ]
        self._ranges = np.array(ranges).reshape(-1, 2)
        self.tried_of_rolls, self.tried = 0, 0

    def of(self, period: Floats) -> Floats:
        """Logarithms of the shares of chains with these periods, in their order."""
        if not len(self._ranges):
            self.tried += len(period)
            return log_share(np.arange(self.tried - len(period), self.tried, dtype=np.float64))
        fits = np.zeros(len(period), bool)
        for low, high in self._ranges:
            fits |= (period >= low) & (period <= high)
        number = np.where(fits, np.cumsum(fits) - 1 + self.tried_of_rolls, np.cumsum(~fits) - 1 + self.tried)
        self.tried_of_rolls += int(fits.sum())
        self.tried += int((~fits).sum())
        share: Floats = log_share(number.astype(np.float64)) - np.log(2)
        return share

    def next_one(self) -> float:
        """Logarithm of the least share that has been given."""
        halved = np.log(2) if len(self._ranges) else 0.0
        return float(log_share(np.array([max(self.tried, self.tried_of_rolls)], np.float64))[0] - halved)


class _Pairs(NamedTuple):
    first: Ints
    second: Ints
    turns: Ints


def seeds(window: Window, since_mm: float, config: RollMarksConfig, shares: Shares) -> Chains:
    """Chains of all pairs whose second event lies from `since_mm` on, in the order of that event."""
    pairs = _thinned(_pairs(window, since_mm, config), window)
    order = np.lexsort((pairs.turns, pairs.first, window.group[pairs.second], window.along[pairs.second]))
    first, second, turns = pairs.first[order], pairs.second[order], pairs.turns[order]
    chains = np.zeros(len(first), CHAIN)
    chains["group"] = window.group[second]
    period = (window.along[second] - window.along[first]) / turns
    for field, value in begun(window.along[second], period, turns.astype(np.float64), config)._asdict().items():
        chains[field] = value
    chains["edge"] = chains["place"] + chains["period"] / 2
    chains["share"] = shares.of(chains["period"])
    chains["best"], chains["hits"], chains["alive"] = -np.inf, 2, True
    chains["last"], chains["previous"] = window.event[second], window.event[first]
    chains["first"], chains["second"], chains["turns"] = window.event[first], window.event[second], turns
    return chains


def _pairs(window: Window, since_mm: float, config: RollMarksConfig) -> _Pairs:
    found: list[_Pairs] = []
    new = np.flatnonzero((window.along >= since_mm) & (window.along < window.settled))
    for back in range(1, PREDECESSORS + 1):
        new = new[new >= back]
        distance = window.along[new] - window.along[new - back]
        keep = (window.group[new] == window.group[new - back]) & (distance <= TURNS[-1] * config.period_to_mm)
        new, distance = new[keep], distance[keep]
        if not len(new):
            break
        for turns in TURNS:
            right = (distance >= turns * config.period_from_mm) & (distance <= turns * config.period_to_mm)
            second = new[right]
            found.append(_Pairs(second - back, second, np.full(len(second), turns, np.int64)))
    if not found:
        nothing = np.zeros(0, np.int64)
        return _Pairs(nothing, nothing, nothing)
    return _Pairs(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _thinned(pairs: _Pairs, window: Window) -> _Pairs:
    """Keeps at most SEEDS_OF_BAND of each group, fewer where there are many groups, chosen by a mixed-up number of the pair (Knuth's multiplicative hashing): the same ones every time."""
    group = window.group[pairs.second]
    if not len(group):
        return pairs
    count = np.bincount(group)
    most = min(SEEDS_OF_BAND, max(1, SEEDS_OF_BLOCK // int(np.count_nonzero(count))))
    if count.max() <= most:
        return pairs
    number = (window.event[pairs.first] * 7919 + window.event[pairs.second]) * 3 + pairs.turns
    mixed = (number * 2654435761) & 0xFFFFFFFF
    order = np.lexsort((mixed, group))
    in_order = group[order]
    begin = np.searchsorted(in_order, in_order)
    chosen = order[np.arange(len(order)) - begin < most]
    return _Pairs(pairs.first[chosen], pairs.second[chosen], pairs.turns[chosen])
