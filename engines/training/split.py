"""A fixed, stratified split of samples into training and validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.training.samples import Sample


def split_samples(samples: Sequence[Sample], fraction: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Set aside `fraction` of the samples of each label for validation, at random but the same for the same seed.

    A label of one sample stays in training; every label of two or more gives at least one. Samples known to be
    defective but not located stay in training: nothing can be measured on them.
    """
    held_out: set[str] = set()
    for label in sorted({sample.label for sample in samples if sample.located}):
        names = sorted(sample.name for sample in samples if sample.label == label)
        count = max(1, round(fraction * len(names))) if len(names) > 1 else 0
        shuffled = np.random.default_rng([seed, *label.encode()]).permutation(len(names))
        held_out.update(names[i] for i in shuffled[:count])
    training = [sample for sample in samples if sample.name not in held_out]
    validation = [sample for sample in samples if sample.name in held_out]
    return training, validation
