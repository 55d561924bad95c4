"""The compiled flat field against the numpy one, on frames and planes of random sizes, and with arguments that it must refuse.

    python -m tests.capture.fuzz_flat_field --seconds 60

Ends with an error at the first frame in which the two differ.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import inspector.capture

REFUSED = (TypeError, ValueError, OverflowError)


def main() -> None:
    """Run the cases until the time is up."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--module", type=Path, help="folder of the compiled module to try, in place of the package's")
    chosen = options.parse_args()
    if chosen.module is not None:
        inspector.capture.__path__.insert(0, str(chosen.module))
    from inspector.capture import flat_field

    if not flat_field.BUILT:
        sys.exit("there is no compiled module: `inspector doctor` says what is missing")
    number = first = time.time_ns() % 10**12
    end = time.monotonic() + chosen.seconds
    while time.monotonic() < end:
        try:
            try_case(number)
        except Exception:
            print(f"case {number} failed", flush=True)
            raise
        number += 1
    print(f"{flat_field._flat_field.__file__}: {number - first:,} cases from {first} agree")


def try_case(number: int) -> None:
    """One frame, in memory of its own size, by both; sometimes also arguments that cannot be."""
    from inspector.capture.flat_field import FlatField
    from tests.capture.flat_fields import some_flat_field

    dice = np.random.default_rng(number)
    height, width = int(dice.integers(1, 40)), int(dice.integers(1, 300))
    per_column = bool(dice.integers(2))
    found = FlatField(some_flat_field(dice, height, width, per_column))
    rows = int(dice.integers(1, 40)) if per_column else height
    pixels = dice.integers(0, 256, (rows, width)).astype(np.uint8)
    if dice.random() < 0.2:  # a part of a larger frame
        whole = dice.integers(0, 256, (rows, width + int(dice.integers(1, 9)))).astype(np.uint8)
        pixels = whole[:, whole.shape[1] - width :]
    compiled, plain = np.empty((rows, width), np.uint8), np.empty((rows, width), np.uint8)
    found.apply(pixels, compiled)
    found.apply_by_numpy(pixels, plain)
    np.testing.assert_array_equal(compiled, plain)
    if dice.random() < 0.2:
        refuse(dice)


def refuse(dice: np.random.Generator) -> None:
    """Arguments of the compiled function, some of them impossible: it may raise, and must not crash. Addresses are right or impossible: it
    has to believe them."""
    from inspector.capture import flat_field

    frame, plane = np.zeros((4, 8), np.uint8), np.zeros((4, 8), np.uint16)
    address, planes = frame.ctypes.data, plane.ctypes.data
    right: list[Any] = [address, 8, planes, planes, 8, address, 4, 8]
    wrong: list[Any] = [None, "1", b"1", [1], 1.5, 2**64, -(2**70), float("nan")]
    pools: list[list[Any]] = [[*wrong, 0] for _ in right]
    pools[1] += [-8, 7]
    pools[4] += [-8, 7]
    pools[6] += [0, -1, 65537]
    pools[7] += [0, -1, 65537]
    for _ in range(8):
        arguments = list(right)
        for place in dice.choice(8, int(dice.integers(1, 4)), replace=False).tolist():
            arguments[place] = pools[place][dice.integers(len(pools[place]))]
        if dice.random() < 0.1:
            arguments = arguments[: int(dice.integers(8))]
        with contextlib.suppress(*REFUSED):
            flat_field._flat_field.correct(*arguments)


if __name__ == "__main__":
    main()
