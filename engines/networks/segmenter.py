"""The segmenter: which pixels, which class. A U-Net (Ronneberger et al., 2015) with a slim decoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.networks.blocks import ConvBlock
from engines.networks.lite0 import Lite0Encoder


class DecoderStage(nn.Module):
    """Double the resolution (nearest), join the encoder's map of that resolution, convolve."""

    def __init__(self, inputs: int, skipped: int, outputs: int) -> None:
        super().__init__()
        self.reduce = ConvBlock(inputs, outputs, 1)
        self.merge = ConvBlock(outputs + skipped, outputs, 3)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = functional.interpolate(self.reduce(x), scale_factor=2.0, mode="nearest")
        y: Tensor = self.merge(torch.cat([x, skip], dim=1))
        return y


class Segmenter(nn.Module):
    """One logit per class and pixel: K one-vs-all decisions.

    `[N, 1, H, W]` -> `[N, K, H, W]`. The decoder stops at stride 2 and its logits are enlarged linearly: defect
    borders are labelled no finer than that, and the finest level would cost more than all others together.
    """

    def __init__(self, classes: int, stages: int = 5, widths: Sequence[int] = (64, 40, 24)) -> None:
        super().__init__()
        self.encoder = Lite0Encoder(stages)
        skips = self.encoder.channels[-2::-1]
        if len(widths) != len(skips):
            raise ValueError(f"widths: found {len(widths)}, expected {len(skips)}, one per decoder stage")
        inputs = [self.encoder.channels[-1], *widths]
        self.decoder = nn.ModuleList(
            DecoderStage(wide, skip, narrow) for wide, skip, narrow in zip(inputs, skips, widths, strict=False)
        )
        self.head = nn.Conv2d(widths[-1], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        *skips, y = self.encoder(x)
        for stage, skip in zip(self.decoder, reversed(skips), strict=True):
            y = stage(y, skip)
        return functional.interpolate(self.head(y), scale_factor=2.0, mode="bilinear", align_corners=False)
