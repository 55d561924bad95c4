"""The check every export has to pass: what torch gives in float32 with the trained weights, the written graphs give too."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch

from engines.errors import EngineError
from engines.export.graph_outputs import ExportedNetworks, GraphOutputs, Grey
from engines.export.graphs import GateGraph, SegmenterGraph
from engines.runtime.agreement import Agreement

SCORE_TOLERANCE = 1e-2
"""Largest difference of a score."""
MASK_AGREEMENT = 0.999
"""Smallest share of pixels with the same bitmask, over all frames."""


class TorchNetworks:
    """Both graphs in torch, float32, as they were before an export touched them."""

    def __init__(self, gate: GateGraph, segmenter: SegmenterGraph) -> None:
        self.gate = copy.deepcopy(gate).float().eval()
        self.segmenter = copy.deepcopy(segmenter).float().eval()

    def outputs(self, frames: Sequence[Grey], thresholds: Sequence[float]) -> GraphOutputs:
        """Outputs for uint8 frames `[H, W]`, one at a time."""
        limits = torch.tensor(list(thresholds), dtype=torch.float32)
        scores, masks, tops = [], [], []
        with torch.inference_mode():
            for frame in frames:
                batch = torch.from_numpy(np.ascontiguousarray(frame))[None]
                scores.append(self.gate(batch).numpy())
                mask, _, top = self.segmenter(batch, limits)
                masks.append(mask.numpy())
                tops.append(top.numpy())
        return GraphOutputs(np.concatenate(scores), np.concatenate(masks), np.concatenate(tops))


def compare_outputs(wanted: GraphOutputs, found: GraphOutputs) -> Agreement:
    """Compare outputs for the same frames; masks over all of them."""
    scores = [np.abs(wanted.scores - found.scores).max(), np.abs(wanted.class_scores - found.class_scores).max()]
    return Agreement(len(wanted.scores), float(np.max(scores)), float((wanted.masks == found.masks).mean()))


def holds(parity: Agreement) -> bool:
    """Whether graphs that differ as much may be exported."""
    return parity.within(SCORE_TOLERANCE, MASK_AGREEMENT)


def require_parity(
    reference: TorchNetworks, networks: ExportedNetworks, frames: Sequence[Grey], thresholds: Sequence[float]
) -> Agreement:
    """Compare on `frames`; `networks` run in float32. Raises EngineError where they differ by more than is allowed."""
    parity = compare_outputs(reference.outputs(frames, thresholds), networks.outputs(frames, thresholds))
    if not holds(parity):
        raise EngineError(
            f"export: the graphs do not answer as torch does: {parity}; allowed are {SCORE_TOLERANCE:g} and {MASK_AGREEMENT:.1%}. "
            "No bundle is written: the weights may not survive half precision (very large ones, or none trained)"
        )
    return parity
