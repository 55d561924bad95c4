"""Rows that are tried: each predicts its next defect from those before, all of them at once in arrays. They begin in `seeds.py`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inspector.coil.config import RollMarksConfig
from inspector.coil.periodic.events import Bools, Floats, Ints
from inspector.coil.periodic.evidence import SEEN, log_evidence, won
from inspector.coil.periodic.inspected import APART, Inspected
from inspector.coil.periodic.tracking import WIDEST, Belief, predicted, reach_of, updated

HOPELESS = -4.0
"""Chains whose evidence (logarithm) fell below this are given up."""
CHAIN = np.dtype(
    [
        ("group", np.int64),
        ("place", np.float64),  # of the last mark, as filtered
        ("period", np.float64),
        ("var_place", np.float64),
        ("covariance", np.float64),
        ("var_period", np.float64),
        ("edge", np.float64),  # up to where turns were looked at
        ("stakes", np.float64, (len(SEEN),)),
        ("evidence", np.float64),  # logarithm of their mean
        ("share", np.float64),  # logarithm of its share of the false alarms
        ("best", np.float64),  # the most that stakes and share ever came to
        ("hits", np.int64),
        ("last", np.int64),  # ids of its last events and of its first ones
        ("previous", np.int64),
        ("first", np.int64),
        ("second", np.int64),
        ("turns", np.int64),  # between its first two
        ("alive", np.bool_),
    ]
)
Chains = NDArray[np.void]


class Window(NamedTuple):
    """The events near the end of the strip that are in no row yet, in the order of groups (class, face, band) and along the strip."""

    group: Ints
    along: Floats
    event: Ints
    """Its id: an event lies in two bands."""
    key: Floats
    """group * APART + along."""
    lane: Ints
    """Of each group: where it was inspected."""
    settled: float
    """Up to here all defects are known, mm."""


def advance(chains: Chains, window: Window, inspected: Inspected, config: RollMarksConfig) -> None:
    """Has each chain look at its next turn that holds an event. Only for those that are `ready`."""
    c = chains
    at = np.searchsorted(window.key, c["group"] * APART + c["edge"])
    at = np.minimum(at, len(window.key) - 1)
    period, k = c["period"], _turns_to(c, window.along[at])
    believed = Belief(c["place"], period, c["var_place"], c["covariance"], c["var_period"])
    ahead = predicted(believed, k, config)
    expected, reach = ahead.place, reach_of(ahead, config)
    # As `_turns_to` computes it, to the last digit: a turn that ends at the edge is behind it.
    low, high = expected - period / 2, c["place"] + (k + 0.5) * period

    base = c["group"] * APART
    lane = window.lane[c["group"]]
    seen = inspected.before(lane, np.maximum(high, low)) - inspected.before(lane, low)
    whole = inspected.before(lane, expected + reach) - inspected.before(lane, expected - reach) >= 1.99 * reach
    unseen_turns = (inspected.before(lane, expected) - inspected.before(lane, c["place"])) / period
    lost = (reach > WIDEST * period) | (unseen_turns > config.missed_in_row + 1)

    there = np.searchsorted(window.key, base + high) - np.searchsorted(window.key, base + low)
    nearest = _nearest(window, c["group"], expected)
    off = window.along[nearest] - expected
    hit = (np.abs(off) <= reach) & (window.group[nearest] == c["group"]) & ~lost
    chance = np.clip(there * 2 * reach / np.maximum(seen, 1e-6), 1e-9, 1.0)
    counts = whole & (there > 0) & ~lost
    c["stakes"] += np.where(counts[:, None], won(hit, chance), 0.0)
    c["evidence"] = log_evidence(c["stakes"])
    c["hits"] += hit
    c["best"] = np.where(hit, np.maximum(c["best"], c["evidence"] + c["share"]), c["best"])
    for field, known, corrected in zip(Belief._fields, believed, updated(ahead, off, config), strict=True):
        c[field] = np.where(hit, corrected, known)
    c["previous"] = np.where(hit, c["last"], c["previous"])
    c["last"] = np.where(hit, window.event[nearest], c["last"])
    c["edge"] = np.where(hit, c["place"] + c["period"] / 2, high)
    c["alive"] = ~lost & (c["evidence"] > HOPELESS)


def _turns_to(chains: Chains, along: Floats) -> Floats:
    """From the last mark of each chain to the turn that holds a place at or behind its edge. Its turn begins there at the earliest, whatever rounding says."""
    turns = np.maximum(1.0, np.floor((along - chains["place"]) / chains["period"] + 0.5))
    again = chains["place"] + (turns + 0.5) * chains["period"] <= chains["edge"]
    further: Floats = turns + again
    return further


def ready(chains: Chains, window: Window) -> Bools:
    """Which chains have a whole turn with an event before the window's end."""
    if not len(window.key) or not len(chains):
        return np.zeros(len(chains), bool)
    at = np.searchsorted(window.key, chains["group"] * APART + chains["edge"])
    inside = at < len(window.key)
    at = np.minimum(at, len(window.key) - 1)
    k = _turns_to(chains, window.along[at])
    end = chains["place"] + (k + 0.5) * chains["period"]
    found: Bools = chains["alive"] & inside & (window.group[at] == chains["group"]) & (end <= window.settled)
    return found


def proven(chains: Chains, config: RollMarksConfig) -> Bools:
    """Which chains are rows of marks by more than chance is allowed."""
    found: Bools = (chains["best"] >= -np.log(config.false_alarms_per_coil)) & (chains["hits"] >= config.least_marks)
    return found


def lasting(chains: Chains, window: Window, inspected: Inspected, config: RollMarksConfig) -> Bools:
    """Which chains may go on beyond the window's end: not those in whose band there was nothing for too long."""
    silent = np.minimum(window.settled, window.along.max(initial=0.0) + config.period_to_mm) - chains["place"]
    turns = np.maximum(silent, 0.0) / chains["period"]
    lane = window.lane[chains["group"]]
    missed = inspected.before(lane, chains["place"] + silent) - inspected.before(lane, chains["place"])
    reach = reach_of(predicted(Belief(*(chains[field] for field in Belief._fields)), turns, config), config)
    keep = (missed <= (config.missed_in_row + 1) * chains["period"]) & (reach <= WIDEST * chains["period"])
    lasts: Bools = keep & chains["alive"]
    return lasts


def _nearest(window: Window, group: Ints, place: Floats) -> Ints:
    """Index of the event of the group that is nearest to a place (of any group where the group has none there)."""
    after = np.minimum(np.searchsorted(window.key, group * APART + place), len(window.key) - 1)
    before = np.maximum(after - 1, 0)
    wrong = window.group[after] != group
    nearer = (window.group[before] == group) & (
        wrong | (np.abs(window.along[before] - place) < np.abs(window.along[after] - place))
    )
    return np.where(nearer, before, after)


def best_of_each(chains: Chains) -> Chains:
    """Of chains that go on from the same event with the same period, the one with the most evidence."""
    if len(chains) < 2:
        return chains
    score = chains["evidence"] + chains["share"]
    order = np.lexsort((-score, chains["period"], chains["last"], chains["group"]))
    chains = chains[order]
    return _merged(_merged(chains))


def _merged(chains: Chains) -> Chains:
    """Drops the weaker one of neighbours that are the same."""
    if len(chains) < 2:
        return chains
    a, b = chains[:-1], chains[1:]
    near = np.abs(a["period"] - b["period"]) <= 1.5 * np.sqrt(np.minimum(a["var_period"], b["var_period"]))
    same = (a["group"] == b["group"]) & (a["last"] == b["last"]) & near
    score = chains["evidence"] + chains["share"]
    drop = np.zeros(len(chains), bool)
    drop[1:] |= same & (score[:-1] >= score[1:])
    drop[:-1] |= same & (score[1:] > score[:-1])
    return chains[~drop]
