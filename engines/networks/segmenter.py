"""The segmenter: which pixels, which class. A U-Net (Ronneberger et al., 2015) with a slim decoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.networks.blocks import ConvBlock, crop_to, pad_to_multiple
from engines.networks.lite0 import Lite0Encoder

SUBPIXELS = 4


class DecoderStage(nn.Module):
    """Double the resolution (nearest), join the encoder's map of that resolution, convolve depthwise and pointwise."""

    def __init__(self, inputs: int, skipped: int, outputs: int) -> None:
        super().__init__()
        joined = outputs + skipped
        self.reduce = ConvBlock(inputs, outputs, 1)
        self.depthwise = ConvBlock(joined, joined, 3, groups=joined)
        self.project = ConvBlock(joined, outputs, 1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = functional.interpolate(self.reduce(x), scale_factor=2.0, mode="nearest")
        y: Tensor = self.project(self.depthwise(torch.cat([x, skip], dim=1)))
        return y


class Segmenter(nn.Module):
    """One logit per class and pixel: K one-vs-all decisions.

    `[N, 1, H, W]` -> `[N, K, H, W]`. The decoder stops at stride 2, where it gives the logits of 2x2 pixels side by
    side (sub-pixel convolution, Shi et al., 2016): a level at full size would cost more than all others together.
    """

    def __init__(self, classes: int, stages: int = 5, widths: Sequence[int] = (64, 40, 16)) -> None:
        super().__init__()
        self.classes = classes
        self.encoder = Lite0Encoder(stages)
        skips = self.encoder.channels[-2::-1]
        if len(widths) != len(skips):
            raise ValueError(f"widths: found {len(widths)}, expected {len(skips)}, one per decoder stage")
        inputs = [self.encoder.channels[-1], *widths]
        self.decoder = nn.ModuleList(
            DecoderStage(wide, skip, narrow) for wide, skip, narrow in zip(inputs, skips, widths, strict=False)
        )
        self.head = nn.Conv2d(widths[-1], classes * SUBPIXELS, 1)

    def subpixel_logits(self, x: Tensor) -> Tensor:
        """`[N, 4K, H/2, W/2]`, rounded up: channel 4k + 2i + j is class k at row i, column j of each 2x2 pixels."""
        height, width = x.shape[-2:]
        *skips, y = self.encoder(pad_to_multiple(x, self.encoder.strides[-1]))
        for stage, skip in zip(self.decoder, reversed(skips), strict=True):
            y = stage(y, skip)
        logits: Tensor = self.head(y)
        return crop_to(logits, (height + 1) // 2, (width + 1) // 2)

    def forward(self, x: Tensor) -> Tensor:
        return crop_to(functional.pixel_shuffle(self.subpixel_logits(x), 2), x.shape[-2], x.shape[-1])
