"""Networks by name: shapes, cost, and encoders that start from a file."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the training extra")
for extra in ("timm", "segmentation_models_pytorch"):
    if importlib.util.find_spec(extra) is None:
        pytest.skip(f"needs the training extra ({extra})", allow_module_level=True)

from safetensors.torch import save_file  # noqa: E402

from engines.errors import RecipeError  # noqa: E402
from engines.networks.cost import count_cost  # noqa: E402
from engines.networks.encoder_weights import load_network_weights  # noqa: E402
from engines.networks.factory import build_network, start_encoder  # noqa: E402
from engines.networks.spec import NetworkSpec  # noqa: E402


def _spec(architecture: Any, encoder: str = "resnet34", **options: Any) -> NetworkSpec:
    return NetworkSpec(architecture=architecture, encoder=encoder, **options)


@pytest.mark.parametrize("size", [(64, 96), (50, 71)])
@pytest.mark.parametrize(
    ("spec", "channels"),
    [
        (_spec("unet"), 3),
        (_spec("unet", activation="softmax"), 4),
        (_spec("unet", decoder_widths=(64, 32, 16)), 3),
        (_spec("lite0-unet"), 3),
        (_spec("lite0-unet", activation="softmax", stages=3, decoder_widths=(16, 8)), 4),
    ],
)
def test_a_segmenter_answers_for_every_pixel(spec: NetworkSpec, channels: int, size: tuple[int, int]) -> None:
    network = build_network(spec, 3).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 1, *size)).shape == (1, channels, *size)


def test_gates_give_one_logit_a_frame() -> None:
    with torch.no_grad():
        assert build_network(_spec("timm"), 4).eval()(torch.zeros(3, 1, 64, 96)).shape == (3,)
        logits, cells, presence = build_network(_spec("lite0-gate"), 4).eval()(torch.zeros(3, 1, 50, 70))
    assert (logits.shape, cells.shape, presence.shape) == ((3,), (3, 4, 4, 5), (3, 4))


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        (_spec("unet", "resnet3"), "network.encoder: segmentation-models-pytorch has no 'resnet3'"),
        (_spec("timm", "resnet3"), "network.encoder: timm has no model 'resnet3'"),
        (_spec("lite0-unet", decoder_widths=(8,)), "network.decoder_widths"),
    ],
)
def test_an_unknown_network_is_refused_by_key(spec: NetworkSpec, key: str) -> None:
    with pytest.raises(RecipeError, match=key):
        build_network(spec, 4)


def test_the_papers_best_cost_what_is_known_of_them() -> None:
    segmenter = count_cost(build_network(_spec("unet", "efficientnet-b3"), 4), 256, 1600)
    gate = count_cost(build_network(_spec("timm", "resnet50"), 4), 256, 1600)
    assert segmenter.parameters == pytest.approx(13.16e6, rel=0.01)
    assert gate.parameters == pytest.approx(23.5e6, rel=0.01)
    assert (segmenter.gflop, gate.gflop) == (pytest.approx(47.9, rel=0.02), pytest.approx(65.4, rel=0.02))


@pytest.mark.parametrize(("architecture", "first"), [("unet", "conv1.weight"), ("timm", "conv1.weight")])
def test_an_encoder_for_colour_starts_a_grey_one(tmp_path: Path, architecture: str, first: str) -> None:
    import timm

    published = timm.create_model("resnet34", pretrained=False)
    save_file(published.state_dict(), tmp_path / "imagenet.safetensors")
    spec = _spec(architecture)
    network = build_network(spec, 4)
    start_encoder(network, spec, str(tmp_path / "imagenet.safetensors"))
    state, wanted = network.encoder.state_dict(), published.state_dict()
    torch.testing.assert_close(state[first], wanted["conv1.weight"].sum(dim=1, keepdim=True))
    torch.testing.assert_close(state["layer3.1.conv2.weight"], wanted["layer3.1.conv2.weight"])


def test_an_encoder_starts_from_an_earlier_training(tmp_path: Path) -> None:
    spec = _spec("lite0-unet")
    earlier, later = build_network(spec, 4), build_network(spec, 2)
    save_file(earlier.state_dict(), tmp_path / "weights.safetensors")
    start_encoder(later, spec, str(tmp_path / "weights.safetensors"))
    torch.testing.assert_close(later.encoder.state_dict(), earlier.encoder.state_dict())


def test_a_network_starts_from_an_earlier_training_of_other_classes(tmp_path: Path) -> None:
    spec = _spec("lite0-unet")
    earlier, later = build_network(spec, 3), build_network(spec, 2)
    save_file(earlier.state_dict(), tmp_path / "weights.safetensors")
    head = later.head.weight.detach().clone()  # type: ignore[union-attr, operator]
    load_network_weights(later, tmp_path / "weights.safetensors")
    torch.testing.assert_close(later.decoder.state_dict(), earlier.decoder.state_dict())  # type: ignore[union-attr]
    torch.testing.assert_close(later.head.weight, head)  # type: ignore[union-attr]
    for name, complaint in (
        ("none.safetensors", "no such file"),
        ("weights.safetensors", "of the encoder are not in it"),
    ):
        with pytest.raises(RecipeError, match=f"weights: .*{name}: .*{complaint}"):
            load_network_weights(build_network(_spec("timm"), 2), tmp_path / name)


@pytest.mark.parametrize(
    ("start", "complaint"),
    [
        ("none.safetensors", "no such file"),
        ("other.safetensors", "of the encoder are not in it"),
        ("text.safetensors", "not a .safetensors file"),
        ("pickle.pth", "one of torch.save is converted where it comes from"),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_line(tmp_path: Path, start: str, complaint: str) -> None:
    spec = _spec("unet")
    save_file(build_network(_spec("lite0-gate"), 4).state_dict(), tmp_path / "other.safetensors")
    torch.save({}, tmp_path / "pickle.pth")
    (tmp_path / "text.safetensors").write_text("weights", encoding="utf-8")
    with pytest.raises(RecipeError, match=complaint) as refused:
        start_encoder(build_network(spec, 4), spec, str(tmp_path / start))
    assert "\n" not in str(refused.value)
    assert start in str(refused.value)


def test_torchvision_can_be_imported_after_the_guard() -> None:
    code = "import engines.networks.torchvision_guard as guard, torchvision, torch; torch.ops.torchvision.nms; "
    code += "assert guard.declare_missing_operators() == ()"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=50)
