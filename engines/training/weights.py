"""Trained weights as a file: what training writes, and export and further training read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from engines.errors import DataError
from engines.files.text import brief
from engines.files.writing import binary_output
from engines.networks.factory import build_network
from engines.networks.spec import Kind, NetworkSpec

FORMAT = "inspector-weights-3"
_ABOUT = "trained"
"""What a file says about its tensors stands under this key of its metadata."""


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
    """Write the file: the tensors, and what else is known of them as JSON in its header. It holds no pickle, so reading one from elsewhere
    runs nothing. A half-written one never takes its place."""
    about = {entry.name: getattr(trained, entry.name) for entry in fields(Trained) if entry.name != "state"}
    about["network"] = msgspec.to_builtins(trained.network)
    # Each in memory of its own: views of one another cannot be written.
    state = {key: value.detach().cpu().contiguous().clone() for key, value in trained.state.items()}
    with binary_output(path) as file:
        file.write(save(state, {"format": FORMAT, _ABOUT: json.dumps(about)}))


def load_weights(path: Path) -> Trained:
    """Read the file. Raises DataError naming it where it is missing, damaged or not one of ours."""
    hint = "give the weights.safetensors that a training wrote"
    if path.is_dir():
        raise DataError(f"{path}: cannot be read (is a folder); {hint}")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is no mapping
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}); {hint}") from None
    except SafetensorError:
        raise DataError(f"{path}: is not a file of weights; {hint}") from None
    if metadata.get("format") != FORMAT:
        raise DataError(f"{path}: format: found {brief(str(metadata.get('format')))!r}, expected {FORMAT!r}; {hint}")
    try:
        about: Any = json.loads(metadata.get(_ABOUT, ""))  # a metric may be NaN, which only this reads
        return replace(msgspec.convert({**about, "state": {}}, Trained), state=state)
    except (ValueError, TypeError, RecursionError, msgspec.ValidationError) as error:
        raise DataError(f"{path}: {brief(str(error), 200)}; {hint}") from None
