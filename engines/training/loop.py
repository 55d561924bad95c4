"""The training loop: mixed precision, one-cycle cosine schedule, averaged weights, checkpoints to resume from."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engines.training.demo_recipe import Stage

StepLoss = Callable[[nn.Module, np.random.Generator], Tensor]
"""Draws a batch with the generator, runs the network on it and gives the loss."""

Parts = dict[str, nn.Module | AdamW | LambdaLR]
"""What a checkpoint holds, besides the step."""


def schedule(step: int, steps: int, warmup: int) -> float:
    """Share of the peak learning rate: a linear rise, then half a cosine down to 1 %."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = (step - warmup) / max(1, steps - warmup)
    return float(0.01 + 0.99 * 0.5 * (1.0 + np.cos(np.pi * min(1.0, progress))))


def train(
    network: nn.Module, step_loss: StepLoss, stage: Stage, seed: int, checkpoint: Path, report_every: int = 50
) -> nn.Module:
    """Train `network` in place and return the average of its weights, in eval mode.

    Batch i depends on the seed and i alone, so that a run resumed from `checkpoint` (if that file is there) goes on
    as if it had never stopped. Raises FloatingPointError on a loss that is not finite, leaving the last checkpoint.
    """
    torch.manual_seed(seed)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.train()
    optimizer = AdamW(network.parameters(), lr=stage.learning_rate, weight_decay=stage.weight_decay)
    scheduler = LambdaLR(optimizer, lambda step: schedule(step, stage.steps, stage.warmup_steps))
    moving = get_ema_multi_avg_fn(stage.averaging)  # type: ignore[no-untyped-call]
    average = AveragedModel(network, multi_avg_fn=moving, use_buffers=True)
    parts: Parts = {"network": network, "optimizer": optimizer, "scheduler": scheduler, "average": average}
    first = _resume(parts, checkpoint)
    started, losses = time.monotonic(), []
    for step in range(first, stage.steps):
        torch.manual_seed(seed * 1_000_003 + step)
        loss = step_loss(network, np.random.default_rng([seed, step]))
        if not torch.isfinite(loss):
            raise FloatingPointError(f"step {step}: the loss is {loss.item()}; {checkpoint} holds the last good state")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        scheduler.step()
        average.update_parameters(network)
        losses.append(loss.item())
        if (step + 1) % report_every == 0 or step + 1 == stage.steps:
            pace = (time.monotonic() - started) / (step + 1 - first)
            left = pace * (stage.steps - step - 1) / 60
            print(
                f"{checkpoint.stem} {step + 1}/{stage.steps} loss {np.mean(losses[-report_every:]):.4f} "
                f"{pace:.2f} s/step {left:.0f} min left",
                flush=True,
            )
            _save(parts, step + 1, checkpoint)
    trained: nn.Module = average.module
    return trained.eval()


def _save(parts: Parts, step: int, path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save({"step": step, **{name: part.state_dict() for name, part in parts.items()}}, partial)
    partial.replace(path)


def _resume(parts: Parts, path: Path) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])
