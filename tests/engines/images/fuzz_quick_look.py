"""The compiled quick look against the check in numpy, on random frames of random sizes.

    python -m tests.engines.images.fuzz_quick_look --seconds 60

Ends with an error at the first frame that is certain to show something and of which the check says otherwise.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import engines.images
from engines.images.blank_limits import BlankLimits


def main() -> None:
    """Run the cases until the time is up."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--module", type=Path, help="folder of the compiled module to try, in place of the package's")
    chosen = options.parse_args()
    if chosen.module is not None:
        engines.images.__path__.insert(0, str(chosen.module))
    from engines.images import blank as check
    from engines.images import quick_look

    if not quick_look.BUILT:
        sys.exit("there is no compiled module: `inspector doctor` says what is missing")
    end, number, certain = time.monotonic() + chosen.seconds, time.time_ns() % 10**12, 0
    first = number
    while time.monotonic() < end:
        dice = np.random.default_rng(number)
        shown, limits = frame(dice), some_limits(dice)
        step = check.row_step(shown)
        if check._shows_something(shown, step, limits):
            certain += 1
            told = check._told(shown, step, limits)
            assert not told, f"case {number}: {told}"
        number += 1
    print(f"{quick_look._quick_look.__file__}: {number - first:,} cases from {first} agree, {certain:,} certain")


def frame(dice: np.random.Generator) -> NDArray[np.uint8]:
    """Smooth, rough or noise, in memory of its own size; sometimes a part of a larger one, up to its last pixel."""
    height, width = int(dice.integers(1, 120)), int(dice.integers(1, 700))
    if dice.random() < 0.3:
        grey = np.cumsum(dice.normal(0, 3, (height, width)), axis=1) + 120
    else:
        grey = dice.normal(dice.uniform(0, 255), dice.uniform(0, 60), (height, width))
    whole = np.empty((height, width), np.uint8)
    whole[:] = np.clip(grey, 0, 255)
    return whole[int(dice.integers(height)) :, int(dice.integers(width)) :] if dice.random() < 0.3 else whole


def some_limits(dice: np.random.Generator) -> BlankLimits:
    """Any that a configuration may hold."""
    return BlankLimits(
        black=int(dice.integers(0, 256)),
        white=int(dice.integers(1, 256)),
        min_contrast=int(dice.integers(0, 256)),
        max_clipped=float(dice.random()),
        min_structure=float(dice.random()),
        max_repeated=float(dice.uniform(0.01, 1)),
        count_clipped_rows=bool(dice.integers(2)),
    )


if __name__ == "__main__":
    main()
