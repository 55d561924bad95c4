"""Frames in two folds, and the fold models that are run on them."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from engines.bundle import Bundle
from engines.data.dataset import open_dataset
from engines.data.split import Split, read_split, write_split


def write_folds(bundle: Bundle, data: Path, folder: Path) -> tuple[Path, Path]:
    """A split of the data into two folds, and a folder with a copy of the bundle for each, trained on the other one."""
    dataset = open_dataset(data)
    names = [frame.name for frame in dataset.frames]
    parts = {"fold-0": tuple(names[::2]), "fold-1": tuple(names[1::2])}
    write_split(Split(parts, ""), dataset, folder / "folds.csv")
    split_id = read_split(folder / "folds.csv", dataset).id
    for name, other in (("fold-0", "fold-1"), ("fold-1", "fold-0")):
        shutil.copytree(bundle.path, folder / "folds" / name)
        say_trained_on(folder / "folds" / name, dataset.id, split_id, [other])
    return folder / "folds.csv", folder / "folds"


def say_trained_on(bundle: Path, data_id: str, split_id: str, parts: list[str]) -> None:
    """Note in the bundle what its networks have learnt from."""
    manifest = yaml.safe_load((bundle / "bundle.yaml").read_text(encoding="utf-8"))
    network = {"data_id": data_id, "split_id": split_id, "trained_on": parts}
    manifest["training"] = {"networks": {"gate": network, "segmenter": network}}
    (bundle / "bundle.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
