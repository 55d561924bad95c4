"""How the learning rate goes. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.optim import Optimizer


def one_cycle(step: int, steps: int, warmup: int) -> float:
    """Share of the peak learning rate: a linear rise, then half a cosine down to 1 %."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))


@dataclass
class PlateauWatch:
    """Multiplies the learning rate by `factor` after `epochs` in a row that did not beat the best loss."""

    factor: float
    epochs: int
    best: float = math.inf
    waited: int = 0

    def restart(self) -> None:
        """Forget the best loss: what follows is another one."""
        self.best, self.waited = math.inf, 0

    def judge(self, loss: float, optimizer: Optimizer) -> None:
        """Take note of an epoch's loss."""
        if loss < self.best:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited >= self.epochs:
            self.waited = 0
            for group in optimizer.param_groups:
                group["lr"] *= self.factor
