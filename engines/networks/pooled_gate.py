"""A classifier of timm as a gate, as in the source paper."""

from __future__ import annotations

from torch import Tensor, nn

import engines.networks.torchvision_guard  # noqa: F401
from engines.errors import RecipeError


class PooledGate(nn.Module):
    """`[N, 1, H, W]` -> logits `[N]`: the encoder's last features, averaged over the frame, and one linear layer.

    Raises RecipeError for a name that timm does not know, or a model without feature maps.
    """

    def __init__(self, encoder: str, dropout: float = 0.0) -> None:
        super().__init__()
        import timm

        if not timm.is_model(encoder):
            near = ", ".join(timm.list_models(f"*{encoder[:8]}*")[:4]) or "resnet34, resnet50"
            raise RecipeError(f"network.encoder: timm has no model {encoder!r}; expected one such as {near}")
        self.encoder = timm.create_model(encoder, pretrained=False, in_chans=1, num_classes=0, global_pool="")
        self.dropout = nn.Dropout(dropout)
        self.frame = nn.Linear(int(self.encoder.num_features), 1)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        features = self.encoder(x)
        if features.ndim != 4:
            raise RecipeError("network.encoder: gives no feature maps; expected a convolutional model, e.g. resnet50")
        logits: Tensor = self.frame(self.dropout(features.mean(dim=(2, 3))))[:, 0]
        return logits
