"""What training starts from: published ImageNet weights, or the weights of an earlier training."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from engines.errors import RecipeError
from engines.networks.spec import NetworkSpec

State = dict[str, Tensor]
_PREFIXES = ("module.", "network.", "encoder.")


def load_encoder_weights(encoder: nn.Module, source: Path | State, name: str) -> None:
    """Load weights into `encoder`, whose input is one grey channel.

    The weights of a first convolution for colour are summed over its channels: a grey frame is the same image in each. Weights
    of a head the encoder does not have are left out; a file of `engines.training.weights` gives its encoder. Raises
    RecipeError, naming `name`, where the weights are not those of this encoder.
    """
    offered = _strip(_read(source, name) if isinstance(source, Path) else source)
    wanted = encoder.state_dict()
    state: State = {}
    missing = []
    for key, mine in wanted.items():
        value = offered.get(key)
        if value is not None and value.ndim == 4 and mine.shape[1] == 1 and value.shape[1] == 3:
            value = value.sum(dim=1, keepdim=True)
        if value is not None and value.shape == mine.shape:
            state[key] = value
        elif key.endswith("num_batches_tracked"):
            state[key] = mine
        else:
            missing.append(key)
    if missing:
        raise RecipeError(
            f"encoder_weights: {name}: {len(missing)} of {len(wanted)} weights of the encoder are not in it or of another "
            f"shape, {missing[0]} to begin with; expected the weights of the encoder that network: names"
        )
    encoder.load_state_dict(state)


def load_network_weights(network: nn.Module, source: Path) -> None:
    """Load what an earlier training's weights.safetensors has for `network`: every layer of the same name and shape.

    Others, such as those that answer for other classes, stay as they are. Raises RecipeError, naming the file, where not even
    the encoder fits.
    """
    offered = _read(source, str(source), "weights")
    wanted = network.state_dict()
    state = {key: offered[key] for key, mine in wanted.items() if key in offered and offered[key].shape == mine.shape}
    absent = [key for key in wanted if key.startswith("encoder.") and key not in state]
    if absent:
        raise RecipeError(
            f"weights: {source}: {len(absent)} weights of the encoder are not in it or of another shape, {absent[0]} to begin with; "
            "expected an earlier training of the network that network: names"
        )
    network.load_state_dict(wanted | state)


def published_encoder(spec: NetworkSpec) -> State:
    """Fetch the published ImageNet weights of the encoder. Raises RecipeError if they cannot be had."""
    try:
        if spec.architecture == "timm":
            import timm

            return dict(timm.create_model(spec.encoder, pretrained=True).state_dict())
        if spec.architecture == "unet":
            import segmentation_models_pytorch as smp

            return dict(smp.encoders.get_encoder(spec.encoder, weights="imagenet").state_dict())
    except Exception as error:  # a client of a model hub raises whatever its transport raises
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise RecipeError(
            f"encoder_weights: the weights of {spec.encoder} cannot be fetched ({reason}); give a local file, or null"
        ) from None
    raise RecipeError("encoder_weights: there is nothing to download for lite0 networks; write `package`")


def _read(path: Path, name: str, key: str = "encoder_weights") -> State:
    """The tensors of a .safetensors file. What torch.save writes is a pickle, and reading one from elsewhere may run anything."""
    if not path.is_file():
        raise RecipeError(f"{key}: {name}: no such file; give a local file, or null")
    try:
        return dict(load_file(path))
    except OSError as error:
        raise RecipeError(f"{key}: {name}: cannot be read ({error.strerror or error}); give another file") from None
    except SafetensorError as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:80]
        raise RecipeError(
            f"{key}: {name}: not a .safetensors file ({reason}); one of torch.save is converted where it comes from: "
            "safetensors.torch.save_file(torch.load(FILE, weights_only=True), NEW)"
        ) from None


def _strip(offered: State) -> State:
    """Without the prefixes a wrapper puts before every name, and without other parts of a whole network."""
    for prefix in _PREFIXES:
        if any(key.startswith(prefix) for key in offered):
            offered = {key.removeprefix(prefix): value for key, value in offered.items() if key.startswith(prefix)}
    return offered
