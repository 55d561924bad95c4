"""Figures of the last seconds."""

from __future__ import annotations

from inspector.frames.outcome import Verdict
from inspector.view.live.figures import Rates

SECOND = 10**9


def test_the_rate_of_a_line_that_has_only_begun_is_not_that_of_ten_seconds() -> None:
    rates = Rates()
    assert rates.per_s(100 * SECOND) == 0
    for at in range(100, 130):
        rates.add(at * SECOND + 1, Verdict.PASS, 10 if at == 100 else 40)
        if at > 101:
            assert rates.per_s((at + 1) * SECOND) == 40
    assert rates.per_s(135 * SECOND) == 20
    assert rates.per_s(200 * SECOND) == 0
