"""A few steps of the real recipe's two trainings on tiny sheets."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the training extra")

from engines.networks.blocks import fold_normalisation  # noqa: E402
from engines.networks.lite0 import Lite0Encoder  # noqa: E402
from engines.training.demo_recipe import Recipe, read_recipe  # noqa: E402
from engines.training.networks import train_gate, train_segmenter  # noqa: E402
from engines.training.samples import Sample  # noqa: E402


def _recipe() -> Recipe:
    recipe = read_recipe(Path(__file__).parents[3] / "configs" / "training" / "demo.yaml")
    short = {
        name: msgspec.structs.replace(stage, steps=2, batch=2, warmup_steps=1)
        for name, stage in (("gate", recipe.gate), ("segmenter", recipe.segmenter))
    }
    return msgspec.structs.replace(recipe, crop_width=64, **short)


def _samples() -> list[Sample]:
    rng = np.random.default_rng(0)
    samples = []
    for i in range(6):
        frame = rng.integers(60, 120, (64, 128), dtype=np.uint8)
        mask = np.zeros_like(frame)
        if i % 2:
            mask[20:40, 30:70] = 1 << (i // 2)
        samples.append(Sample(f"{i}", "real" if i < 4 else "simulated", Path(), frame, mask, bool(i % 2)))
    return samples


def test_both_networks_train_and_answer(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    recipe, frames = _recipe(), torch.zeros(3, 1, 64, 128)
    segmenter = train_segmenter(recipe, _samples(), None, tmp_path)
    gate = train_gate(recipe, _samples(), None, tmp_path)
    with torch.no_grad():
        logits, cells = gate(frames)
        assert segmenter(frames).shape == (3, 4, 64, 128)
    assert (logits.shape, cells.shape) == ((3,), (3, 4, 4, 8))


def test_folding_the_normalisation_changes_nothing() -> None:
    torch.manual_seed(0)
    encoder = Lite0Encoder(5)
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    frames = torch.rand(2, 1, 32, 64)
    with pytest.raises(ValueError, match="eval mode"):
        fold_normalisation(encoder)
    encoder.eval()
    with torch.no_grad():
        expected = encoder(frames)
        fold_normalisation(encoder)
        found = encoder(frames)
    assert [tuple(map_.shape[1:]) for map_ in found] == [(16, 16, 32), (24, 8, 16), (40, 4, 8), (112, 2, 4)]
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in encoder.modules())
    for a, b in zip(expected, found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
