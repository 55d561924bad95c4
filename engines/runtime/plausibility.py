"""What no sound engine gives: scores that are no probabilities, and pixels that contradict the scores.

Whoever takes in an engine's outputs checks them with these: the line's inference child and ``engines.runtime.runner``.
"""

from __future__ import annotations

from collections.abc import Sequence

from engines.errors import EngineError

ROUNDING = 0.02
"""How far a probability and the comparison of its logit with a threshold may be apart, in bf16 or fp16."""


def require_probabilities(engine: str, scores: Sequence[float]) -> None:
    """Refuse scores of ``engine`` that are no probabilities, NaN among them. Raises EngineError."""
    for score in scores:
        if not 0.0 <= score <= 1.0:  # also false for NaN
            raise EngineError(f"the {engine} answered {score}: not a probability; the engine or the device is broken")


def require_agreement(pixels: Sequence[int], scores: Sequence[float], thresholds: Sequence[float]) -> None:
    """Refuse pixels of a class whose highest probability is below its threshold, and none of one above. Raises EngineError.

    All three are per class: pixels set, highest probability over the frame, mask threshold. NaN in a map of probabilities need not
    reach their maximum: OpenVINO's bf16 turns a map that is all NaN into a maximum of 0.
    """
    for count, score, threshold in zip(pixels, scores, thresholds, strict=True):
        if score < threshold - ROUNDING if count else score > threshold + ROUNDING:
            raise EngineError(
                f"the segmenter marks {count} pixels of a class with probability {score:.3g} at most, the threshold being "
                f"{threshold:g}; the engine or the device is broken"
            )
