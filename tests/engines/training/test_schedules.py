"""The learning rate, step by step and epoch by epoch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from engines.training.schedules import PlateauWatch, one_cycle


def _optimizer(rate: float) -> Any:
    """What the watch uses of one."""
    return SimpleNamespace(param_groups=[{"lr": rate}])


def _rates(losses: list[float]) -> list[float]:
    watch, optimizer = PlateauWatch(0.5, 3), _optimizer(1.0)
    rates = []
    for loss in losses:
        watch.judge(loss, optimizer)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def test_three_epochs_that_beat_nothing_halve_the_learning_rate() -> None:
    assert _rates([5, 4, 4, 4, 4, 4, 4, 4]) == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_a_better_epoch_starts_the_count_anew() -> None:
    assert _rates([5, 6, 6, 4, 5, 5, 3.9, 5, 5, 5]) == [1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5]


def test_a_new_phase_forgets_the_old_loss() -> None:
    watch, optimizer = PlateauWatch(0.5, 2), _optimizer(1.0)
    watch.judge(0.1, optimizer)
    watch.judge(0.2, optimizer)
    watch.restart()
    watch.judge(0.9, optimizer)
    watch.judge(0.95, optimizer)
    assert optimizer.param_groups[0]["lr"] == 1.0


def test_one_cycle_rises_then_falls() -> None:
    shares = [one_cycle(step, 100, 10) for step in range(101)]
    assert shares[0] == pytest.approx(1 / 11)
    assert max(shares) == shares[10] == pytest.approx(1.0)
    assert shares[55] == pytest.approx(0.505)
    assert shares[100] == pytest.approx(0.01)
