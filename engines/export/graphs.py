"""The whole way from a camera's bytes to an answer, as torch modules: what an ONNX file of a bundle holds.

Everything before and after the networks is in here, so that every runtime gives the same answer and only small
integers come back. The networks see the frame at half resolution.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.networks.gate import Gate
from engines.networks.segmenter import SUBPIXELS, Segmenter

GREY_MIDDLE = 127.0
GREY_SPAN = 128.0
_THRESHOLD_MARGIN = 1e-4


def halve(frames: Tensor) -> Tensor:
    """Grey frames 0..255 `[N, H, W]`, of the dtype to compute in, to network input `[N, 1, H/2, W/2]` about -1..1."""
    scaled = (frames.unsqueeze(1) - GREY_MIDDLE) / GREY_SPAN
    return functional.avg_pool2d(scaled, 2)


class GateGraph(nn.Module):
    """`frames` uint8 [N, H, W] -> `score` float32 [N], the probability that the sheet holds a defect.

    `scale` and `bias` calibrate the logit (Platt, 1999); with 1 and 0 the network's own probability comes out.
    """

    def __init__(self, network: Gate, scale: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.network = network
        self.scale = scale
        self.bias = bias

    def forward(self, frames: Tensor) -> Tensor:
        dtype = next(self.network.parameters()).dtype
        logits, _ = self.network(halve(frames.to(dtype)))
        return torch.sigmoid(logits.float() * self.scale + self.bias)


class SegmenterGraph(nn.Module):
    """`frames` uint8 [N, H, W], `thresholds` float32 [K] -> `mask`, `pixels`, `scores`.

    mask: uint8 [N, H, W], bit k set where class k's probability reaches its threshold; pixels: int32 [N, K], how many;
    scores: float32 [N, K], each class's largest probability in the frame.

    Logits are compared with the thresholds' logits, at half resolution, while the sub-pixels are still channels; one
    fixed 1x1 convolution then puts the class bits together and doubles the size. A sigmoid for every pixel and class,
    or thresholds at full resolution, would cost milliseconds and change no pixel.
    """

    def __init__(self, network: Segmenter) -> None:
        super().__init__()
        if not 1 <= network.classes <= 8:
            raise ValueError(f"classes: found {network.classes}, expected 1..8, one bit of the mask each")
        self.network = network
        self.register_buffer("packing", _packing(network.classes))
        self.packing: Tensor

    def forward(self, frames: Tensor, thresholds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        dtype = next(self.network.parameters()).dtype
        logits = self.network.subpixel_logits(halve(frames.to(dtype)))
        limits = torch.logit(thresholds.clamp(_THRESHOLD_MARGIN, 1.0 - _THRESHOLD_MARGIN)).to(dtype)
        found = (logits >= limits.repeat_interleave(SUBPIXELS).view(1, -1, 1, 1)).to(dtype)
        mask = functional.pixel_shuffle(functional.conv2d(found, self.packing), 4)[:, 0].to(torch.uint8)
        classes = (-1, self.network.classes, SUBPIXELS)
        pixels = found.to(torch.int32).sum(dim=(2, 3), dtype=torch.int32).view(classes).sum(2, dtype=torch.int32) * 4
        scores = torch.sigmoid(logits.amax(dim=(2, 3)).view(classes).amax(dim=2).float())
        return mask, pixels, scores


def _packing(classes: int) -> Tensor:
    """Kernel `[16, 4K, 1, 1]`: from 2x2 half-resolution pixels of each class to 4x4 pixels of the bitmask."""
    kernel = torch.zeros(16, classes, 2, 2)
    for row in range(4):
        for column in range(4):
            for bit in range(classes):
                kernel[4 * row + column, bit, row // 2, column // 2] = 1 << bit
    return kernel.view(16, SUBPIXELS * classes, 1, 1)
