"""The gate: can this sheet hold a defect?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engines.networks.blocks import ConvBlock, pad_to_multiple
from engines.networks.lite0 import Lite0Encoder


class Gate(nn.Module):
    """Encoder, a map of defect logits per cell and class, and one logit per frame.

    `[N, 1, H, W]` -> frame logits `[N]`, cell logits `[N, K, H / s, W / s]` with s the encoder's last stride,
    rounded up.

    A defect covers a small part of a sheet, so averages over the frame hide it and a maximum alone learns from one
    cell at a time. The frame logit is therefore a linear reading of three poolings: average and maximum of the
    features, and the maximum of each class's cell logits. The cell logits are trained on where the defects are
    (dense labels from the masks), which a few hundred frames would otherwise not tell.
    """

    def __init__(self, classes: int, stages: int = 5, width: int = 128, dropout: float = 0.2) -> None:
        super().__init__()
        self.encoder = Lite0Encoder(stages)
        self.neck = ConvBlock(self.encoder.channels[-1], width, 1)
        self.cells = nn.Conv2d(width, classes, 1)
        self.dropout = nn.Dropout(dropout)
        self.frame = nn.Linear(2 * width + classes, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.neck(self.encoder(pad_to_multiple(x, self.encoder.strides[-1]))[-1])
        cells = self.cells(features)
        pooled = torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)
        strongest = cells.amax(dim=(2, 3)).clamp(-20.0, 20.0)
        return self.frame(torch.cat([self.dropout(pooled), strongest], dim=1))[:, 0], cells
