"""Averages the weights of several trainings: `python -m engines.training.average A/weights.safetensors B/weights.safetensors --out weights.safetensors`.

Trainings that started from the same weights and ran for a short time on slightly different data end close to each other; the mean of
their weights makes fewer errors than each of them, and costs no more to run ("model soups": Wortsman et al., 2022). For trainings that
started from different weights the mean is useless, which the figures of the bundle would show.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from engines.errors import DataError, FileError
from engines.files.text import printable
from engines.files.writing import output_folder, refuse_inputs
from engines.training.weights import Trained, load_weights, save_weights


def average_weights(trained: Sequence[Trained]) -> Trained:
    """The mean of the weights. It counts as trained on every part that any of them was trained on, and has no metrics.

    Raises DataError unless all are of one network, one data set and one split.
    """
    first = trained[0]
    for other in trained[1:]:
        for what in ("kind", "network", "scale", "classes", "height", "width", "recipe", "data_id", "split_id"):
            one, two = getattr(first, what), getattr(other, what)
            if one != two:
                raise DataError(
                    f"average: {what} is {one} in the first training and {two} in another; expected the same"
                )
    parts = sorted({part for one in trained for part in one.trained_on})
    state = {key: _mean([one.state[key] for one in trained]) for key in first.state}
    return replace(first, trained_on=tuple(parts), metrics={}, state=state)


def _mean(values: list[Tensor]) -> Tensor:
    if not values[0].is_floating_point():
        return values[0]
    return torch.stack([value.double() for value in values]).mean(dim=0).to(values[0].dtype)


def main() -> int:
    """Average files of weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, nargs="+", help="weights.safetensors of each training")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    arguments = parser.parse_args()
    try:
        for path in arguments.weights:
            refuse_inputs(arguments.out, {"one of the trainings": path}, "--out")
        averaged = average_weights([load_weights(path) for path in arguments.weights])
        output_folder(arguments.out.parent)
        save_weights(averaged, arguments.out)
    except (DataError, FileError) as error:
        print(printable(str(error)), file=sys.stderr)
        return 2
    print(f"{arguments.out}: mean of {len(arguments.weights)} trainings, learnt from {', '.join(averaged.trained_on)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
