"""The convolution block that encoder and decoders are built of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import fuse_conv_bn_eval


class ConvBlock(nn.Module):
    """Convolution, batch normalisation and (if `active`) ReLU6, padded as TensorFlow's SAME.

    `[N, in, H, W] -> [N, out, H / stride, W / stride]`. With stride 2 the padding is one less before than after,
    which is what the published weights were trained with; for that H and W must be even. ReLU6 bounds every
    activation, so that nothing overflows in half precision.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, active: bool = True
    ) -> None:
        super().__init__()
        padding = kernel // 2
        before = padding - 1 if stride == 2 else padding
        self.margins = (before, padding, before, padding) if stride == 2 else (0, 0, 0, 0)
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, padding=0 if stride == 2 else padding, groups=groups, bias=False
        )
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        if any(self.margins):
            x = functional.pad(x, self.margins)
        x = self.norm(self._convolve(x))
        return functional.relu6(x) if self.active else x

    def _convolve(self, x: Tensor) -> Tensor:
        conv = self.conv
        heavy = conv.groups > 1 and (conv.stride[0] > 1 or conv.kernel_size[0] > 3)
        if heavy and torch.is_autocast_enabled("cpu"):
            # The backward pass of these depthwise convolutions is 3 to 10 times faster in float32 than in bfloat16.
            with torch.autocast("cpu", enabled=False):
                return functional.conv2d(x.float(), conv.weight, None, conv.stride, conv.padding, 1, conv.groups)
        y: Tensor = conv(x)
        return y

    def fold(self) -> None:
        """Put the batch normalisation into the convolution. For inference only; call in eval mode."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv, self.norm)
            self.norm = nn.Identity()


class InvertedResidual(nn.Module):
    """MobileNetV2's block (Sandler et al., 2018): expand, depthwise, project; added to its input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = ConvBlock(inputs, hidden, 1) if expansion > 1 else nn.Identity()
        self.depthwise = ConvBlock(hidden, hidden, kernel, stride, groups=hidden)
        self.project = ConvBlock(hidden, outputs, 1, active=False)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column of `[N, C, H, W]` until both sides are multiples; nothing where they are."""
    height, width = x.shape[-2:]
    below, right = -height % multiple, -width % multiple
    return functional.pad(x, (0, right, 0, below), mode="replicate") if below or right else x


def crop_to(x: Tensor, height: int, width: int) -> Tensor:
    """The first rows and columns of `[N, C, H, W]`; no operation in an exported graph where nothing is cut."""
    return x if x.shape[-2:] == (height, width) else x[..., :height, :width]


def fold_normalisation(network: nn.Module) -> None:
    """Fold every `ConvBlock` of the network in place; the network must be in eval mode."""
    if network.training:
        raise ValueError("normalisation can only be folded in eval mode; call network.eval() first")
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, ConvBlock):
                module.fold()
