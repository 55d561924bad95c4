"""Detects implausible outputs of engines: scores that are no probabilities, and pixel counts that contradict the scores.

Used where outputs are received: in the line's inference child and in ``engines.runtime.runner``.
"""

from __future__ import annotations

from collections.abc import Sequence

from engines.errors import EngineError

ROUNDING = 0.02
"""Tolerance between a probability and a threshold, because masks are compared by logits in bf16 or fp16."""


def require_probabilities(engine: str, scores: Sequence[float]) -> None:
    """Raise EngineError where a score of ``engine`` is no probability (0..1), also for NaN."""
    for score in scores:
        if not 0.0 <= score <= 1.0:  # also false for NaN
            raise EngineError(
                f"the {engine} gave {score}, which is not a probability; the engine or the device is broken"
            )


def require_agreement(pixels: Sequence[int], scores: Sequence[float], thresholds: Sequence[float]) -> None:
    """Raise EngineError where a class has pixels although its highest probability is below the threshold, or none although it is above.

    All three are per class: pixels set, highest probability over the frame, mask threshold. NaN in a map of probabilities need not
    reach their maximum: OpenVINO's bf16 turns a map that is all NaN into a maximum of 0.
    """
    for count, score, threshold in zip(pixels, scores, thresholds, strict=True):
        if score < threshold - ROUNDING if count else score > threshold + ROUNDING:
            raise EngineError(
                f"the segmenter marks {count} pixels of a class with probability {score:.3g} at most, the threshold being "
                f"{threshold:g}; the engine or the device is broken"
            )
