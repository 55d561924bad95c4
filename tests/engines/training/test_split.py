"""The split: fixed by its seed, stratified, honest about what cannot be measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from engines.training.samples import Sample
from engines.training.split import split_samples


def _samples() -> list[Sample]:
    empty = np.zeros((2, 2), np.uint8)
    labels = [""] * 12 + ["3"] * 8 + ["1 2"] + ["unlocated"] * 3
    return [
        Sample(f"{i}.png", "real", Path(), empty, empty, bool(label), label != "unlocated", label)
        for i, label in enumerate(labels)
    ]


def test_every_label_gives_its_share() -> None:
    training, validation = split_samples(_samples(), 0.25, seed=1)
    assert Counter(sample.label for sample in validation) == {"": 3, "3": 2}
    assert len(training) + len(validation) == 24
    assert not {sample.name for sample in training} & {sample.name for sample in validation}


def test_the_same_seed_gives_the_same_split_in_any_order() -> None:
    names = [{s.name for s in split_samples(order, 0.25, 1)[1]} for order in (_samples(), _samples()[::-1])]
    other = {s.name for s in split_samples(_samples(), 0.25, 2)[1]}
    assert names[0] == names[1] != other
