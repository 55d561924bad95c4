"""The samples of the demo recipe: which files, and who is held out."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from engines.training.demo_recipe import Recipe
from engines.training.samples import Sample, read_mask_folder, read_severstal
from engines.training.split import split_samples


@dataclass(frozen=True)
class DemoData:
    """Training and held-out samples of both domains."""

    training: list[Sample]
    real_validation: list[Sample]
    simulated_validation: list[Sample]


def read_demo_data(recipe: Recipe, severstal: Path, simulated: Path) -> DemoData:
    """Read and split everything; the re-encoded Severstal frames are for training only."""
    classes = len(recipe.classes)
    training, validation = split_samples(
        read_severstal(severstal, classes, ("train",)), recipe.validation_fraction, recipe.seed
    )
    training += read_severstal(severstal, classes, ("train_aug_only",))
    sheets = read_mask_folder(simulated, classes, "simulated")
    if len(sheets) <= recipe.simulated_validation:
        raise ValueError(f"{simulated}: holds {len(sheets)} sheets, expected more than {recipe.simulated_validation}")
    border = len(sheets) - recipe.simulated_validation
    return DemoData(training + sheets[:border], validation, sheets[border:])


def write_split(data: DemoData, path: Path) -> None:
    """Write which frame is in which part, as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("domain", "name", "part", "classes"))
        for part, samples in (
            ("training", data.training),
            ("validation", data.real_validation + data.simulated_validation),
        ):
            writer.writerows((sample.domain, sample.name, part, sample.label) for sample in samples)


def read_validation(recipe: Recipe, severstal: Path, simulated: Path, split: Path) -> list[Sample]:
    """The held-out samples that a split file names, at full resolution, real ones first."""
    classes = len(recipe.classes)
    with split.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == "validation"]
    real = {row["name"] for row in rows if row["domain"] == "real"}
    sheets = {row["name"] for row in rows if row["domain"] == "simulated"}
    return read_severstal(severstal, classes, ("train",), real, halved=False) + read_mask_folder(
        simulated, classes, "simulated", sheets, halved=False
    )
