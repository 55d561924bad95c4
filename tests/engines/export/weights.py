"""Files of weights that no training had to make: random networks, calm enough that half precision changes no pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from engines.networks.factory import build_network
from engines.networks.spec import NetworkSpec
from engines.training.weights import Trained, save_weights


def settled(network: torch.nn.Module, height: int, width: int) -> Any:
    """The network with normalisation statistics of its own activations, in eval mode."""
    network.train()
    with torch.no_grad():
        for _ in range(4):
            network(torch.rand(2, 1, height, width) * 2 - 1)
    return network.eval()


def trained(
    kind: Any,
    spec: NetworkSpec,
    classes: tuple[str, ...],
    size: tuple[int, int],
    *,
    scale: int = 2,
    data_id: str = "",
    split_id: str = "",
) -> Trained:
    """A network nobody trained."""
    torch.manual_seed(3)
    network = settled(build_network(spec, len(classes)), 64, 64)
    metrics = {"figure": 0.5}
    return Trained(
        kind, spec, scale, classes, *size, "none", data_id, split_id, ("training",), metrics, network.state_dict()
    )


def calm(one: Trained) -> Trained:
    """The segmenter with logits so near to its bias that every frame is answered alike, far from any threshold."""
    head = [name for name in one.state if name.endswith("head.weight") or name.endswith("segmentation_head.0.weight")]
    for name in head:
        one.state[name] = one.state[name] * 1e-3
        bias = name.removesuffix("weight") + "bias"
        one.state[bias] = torch.full_like(one.state[bias], -0.2)
    assert head
    return one


def write(one: Trained, path: Path) -> Path:
    """Save and give the path."""
    save_weights(one, path)
    return path
