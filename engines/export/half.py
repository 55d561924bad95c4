"""What every way out of torch has in common: half-precision weights in a graph that takes batches of any size."""

from __future__ import annotations

import torch
from torch import nn

from engines.errors import EngineError
from engines.networks.blocks import fold_normalisation

BATCHES = torch.export.Dim("batch", min=1, max=1024)
"""The first dimension of the frames, which stays free."""


def to_half(graph: nn.Module) -> None:
    """Make a graph ready for export, in place: evaluation mode, normalisation folded, half precision. Raises EngineError."""
    graph.eval()
    fold_normalisation(graph)
    graph.half()
    _require_finite(graph)


def _require_finite(graph: nn.Module) -> None:
    for name, weights in graph.state_dict().items():
        if not torch.isfinite(weights).all():
            raise EngineError(
                f"export: {name} holds values that are no number or beyond half precision (65504); train again, "
                "with weight decay or a lower learning rate"
            )
