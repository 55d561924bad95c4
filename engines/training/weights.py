"""Trained weights as a file: what training writes, and export and further training read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from engines.errors import DataError
from engines.files.writing import binary_output
from engines.networks.factory import build_network
from engines.networks.spec import Kind, NetworkSpec

FORMAT = "inspector-weights-2"


@dataclass(frozen=True)
class Trained:
    """A trained network and where it comes from."""

    kind: Kind
    network: NetworkSpec
    scale: int
    """1: the network sees frames at full resolution; 2: at half, reduced in the exported graph."""
    classes: tuple[str, ...]
    height: int
    """Rows of a frame, at full resolution."""
    width: int
    recipe: str
    """Name of the recipe."""
    data_id: str
    split_id: str
    trained_on: tuple[str, ...]
    """Parts of the split that it was trained on."""
    metrics: dict[str, float]
    """On the part held out for validation, by name."""
    state: dict[str, Tensor] = field(repr=False)

    def build(self) -> nn.Module:
        """The network with these weights, in eval mode. Raises DataError where this version builds it otherwise."""
        network = build_network(self.network, len(self.classes))
        try:
            network.load_state_dict(self.state)
        except RuntimeError:
            raise DataError(
                f"weights of a {self.network.title} {self.kind} (recipe {self.recipe}): are those of another version of the network; "
                "train it again with this one"
            ) from None
        return network.eval()


def save_weights(trained: Trained, path: Path) -> None:
    """Write the file, which holds plain types and tensors only; a half-written one never takes its place."""
    content = {"format": FORMAT, **asdict(trained), "network": msgspec.to_builtins(trained.network)}
    content["classes"], content["trained_on"] = list(trained.classes), list(trained.trained_on)
    content["state"] = {key: value.detach().cpu() for key, value in trained.state.items()}
    with binary_output(path) as file:
        torch.save(content, file)


def load_weights(path: Path) -> Trained:
    """Read the file. Raises DataError naming it where it is missing, damaged or not one of ours."""
    hint = "give the weights.pt that a training wrote"
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or 'damaged'}); {hint}") from None
    except Exception:  # torch fails on foreign files in a dozen ways
        raise DataError(f"{path}: is not a file of weights; {hint}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise DataError(f"{path}: format: found {found!r}, expected {FORMAT!r}; {hint}")
    try:
        values = {entry.name: content[entry.name] for entry in fields(Trained)}
        values["network"] = msgspec.convert(values["network"], NetworkSpec)
        values["classes"], values["trained_on"] = tuple(values["classes"]), tuple(values["trained_on"])
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise DataError(f"{path}: {error}; {hint}") from None
    return Trained(**values)
