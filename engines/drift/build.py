"""Makes a reference of many frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engines.drift.look import Look
from engines.drift.reference import Distribution, Profile, Reference

Floats = NDArray[np.float64]
LEAST_FRAMES = 40
"""Fewer frames make no reference: chance alone would move their figures as far as a fault does."""
MOST_QUANTILE_BINS = 10
FRAMES_PER_BIN = 20
FEWEST_BINS = 4
NEAREST_SCORES = 0.01
"""Gate scores nearer than this are one: runtimes and precisions differ by as much."""
NEAREST_SHARE = 0.002
"""The same for the other figures, as a share of the value."""


class ReferenceBuilder:
    """Collects frames; ``reference`` makes what the operating point keeps of them."""

    def __init__(self) -> None:
        self._figures: list[tuple[float, float, float, float]] = []
        self._tiles: list[Floats] = []
        """Relative to the frame's brightness, NaN beyond the sheet; ``[bands, groups]`` each."""

    def __len__(self) -> int:
        return len(self._figures)

    def add(self, seen: Look, gate_score: float) -> None:
        """Add a frame."""
        tiles = np.full(seen.tiles.shape, np.nan)
        tiles[:, seen.first : seen.stop] = seen.tiles[:, seen.first : seen.stop] / seen.brightness
        self._figures.append((gate_score, seen.brightness, seen.contrast, seen.sharpness))
        self._tiles.append(tiles)

    def reference(self, gate_threshold: float, weights: Sequence[float] | None = None) -> Reference | None:
        """The reference of the frames, in the order they were added ``weights`` times; None where they are fewer than `LEAST_FRAMES`, or tell no
        more than fewer of equal weight would."""
        if len(self) < LEAST_FRAMES:
            return None
        share = np.ones(len(self)) if weights is None else np.asarray(weights, np.float64)
        share = share / share.sum()
        equal = float(1 / np.sum(share * share))  # Kish's effective sample size
        if equal < LEAST_FRAMES * (1 - 1e-9):
            return None
        scores, brightness, contrast, sharpness = np.array(self._figures, np.float64).T
        bins = int(np.clip(equal // FRAMES_PER_BIN, FEWEST_BINS, MOST_QUANTILE_BINS))
        return Reference(
            frames=len(self),
            equal_frames=_rounded(equal),
            # Whether a share passes the gate is told even where all scores lie near 0.
            gate_score=_distribution(scores, share, _apart(_quantiles(scores, share, bins), gate_threshold)),
            brightness=_distribution(brightness, share, _relative(_quantiles(brightness, share, bins))),
            contrast=_distribution(contrast, share, _relative(_quantiles(contrast, share, bins))),
            sharpness=_distribution(sharpness, share, _relative(_quantiles(sharpness, share, bins))),
            profile=_profile(np.stack(self._tiles), share),
        )


def _quantiles(values: Floats, share: Floats, bins: int) -> list[float]:
    """Values that part the frames into bins of equal weight."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(share[order]) - share[order] / 2
    return [float(one) for one in np.interp(np.arange(1, bins) / bins, below, values[order])]


def _apart(edges: Iterable[float], gate_threshold: float) -> list[float]:
    kept = [_rounded(gate_threshold)]
    for edge in edges:
        if all(abs(edge - other) >= NEAREST_SCORES for other in (*kept, 0.0)):
            kept.append(_rounded(edge))
    return sorted(kept)


def _relative(edges: Iterable[float]) -> list[float]:
    kept: list[float] = []
    for edge in edges:
        if not kept or edge - kept[-1] > NEAREST_SHARE * abs(edge):
            kept.append(_rounded(edge))
    return kept


def _distribution(values: Floats, share: Floats, edges: list[float]) -> Distribution:
    mean = float(share @ values)
    counted = np.bincount(np.searchsorted(edges, values, side="right"), share, minlength=len(edges) + 1)
    return Distribution(
        mean=_rounded(mean),
        spread=_rounded(float(np.sqrt(share @ (values - mean) ** 2))),
        edges=tuple(edges),
        shares=tuple(_rounded(one) for one in counted),
    )


def _profile(tiles: Floats, share: Floats) -> Profile:
    """``tiles``: float64 ``[N, bands, groups]``, NaN where a group does not lie on the sheet."""
    there = np.isfinite(tiles)
    weights = share[:, None, None] * there
    total = weights.sum(axis=0)
    safe, known = np.maximum(total, 1e-12), np.where(there, tiles, 0.0)
    mean = (weights * known).sum(axis=0) / safe
    spread = np.sqrt((weights * (known - mean) ** 2).sum(axis=0) / safe)
    return Profile(mean=_rows(mean), spread=_rows(spread), frames=_rows(total[:1])[0])


def _rows(values: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(_rounded(one, 4) for one in row) for row in values)


def _rounded(value: float, digits: int = 6) -> float:
    return float(f"{value:.{digits}g}")
