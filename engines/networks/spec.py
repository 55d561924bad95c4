"""Which network: the part of a recipe that a file of weights carries along. Needs no torch."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Kind = Literal["gate", "segmenter"]


class NetworkSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network and its options. Options that an architecture does not have are left at their defaults."""

    architecture: Literal["unet", "timm", "lite0-unet", "lite0-gate"]
    """unet: a U-Net of segmentation-models-pytorch. timm: a classifier of timm as a gate, its fully connected part
    replaced by global average pooling and one logit. lite0-unet, lite0-gate: this project's own small networks on
    EfficientNet-Lite0."""
    encoder: str = "resnet34"
    """unet: any encoder of segmentation-models-pytorch, tu-NAME for one of timm. timm: any convolutional model.
    The lite0 networks have their own."""
    activation: Literal["sigmoid", "softmax"] = "sigmoid"
    """Of a segmenter. sigmoid: one decision per class, K channels. softmax: one decision among the classes and
    "none of them", K + 1 channels, the last for none."""
    decoder_widths: tuple[Annotated[int, Meta(ge=1)], ...] | None = None
    """Channels of the decoder's stages, coarse to fine. Null: 256, 128, 64, 32, 16 (unet); 64, 40, 16 (lite0-unet)."""
    stages: Annotated[int, Meta(ge=2, le=7)] = 5
    """lite0: stages of the encoder; 5 go down to stride 16, 7 to stride 32."""
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    """Of a gate's pooled features."""

    @property
    def kind(self) -> Kind:
        """What the network is for."""
        return "segmenter" if self.architecture in ("unet", "lite0-unet") else "gate"

    @property
    def title(self) -> str:
        """For tables: `unet/resnet34`, `lite0-gate`."""
        return self.architecture if self.architecture.startswith("lite0") else f"{self.architecture}/{self.encoder}"

    def channels(self, classes: int) -> int:
        """Channels of a segmenter's logits for `classes` classes."""
        return classes + (self.activation == "softmax")
