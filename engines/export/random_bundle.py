"""A bundle of networks with random weights: for speed, memory and parity of a size nobody has trained yet.

`python -m engines.export.random_bundle DIRECTORY` writes the source paper's largest, a ResNet50 gate and an EfficientNet-B3 U-Net.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from engines.bundle import Bundle, GoldenSample, write_bundle
from engines.export.graph_outputs import ExportedNetworks, Grey
from engines.export.graphs import GateGraph, SegmenterGraph, network_input
from engines.export.onnx import export_gate, export_segmenter
from engines.files.writing import temporary_folder
from engines.networks.factory import build_network
from engines.networks.spec import NetworkSpec
from engines.operating_point import OperatingPoint

_COVER = 0.02
"""Share of the pixels the thresholds mark: about what defects cover. Random weights answer near 0.5 everywhere, where the last digit
decides; trained ones do not."""
_GOLDEN = 2


def random_graphs(gate: str, segmenter: str, classes: int) -> tuple[GateGraph, SegmenterGraph]:
    """Graphs on these encoders (timm's, segmentation-models-pytorch's), the same weights each time."""
    torch.manual_seed(0)
    gate_network = _settled(build_network(NetworkSpec(architecture="timm", encoder=gate), classes))
    unet = _settled(build_network(NetworkSpec(architecture="unet", encoder=segmenter), classes))
    return GateGraph(gate_network, 1), SegmenterGraph(unet, classes, 1)


def write_random_bundle(
    directory: Path,
    *,
    gate: str = "resnet50",
    segmenter: str = "efficientnet-b3",
    height: int = 256,
    width: int = 1600,
    classes: int = 4,
) -> Bundle:
    """Write the bundle into a new `directory`; its golden answers are the CPU runtime's in f32."""
    graphs = random_graphs(gate, segmenter, classes)
    frames = [blotched_frame(height, width, seed) for seed in range(_GOLDEN)]
    thresholds = sparse_thresholds(graphs[1], frames[0])
    names = [f"class {k + 1}" for k in range(classes)]
    with temporary_folder("inspector-export-") as folder:
        paths = folder / "gate.onnx", folder / "segmenter.onnx"
        export_gate(graphs[0], paths[0], height, width)
        export_segmenter(graphs[1], paths[1], height, width)
        outputs = ExportedNetworks(*paths, "f32").outputs(frames, thresholds)
        return write_bundle(
            directory,
            name=f"{gate}-{segmenter}",
            version="random",
            classes=names,
            gate_onnx=paths[0],
            segmenter_onnx=paths[1],
            operating_point=OperatingPoint(
                # Above what any pixel of such weights reaches: specks all over each frame would measure how fast specks are counted.
                gate_threshold=0.5,
                mask_thresholds=dict.fromkeys(names, 0.99),
            ),
            golden_thresholds=thresholds,
            golden=[
                GoldenSample(frame, outputs.masks[i], float(outputs.scores[i]), tuple(outputs.class_scores[i].tolist()))
                for i, frame in enumerate(frames)
            ],
            card="# Random weights\n\nFor measurements of speed only: what it answers means nothing.\n",
            training={"data": "none, random weights"},
        )


def blotched_frame(height: int, width: int, seed: int) -> Grey:
    """Blotches of 4 px."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 4 + 1, width // 4 + 1), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(4, 0).repeat(4, 1)[:height, :width])


def sparse_thresholds(graph: SegmenterGraph, frame: Grey) -> list[float]:
    """Mask thresholds at which each class covers about what a defect would."""
    with torch.inference_mode():
        x = network_input(torch.from_numpy(frame)[None].float(), graph.scale, graph.multiple)
        probability = graph.network(x).sigmoid()[0].numpy()
    return [float(value) for value in np.quantile(probability, 1 - _COVER, axis=(1, 2))]


def _settled(network: nn.Module) -> nn.Module:
    """In eval mode, with normalisation statistics of its own activations."""
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(2, 1, 256, 256) * 0.4)
    return network.eval()


def main() -> int:
    """Write the bundle of the source paper's size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--gate", default="resnet50", help="encoder of the gate (timm)")
    parser.add_argument(
        "--segmenter", default="efficientnet-b3", help="encoder of the U-Net (segmentation-models-pytorch)"
    )
    arguments = parser.parse_args()
    bundle = write_random_bundle(arguments.directory, gate=arguments.gate, segmenter=arguments.segmenter)
    print(f"{arguments.directory}: {bundle.id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
