"""The whole way from a camera's bytes to an answer, as torch modules: what an ONNX file of a bundle holds.

Everything before and after the networks is in here, so that every runtime gives the same answer and only small
integers come back. The networks see the frame at full or at half resolution.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.networks.segmenter import SUBPIXELS

GREY_MIDDLE = 127.0
GREY_SPAN = 128.0
_THRESHOLD_MARGIN = 1e-4

Activation = Literal["sigmoid", "softmax"]


def network_input(frames: Tensor, scale: int = 1, multiple: int = 1) -> Tensor:
    """Grey frames 0..255 `[N, H, W]`, of the dtype to compute in, to network input `[N, 1, H / scale, W / scale]` about -1..1.

    Sides that are no multiple of `multiple` frame pixels are continued with their last row and column.
    """
    scaled = (frames.unsqueeze(1) - GREY_MIDDLE) / GREY_SPAN
    below, right = -frames.shape[1] % multiple, -frames.shape[2] % multiple
    if below or right:
        scaled = functional.pad(scaled, (0, right, 0, below), mode="replicate")
    return functional.avg_pool2d(scaled, scale) if scale > 1 else scaled


class GateGraph(nn.Module):
    """`frames` uint8 [N, H, W] -> `score` float32 [N], the probability that the sheet holds a defect."""

    def __init__(self, network: nn.Module, scale: int = 2) -> None:
        super().__init__()
        self.network: Any = network
        self.scale = scale
        self.multiple = scale * network_multiple(network)

    def forward(self, frames: Tensor) -> Tensor:
        dtype = next(self.network.parameters()).dtype
        answer = self.network(network_input(frames.to(dtype), self.scale, self.multiple))
        logits: Tensor = (answer[0] if isinstance(answer, tuple) else answer).float()
        return torch.sigmoid(logits) + logits * 0.0  # a sigmoid may lose a NaN, see `SegmenterGraph`


class SegmenterGraph(nn.Module):
    """`frames` uint8 [N, H, W], `thresholds` float32 [K] -> `mask`, `pixels`, `scores`.

    mask: uint8 [N, H, W], bit k set where class k's probability reaches its threshold; pixels: int32 [N, K], how many;
    scores: float32 [N, K], each class's largest probability in the frame, NaN where any logit is NaN or infinite.

    With `sigmoid` logits are compared with the thresholds' logits: a sigmoid for every pixel and class would cost
    milliseconds and change no pixel. Comparison and count happen at the network's resolution and, for a network with
    `subpixel_logits`, while the sub-pixels are still channels; one fixed 1x1 convolution then puts the class bits together
    and brings the mask to full size.
    """

    def __init__(
        self, network: nn.Module, classes: int | None = None, scale: int = 2, activation: Activation = "sigmoid"
    ) -> None:
        """`classes` is K, by default what the network says of itself. Raises ValueError unless it is 1..8."""
        super().__init__()
        count = classes if classes is not None else getattr(network, "classes", None)
        if not isinstance(count, int) or not 1 <= count <= 8:
            raise ValueError(f"classes: found {count}, expected 1..8, one bit of the mask each")
        self.network: Any = network
        self.classes = count
        self.scale = scale
        self.activation = activation
        self.multiple = scale * network_multiple(network)
        self.register_buffer("packing", _packing(count, 1, 1), persistent=False)
        self.register_buffer("packing_scaled", _packing(count, 1, scale), persistent=False)
        self.register_buffer("packing_subpixels", _packing(count, 2, scale), persistent=False)
        self.packing: Tensor
        self.packing_scaled: Tensor
        self.packing_subpixels: Tensor

    def forward(self, frames: Tensor, thresholds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        dtype = next(self.network.parameters()).dtype
        x = network_input(frames.to(dtype), self.scale, self.multiple)
        height, width = frames.shape[1:]
        subpixels, stretch, packing = 1, self.scale, self.packing_scaled
        if hasattr(self.network, "subpixel_logits") and _divides(2 * self.multiple, height, width):
            subpixels, packing = SUBPIXELS, self.packing_subpixels
            logits = self.network.subpixel_logits(x)
        else:
            logits = self.network(x)
            if not _divides(self.multiple, height, width):  # what was added to the frame must not be counted
                stretch, packing = 1, self.packing
                logits = functional.interpolate(logits, scale_factor=float(self.scale), mode="nearest")
                logits = logits[..., :height, :width]
        values, limits = self._comparable(logits, thresholds, subpixels)
        found = (values >= limits.to(dtype).repeat_interleave(subpixels).view(1, -1, 1, 1)).to(dtype)
        blocks = functional.conv2d(found, packing)
        mask = functional.pixel_shuffle(blocks, 2 * stretch if subpixels > 1 else stretch)[:, 0].to(torch.uint8)
        grouped = (-1, self.classes, subpixels)
        pixels = found.to(torch.int32).sum(dim=(2, 3), dtype=torch.int32).view(grouped).sum(2, dtype=torch.int32)
        return mask, pixels * stretch**2, self._scores(values, grouped)

    def _comparable(self, logits: Tensor, thresholds: Tensor, subpixels: int) -> tuple[Tensor, Tensor]:
        """Values `[N, K x subpixels, h, w]` that grow with the probability, and the limits `[K]` to compare them with."""
        if self.activation == "softmax":  # one channel more, for none of the classes, the last
            each = logits.unflatten(1, (self.classes + 1, subpixels)).softmax(dim=1)  # type: ignore[no-untyped-call]
            return each[:, : self.classes].flatten(1, 2), thresholds
        return logits, torch.logit(thresholds.clamp(_THRESHOLD_MARGIN, 1.0 - _THRESHOLD_MARGIN))

    def _scores(self, values: Tensor, grouped: tuple[int, int, int]) -> Tensor:
        top = values.amax(dim=(2, 3)).view(grouped).amax(dim=2).float()
        # A maximum may lose a NaN (x86's does, and OpenVINO's in bfloat16 makes 0 of nothing but NaN); a sum cannot.
        carried = values.float().sum(dim=(2, 3)).view(grouped).sum(dim=2) * 0.0
        return (top if self.activation == "softmax" else torch.sigmoid(top)) + carried


def network_multiple(network: nn.Module) -> int:
    """What the sides of a network's input must be multiples of; 1 where it takes any."""
    if getattr(network, "requires_divisible_input_shape", False):  # a network of segmentation-models-pytorch
        stride: int = network.encoder.output_stride  # type: ignore[union-attr, assignment, unused-ignore]
        return stride
    return 1


def _divides(number: int, *sides: int) -> bool:
    return all(side % number == 0 for side in sides)


def _packing(classes: int, subpixels: int, scale: int) -> Tensor:
    """Kernel `[B x B, S x S x K, 1, 1]`, B = S x scale: from the S x S sub-pixels of each class to B x B pixels of the bitmask."""
    block = subpixels * scale
    kernel = torch.zeros(block * block, classes, subpixels, subpixels)
    for row in range(block):
        for column in range(block):
            for bit in range(classes):
                kernel[block * row + column, bit, row // scale, column // scale] = 1 << bit
    return kernel.view(block * block, subpixels * subpixels * classes, 1, 1)
