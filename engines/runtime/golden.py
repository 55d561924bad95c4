"""The self-test: runs the golden frames through newly loaded engines, before any frame of the line."""

from __future__ import annotations

import numpy as np

from engines.bundle import MASK_AGREEMENT, SCORE_TOLERANCE, GoldenSample
from engines.errors import DisagreementError
from engines.runtime.agreement import Agreement
from engines.runtime.engine import Engines
from engines.runtime.planes import page_aligned
from engines.runtime.runner import SynchronousRunner


def compare_golden(engines: Engines, samples: list[GoldenSample], timeout_s: float = 60.0) -> Agreement:
    """Run every golden frame through both engines, in batches of every prepared size, from memory that they adopt like a
    line's ring. The mask agreement is that of the worst frame. Raises EngineError when an engine fails or gives no output in time."""
    # The last batch is filled up with the first frames again.
    planned = [samples[i % len(samples)] for i in range(len(samples) + max(engines.batches) - 1)]
    frames = page_aligned(len(planned), *samples[0].frame.shape)
    frames[...] = [sample.frame for sample in planned]
    masks = page_aligned(*frames.shape)
    engines.adopt(frames, masks)
    runner = SynchronousRunner(engines, timeout_s=timeout_s)  # which hands on a NaN too: it is a disagreement
    difference, agreement = 0.0, 1.0
    for size in engines.batches:
        for first in range(0, len(samples), size):
            batch = slice(first, first + size)
            name = f"golden frame {first}" if size == 1 else f"a batch of {size} from golden frame {first} on"
            masks[batch] = 255
            gate = runner.gate(list(frames[batch]), name)
            segmenter = runner.segment(list(frames[batch]), list(masks[batch]), name, seen=True)
            found = np.column_stack([gate.scores, segmenter.scores])
            expected = np.array([[sample.gate_score, *sample.scores] for sample in planned[batch]], np.float32)
            # np.maximum carries a NaN through, max() would lose it.
            difference = float(np.maximum(difference, np.abs(found - expected).max()))
            agreements = [
                (mask == sample.mask).mean() for mask, sample in zip(masks[batch], planned[batch], strict=True)
            ]
            agreement = min(agreement, *map(float, agreements))
    return Agreement(len(samples), difference, agreement)


def require_golden(result: Agreement, device: str) -> None:
    """Raise DisagreementError unless ``result`` is within tolerance."""
    if not result.within(SCORE_TOLERANCE, MASK_AGREEMENT):
        raise DisagreementError(device, result.score_difference, SCORE_TOLERANCE, result.mask_agreement, MASK_AGREEMENT)
