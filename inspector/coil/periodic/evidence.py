"""What a row of defects proves against chance, as a bet that chance cannot win, and what all the rows that were tried may cost.

A row predicts where its next defect lies. If what the next turn of strip holds has no relation to the row, it may as well be shifted by any part of a turn: then
a defect lies in the predicted window with the chance `f`, the share of the turn that is within the window's reach of one of its defects. Betting on
"a mark of a roll, seen with the chance q" multiplies the stake by (q + (1 - q) f) / f after a hit and by 1 - q after a miss, and by 1 where the turn holds nothing. Its
expectation is 1 by chance at each step, whatever came before, so that the stake ever reaches 1 / a with a probability of at most a (Ville 1939, *Etude
critique de la notion de collectif*; Shafer and Vovk 2019, *Game-Theoretic Foundations for Probability and Finance*, chapter 2). That holds at any time
one looks: looking often costs nothing. The stakes for several q are averaged, which is such a stake again.

Each row that is tried gets a share of the false alarms that are allowed (Bonferroni), the s-th one `share(s)`; the shares of infinitely many add up to less than 1, so that nobody
has to know beforehand how many will be tried (alpha spending; Foster and Stine 2008, *J. R. Stat. Soc. B* 70, 429-444).
"""

from __future__ import annotations

import math

import numpy as np

from inspector.coil.periodic.events import Bools, Floats

SEEN = (0.3, 0.6, 0.9)
"""Shares of a roll's marks that are seen, on which is bet."""
_BEGIN = 10.0
"""Of the shares: the first rows tried get nearly the same."""


def won(hit: Bools, chance: Floats) -> Floats:
    """What is added to the logarithms of the stakes [n, 3] after a turn with defects, by whether one was where it was predicted.

    Args:
        hit: bool [n].
        chance: Of a hit by chance, in (0, 1]; an upper bound of it keeps what is promised.
    """
    f, q = chance[:, None], np.array(SEEN)
    gain: Floats = np.where(hit[:, None], np.log((q + (1 - q) * f) / f), np.log1p(-q))
    return gain


def won_at_one(stakes: list[float], hit: bool, chance: float) -> list[float]:
    """The logarithms of one row's stakes after such a turn."""
    if not hit:
        return [stake + math.log1p(-q) for stake, q in zip(stakes, SEEN, strict=True)]
    return [stake + math.log((q + (1 - q) * chance) / chance) for stake, q in zip(stakes, SEEN, strict=True)]


def log_mean(stakes: list[float]) -> float:
    """Logarithm of the mean of one row's stakes."""
    most = max(stakes)
    return most + math.log(sum(math.exp(stake - most) for stake in stakes) / len(stakes))


def log_evidence(stakes: Floats) -> Floats:
    """Logarithm of the mean stake of each row."""
    first, *others = stakes.T
    for column in others:
        first = np.logaddexp(first, column)
    evidence: Floats = first - np.log(len(SEEN))
    return evidence


def log_share(number: Floats) -> Floats:
    """Logarithm of the share of the false alarms for the row that is the `number`-th to be tried, from 0: ln b / ((s + b) ln(s + b)^2), whose sum
    from s = 1 is below the integral of it, 1."""
    s = number + 1.0 + _BEGIN
    share: Floats = np.log(np.log(_BEGIN)) - np.log(s) - 2 * np.log(np.log(s))
    return share
