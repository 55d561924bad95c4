"""Golden frames: the few frames a bundle carries with their answers, to prove each runtime that loads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

import numpy as np

from engines.bundle import GoldenSample
from engines.export.graph_outputs import ExportedNetworks, GraphOutputs, Grey

_SCORE_LIMIT = 0.01
_MASK_LIMIT = 0.998
_TRIES = 8
"""Frames looked at for each one wanted."""

Candidate = tuple[str, Callable[[], Grey]]
"""What the frame shows, and its pixels."""


def take_turns(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """One of each label in turn, single labels first: so that a few frames show all there is."""
    labels = sorted({label for label, _ in candidates}, key=lambda label: (len(label), label))
    queues = [[one for one in candidates if one[0] == label] for label in labels]
    for row in zip_longest(*queues):
        yield from (one for one in row if one is not None)


def pick_golden(
    exact: ExportedNetworks,
    fast: ExportedNetworks | None,
    candidates: Sequence[Candidate],
    thresholds: Sequence[float],
    count: int,
) -> list[GoldenSample]:
    """`count` frames with the answers of `exact`; as far as there are any, none on which `fast` is near the tolerance.

    A golden frame tells a broken engine from a sound one, so it must not itself sit on the edge.
    """
    golden: list[GoldenSample] = []
    on_the_edge: list[GoldenSample] = []
    for tried, (_, read) in enumerate(take_turns(candidates)):
        if len(golden) == count or tried == _TRIES * count:
            break
        frame = read()
        wanted = exact.outputs([frame], thresholds)
        sound = fast is None or _near(wanted, fast.outputs([frame], thresholds))
        (golden if sound else on_the_edge).append(_sample(frame, wanted))
    return golden or on_the_edge[:count]


def _near(wanted: GraphOutputs, rounded: GraphOutputs) -> bool:
    off = np.max(
        [np.abs(wanted.scores - rounded.scores).max(), np.abs(wanted.class_scores - rounded.class_scores).max()]
    )
    return bool(off <= _SCORE_LIMIT and (wanted.masks == rounded.masks).mean() >= _MASK_LIMIT)


def _sample(frame: Grey, outputs: GraphOutputs) -> GoldenSample:
    scores = tuple(round(float(score), 5) for score in outputs.class_scores[0])
    return GoldenSample(frame, outputs.masks[0], round(float(outputs.scores[0]), 5), scores)
