"""The compiled measuring pass against the numpy one, on hard masks, and with arguments that it must refuse.

    python -m tests.verdicts.fuzz_native --seconds 60
    python -m tests.verdicts.fuzz_native --case 4711

Every case is made from its number. Ends with status 1 at the first case in which the two differ, and names it.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import inspector.verdicts
from inspector.config.verdicts import Scale
from inspector.protocol import masks
from tests.verdicts.bent_scales import bent_scale
from tests.verdicts.hard_masks import Dice, hard_mask

NAMES = tuple("abcdefgh")
REFUSED = (TypeError, ValueError, OverflowError, MemoryError)


def main() -> None:
    """Run the cases until the time is up."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--case", type=int, help="only this one")
    options.add_argument("--module", type=Path, help="folder of the compiled module to try, in place of the package's")
    chosen = options.parse_args()
    if chosen.module is not None:
        inspector.verdicts.__path__.insert(0, str(chosen.module))
    from inspector.verdicts import native

    if not native.BUILT:
        sys.exit("there is no compiled module: `inspector doctor` says what is missing")
    first = chosen.case if chosen.case is not None else time.time_ns() % 10**12
    end, number = time.monotonic() + chosen.seconds, first
    while number == first or (chosen.case is None and time.monotonic() < end):
        try:
            try_case(number)
        except Exception:
            print(f"case {number} failed, see --case", flush=True)
            raise
        number += 1
    print(f"{native._native.__file__}: {number - first:,} cases from {first} agree")


def try_case(number: int) -> None:
    """One mask by both passes; sometimes also arguments that cannot be."""
    dice = np.random.default_rng(number)
    compare(dice)
    if dice.random() < 0.2:
        refuse(dice)


def compare(dice: Dice) -> None:
    """Any mask, areas, scores and scale: the same figures, or the same error; and the mask can be had back."""
    from inspector.verdicts.measured import Settings
    from tests.verdicts import both_passes

    classes = int(dice.integers(1, 9))
    mask = lay(dice, hard_mask(dice, classes if dice.random() < 0.9 else 8))
    arguments: tuple[Any, ...] = (
        mask,
        dice.random(classes).tolist(),
        Settings(
            NAMES[:classes],
            tuple(int(area) for area in dice.choice((0, 1, 2, 5, 30, 10**7), classes)),
            int(dice.choice((0, 1, 2, 7, 30, 100, 10**6), p=(0.1, 0.2, 0.2, 0.3, 0.1, 0.08, 0.02))),
            scale(dice, *mask.shape),
        ),
    )
    if int(np.bitwise_or.reduce(mask, axis=None)) >> classes:
        errors = {told(measure, arguments) for measure in both_passes.PASSES}
        assert len(errors) == 1, errors
        return
    measured = both_passes.measure(*arguments)
    np.testing.assert_array_equal(masks.decode(measured.encoded, *mask.shape), mask)


def told(measure: Any, arguments: tuple[Any, ...]) -> str:
    """The text of the error."""
    try:
        measure(*arguments)
    except ValueError as error:
        return str(error)
    raise AssertionError("a class without a name was accepted")


def lay(dice: Dice, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mask at any address, in memory of its own size, sometimes not in one piece."""
    how = dice.random()
    if how < 0.05:
        return np.asfortranarray(mask)
    if how < 0.1:
        return np.repeat(mask, 2, axis=1)[:, ::2]
    offset = int(dice.integers(16))
    memory = np.empty(mask.size + offset, dtype=np.uint8)
    laid = memory[offset:].reshape(mask.shape)
    laid[:] = mask
    laid.flags.writeable = bool(dice.integers(2))
    return laid


def scale(dice: Dice, height: int, width: int) -> Scale | None:
    """None, square pixels or oblong ones, or a lens that bends."""
    x, ratio = 10 ** dice.uniform(-3, 2), 10 ** dice.uniform(-1, 1)
    flat = Scale(mm_per_px_x=x, mm_per_px_y=x), Scale(mm_per_px_x=x, mm_per_px_y=x * ratio)
    return (None, *flat, bent_scale(dice, height, width))[dice.integers(4)]


def refuse(dice: Dice) -> None:
    """Arguments of the compiled function, some of them impossible: it may raise, and must not crash. Address and size are right or
    impossible: it has to believe them."""
    from inspector.verdicts import native

    mask = hard_mask(dice)
    right: list[Any] = [
        mask.ctypes.data,
        *mask.shape,
        (1,) * int(dice.integers(1, 9)),
        5,
        0.5,
        0.5,
        1,
        3.0,
        2.0,
        9.0,
        0.1,
        0.1,
    ]
    wrong: list[Any] = [None, "1", b"1", [1], (), 1.5, 0, -1, 2**31, 2**63, 2**64, -(2**70), float("nan"), mask]
    figures: list[Any] = [*wrong, 0.0, -1.0, 1e-320, 1e308, float("inf"), float("nan")]
    areas: list[Any] = [*wrong, (1,) * 9, (-1,), (2**63,), (None,), ((1,),), (1, "1")]
    believed = [None, "1", b"1", [1], (), 1.5, 0, float("nan"), mask]
    sizes = [*wrong, 65536]
    for _ in range(8):
        arguments = list(right)
        for place in dice.choice(13, int(dice.integers(1, 4)), replace=False).tolist():
            pool = (believed, sizes, sizes, areas, wrong, figures, figures, wrong, *[figures] * 5)[place]
            arguments[place] = pool[dice.integers(len(pool))]
        if dice.random() < 0.1:
            arguments = arguments[: int(dice.integers(13))]
        with contextlib.suppress(*REFUSED):
            native._native.measure(*arguments)


if __name__ == "__main__":
    main()
