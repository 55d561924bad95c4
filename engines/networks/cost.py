"""What a network costs: parameters and floating-point operations."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Cost:
    """`parameters`: trainable numbers; `gflop`: 10^9 operations of one frame, a multiply-add counted as two."""

    parameters: int
    gflop: float

    def __str__(self) -> str:
        return f"{self.parameters / 1e6:.2f} million parameters, {self.gflop:.1f} GFLOP a frame"


def count_cost(network: nn.Module, height: int, width: int) -> Cost:
    """Count on a frame of `[1, 1, height, width]`; convolutions and matrix products, which is nearly everything.

    Nothing is computed: the network is copied to torch's `meta` device, which only keeps shapes.
    """
    from torch.utils.flop_counter import FlopCounterMode

    shadow = copy.deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        shadow(torch.zeros(1, 1, height, width, device="meta"))
    parameters = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return Cost(parameters, counter.get_total_flops() / 1e9)
