"""The loop: resumed trainings end as unbroken ones, and a NaN stops it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the training extra")

from engines.training.demo_recipe import Stage  # noqa: E402
from engines.training.loop import schedule, train  # noqa: E402

STAGE = Stage(
    steps=6,
    batch=4,
    learning_rate=0.05,
    warmup_steps=2,
    weight_decay=0.01,
    averaging=0.5,
    real_share=0.5,
    group_shares=(1.0,),
)


def _network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))


def _loss(network: torch.nn.Module, rng: np.random.Generator) -> torch.Tensor:
    return network(torch.from_numpy(rng.random((4, 1, 8, 8), np.float32))).square().mean()


def test_a_resumed_training_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    unbroken = train(_network(), _loss, STAGE, 1, tmp_path / "unbroken.pt", report_every=2)
    steps = 0

    def interrupted(network: torch.nn.Module, rng: np.random.Generator) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps > 3:
            raise KeyboardInterrupt
        return _loss(network, rng)

    with pytest.raises(KeyboardInterrupt):
        train(_network(), interrupted, STAGE, 1, tmp_path / "broken.pt", report_every=2)
    resumed = train(_network(), _loss, STAGE, 1, tmp_path / "broken.pt", report_every=2)
    for expected, found in zip(unbroken.state_dict().values(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_state(tmp_path: Path) -> None:
    calls = 0

    def spoiled(network: torch.nn.Module, rng: np.random.Generator) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return _loss(network, rng) * (float("nan") if calls == 4 else 1.0)

    with pytest.raises(FloatingPointError, match="step 3: the loss is nan"):
        train(_network(), spoiled, STAGE, 1, tmp_path / "nan.pt", report_every=2)
    state = torch.load(tmp_path / "nan.pt", weights_only=True)
    assert state["step"] == 2
    assert all(value.isfinite().all() for value in state["network"].values())


def test_the_schedule_rises_then_falls() -> None:
    shares = [schedule(step, 100, 10) for step in range(101)]
    assert shares[0] == pytest.approx(1 / 11)
    assert max(shares) == shares[10] == pytest.approx(1.0)
    assert shares[55] == pytest.approx(0.505)
    assert shares[100] == pytest.approx(0.01)
