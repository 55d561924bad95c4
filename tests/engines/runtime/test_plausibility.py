"""What no sound engine gives is refused."""

from __future__ import annotations

import math

import pytest

from engines.errors import EngineError
from engines.runtime.plausibility import require_agreement, require_probabilities


@pytest.mark.parametrize("score", [math.nan, math.inf, -3.4028235e38, 1.01])
def test_what_is_no_probability_is_refused(score: float) -> None:
    require_probabilities("gate", (0.0, 1.0))
    with pytest.raises(EngineError, match=r"the gate gave .* not a probability"):
        require_probabilities("gate", (0.5, score))


def test_pixels_and_probabilities_of_a_class_agree() -> None:
    require_agreement((0, 7, 0), (0.2, 0.9, 0.0), (0.5, 0.5, 0.9))
    require_agreement((0, 7), (0.51, 0.49), (0.5, 0.5))  # rounded to either side


@pytest.mark.parametrize(("count", "score"), [(6144, 0.0), (1, 0.4), (0, 0.6), (0, 1.0)])
def test_pixels_without_probability_or_probability_without_pixels_are_refused(count: int, score: float) -> None:
    """An all-NaN map comes back from bf16 as (6144, 0.0)."""
    with pytest.raises(EngineError, match="the engine or the device is broken"):
        require_agreement((0, count), (0.1, score), (0.5, 0.5))
