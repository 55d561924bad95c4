"""The gate: can this sheet hold a defect?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engines.networks.blocks import ConvBlock, pad_to_multiple
from engines.networks.lite0 import Lite0Encoder


class SoftMaximum(nn.Module):
    """Pools maps `[N, K, h, w]` to `[N, K]`: log-mean-exp with a learned sharpness for each channel.

    Between the mean (sharpness 0) and the maximum (infinite): a maximum learns from one cell at a time, a mean loses
    a small defect on a large sheet (Pinheiro and Collobert, 2015).
    """

    def __init__(self, channels: int, sharpness: float = 2.0) -> None:
        super().__init__()
        self.log_sharpness = nn.Parameter(torch.full((channels,), sharpness).log())

    def forward(self, x: Tensor) -> Tensor:
        sharpness = self.log_sharpness.exp()
        flat = x.flatten(2)
        top = flat.amax(dim=2)
        mean = ((flat - top.unsqueeze(2)) * sharpness.view(1, -1, 1)).exp().mean(dim=2)
        return top + mean.clamp(min=1e-4).log() / sharpness


LEAST_AREA = 1e-3
"""Added to the share of a frame's cells before its logarithm is taken, as that share may be 0."""


class Gate(nn.Module):
    """Encoder, a map of defect logits per cell and class, and of the frame one logit and one per class.

    `[N, 1, H, W]` -> frame logits `[N]`, cell logits `[N, K, H / s, W / s]` with s the encoder's last stride,
    rounded up, and presence logits `[N, K]`.

    A defect covers a small part of a sheet, so averages over the frame hide it, and a maximum alone learns from one
    cell at a time. A linear layer therefore computes the frame's logits from four poolings: average and maximum of the
    features, and for each class a soft maximum of its cells and their area on a logarithmic scale. The cell logits are
    trained on where the defects are (labels for each cell, from the masks), the presence logits on which classes a frame
    shows: a few hundred labels of whole frames alone would not teach that.
    """

    def __init__(self, classes: int, stages: int = 5, width: int = 128, dropout: float = 0.2) -> None:
        super().__init__()
        self.encoder = Lite0Encoder(stages)
        self.neck = ConvBlock(self.encoder.channels[-1], width, 1)
        self.cells = nn.Conv2d(width, classes, 1)
        self.strongest = SoftMaximum(classes)
        self.dropout = nn.Dropout(dropout)
        self.frame = nn.Linear(2 * width + 2 * classes, 1 + classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.neck(self.encoder(pad_to_multiple(x, self.encoder.strides[-1]))[-1])
        cells = self.cells(features)
        pooled = torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)
        strongest = self.strongest(cells.clamp(-20.0, 20.0))
        area = (cells.float().sigmoid().mean(dim=(2, 3)) + LEAST_AREA).log().to(cells.dtype)
        logits = self.frame(torch.cat([self.dropout(pooled), strongest, area], dim=1))
        return logits[:, 0], cells, logits[:, 1:]
