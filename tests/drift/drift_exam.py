"""What the drift watch tells, and what it does not: ``python -m tests.drift.drift_exam [--seeds 1 2 3] [--real FOLDER ...]``.

Renders sheets at 256 x 1600, has the included bundle's gate score them, makes a reference of some and watches others, which no reference has seen:
20,000 clean frames, then each fault of the simulated camera station. With ``--real`` the frames of the folders are split at random into two
halves, a reference is made of one and the other is watched. Takes about four minutes a seed on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.bundle import Bundle, find_bundle, read_bundle
from engines.drift.build import ReferenceBuilder
from engines.drift.look import Look, look
from engines.drift.reference import Reference
from engines.images.blank import blank
from engines.images.blank_limits import DEFAULT_LIMITS
from engines.runtime.engine import Engines
from engines.runtime.load import load_engines
from engines.runtime.runner import GateRequest, SynchronousRunner
from inspector.capture.simulator.scene import SheetRenderer
from inspector.capture.simulator.wear import Wear
from inspector.config.drift import DriftConfig
from inspector.config.simulator import SimulatorConfig
from inspector.drift.block import Block
from inspector.drift.judge import QUARTERS, CameraJudge, Change

Grey = NDArray[np.uint8]
FOR_REFERENCE, WATCHED = 600, 2000
"""Sheets."""
CLEAN_FRAMES = 20_000
FAULTS = {
    "lamp 20 % darker at once": ({"lamp_dimming": 0.2}, "lamp_dimming"),
    "lamp 20 % darker over 5,000 frames": ({"lamp_dimming": 0.2, "lamp_dimming_frames": 5000}, "lamp_dimming"),
    "dirt, half of the light": ({"lens_dirt": 0.5}, "dirty_columns"),
    "dirt, a quarter of the light": ({"lens_dirt": 0.25}, "dirty_columns"),
    "one dead column": ({"dead_columns": (611,)}, "dead_columns"),
    "three dead columns": ({"dead_columns": (900, 901, 902)}, "dead_columns"),
}
"""What is wrong, and the code that has to be told."""


class Seen(NamedTuple):
    """What the watch takes of a frame."""

    look: Look
    score: float
    pixels: Grey


def scored(engines: Engines, frames: Iterable[Grey]) -> list[Seen]:
    """The frames that a line would inspect, with the figures and the gate's score of each."""
    kept = [(seen, pixels) for pixels in frames if not blank(pixels, DEFAULT_LIMITS) and (seen := look(pixels))]
    runner = SynchronousRunner(engines, thresholds=(0.5,))
    outputs = runner.in_order(GateRequest([pixels], str(at)) for at, (_, pixels) in enumerate(kept))
    return [Seen(seen, float(out.scores[0]), pixels) for (seen, pixels), out in zip(kept, outputs, strict=True)]


def reference_of(frames: Sequence[Seen], bundle: Bundle) -> Reference:
    builder = ReferenceBuilder()
    for one in frames:
        builder.add(one.look, one.score)
    made = builder.reference(bundle.operating_point.gate_threshold)
    if made is None:
        sys.exit(f"{len(frames)} frames are too few for a reference")
    return made


class Watch:
    """The watch of one camera, frame by frame."""

    def __init__(self, reference: Reference, config: DriftConfig) -> None:
        self.judge = CameraJudge(reference, config)
        self._reference, self._quarter = reference, config.window_frames // QUARTERS
        self._block: Block | None = None

    def add(self, number: int, seen: Seen) -> list[Change]:
        block = self._block or Block(self._reference, *seen.pixels.shape)
        self._block = block
        block.add(seen.look, seen.score, seen.pixels, number)
        if block.frames < self._quarter:
            return []
        self._block = None
        return self.judge.add(block)


def clean_run(pool: Sequence[Seen], reference: Reference, config: DriftConfig, frames: int, seed: int) -> list[str]:
    """Everything that is told of frames drawn at random from ``pool``."""
    watch, draw = Watch(reference, config), np.random.default_rng(seed)
    told = []
    for number in range(frames):
        told += [f"{number}: {one.code}: {one.text}" for one in watch.add(number, pool[draw.integers(len(pool))])]
    psi = ", ".join(f"{name} {value:.3f}" for name, value in watch.judge.psi.items())
    print(f"    psi of the last window: {psi}")
    return told


def fault_run(
    pool: Sequence[Seen],
    score: Callable[[Iterable[Grey]], list[Seen]],
    reference: Reference,
    simulator: SimulatorConfig,
) -> dict[str, int]:
    """Frames from the first one with the fault until each code was told."""
    config = DriftConfig()
    height, width = pool[0].pixels.shape
    wear, watch = Wear(simulator, height, width), Watch(reference, config)
    worn = score(wear(at, one.pixels) for at, one in enumerate(pool)) if not simulator.lamp_dimming_frames else None
    draw, told = np.random.default_rng(simulator.seed), {}
    begin = config.window_frames + 137
    for number in range(begin + 4 * config.window_frames):
        at = draw.integers(len(pool))
        seen = pool[at]
        if number >= begin and worn is not None:
            seen = worn[at]
        elif number >= begin:  # the score of a dimming lamp's frames is left as it was: it would take an hour
            pixels = wear(number - begin, seen.pixels)
            if (figures := look(pixels)) is not None:
                seen = Seen(figures, seen.score, pixels)
        for change in watch.add(number, seen):
            told.setdefault(change.code, number + 1 - begin)
    return told


def examine(seed: int, engines: Engines, bundle: Bundle) -> bool:
    simulator = SimulatorConfig(seed=seed)
    renderer = SheetRenderer(simulator, bundle.height, bundle.width)
    frames = [renderer.render(at).frame for at in range(FOR_REFERENCE + WATCHED)]
    all_seen = scored(engines, frames)
    reference = reference_of(all_seen[:FOR_REFERENCE], bundle)
    pool = all_seen[FOR_REFERENCE:]
    print(
        f"seed {seed}: reference of {reference.frames} sheets, {len(pool)} others watched in a window of {DriftConfig().window_frames}"
    )
    told = clean_run(pool, reference, DriftConfig(), CLEAN_FRAMES, seed)
    print(f"    {CLEAN_FRAMES} clean frames: told {len(told)}", *told, sep="\n        ")
    well = not told
    for name, (changes, code) in FAULTS.items():
        fault = SimulatorConfig(seed=seed, **changes)
        found = fault_run(pool, lambda frames: scored(engines, frames), reference, fault)
        first = {one: at for one, at in found.items() if not one.endswith("_cleared")}
        print(f"    {name}: {code} after {found.get(code, 'never')} frames; all: {first}", flush=True)
        well &= code in found
    return well


def real_frames(folders: Sequence[Path], engines: Engines, bundle: Bundle) -> list[Seen]:
    files = sorted(one for folder in folders for one in folder.rglob("*.jpg"))
    frames = [cv2.imread(str(one), cv2.IMREAD_GRAYSCALE) for one in files]
    size = (bundle.height, bundle.width)
    kept = [np.asarray(one, np.uint8) for one in frames if one is not None and one.shape == size]
    seen = scored(engines, kept)
    print(f"real frames: {len(files)} files, {len(kept)} of {size[0]} x {size[1]}, {len(seen)} that show something")
    return seen


def told_of_halves(
    name: str, seen: Sequence[Seen], bundle: Bundle, frames: int | None, worn: Wear | None = None, splits: int = 20
) -> None:
    """What is told in how many random splits: a reference of one half, the other half watched. ``frames`` are drawn from it, or each is shown
    once. The gate's scores stay those of the frames as they are."""
    codes: list[str] = []
    without = 0
    for split in range(splits):
        draw = np.random.default_rng(split)
        order, half = draw.permutation(len(seen)), len(seen) // 2
        reference = reference_of([seen[at] for at in order[:half]], bundle)
        others = [seen[at] for at in order[half:]]
        if worn is not None:
            changed = [(one.score, worn(0, one.pixels)) for one in others]
            others = [Seen(figures, score, pixels) for score, pixels in changed if (figures := look(pixels))]
        window = len(others) // QUARTERS * QUARTERS if frames is None else DriftConfig().window_frames
        watch = Watch(reference, DriftConfig(window_frames=window))
        told: list[Change] = []
        for number in range(frames or window):
            told += watch.add(number, others[number if frames is None else draw.integers(len(others))])
        codes += sorted({one.code for one in told if not one.well})
        without += not told
    counts = {code: codes.count(code) for code in sorted(set(codes))}
    print(f"    {name}: {without} of {splits} random splits tell nothing; told: {counts}", flush=True)


def examine_real(folders: Sequence[Path], engines: Engines, bundle: Bundle) -> None:
    """False reports on real frames, and faults on them."""
    seen = real_frames(folders, engines, bundle)
    told_of_halves("as they are, each frame once", seen, bundle, None)
    told_of_halves(f"as they are, {CLEAN_FRAMES} drawn", seen, bundle, CLEAN_FRAMES)
    for name, (changes, _) in FAULTS.items():
        if "lamp_dimming_frames" not in changes:
            wear = Wear(SimulatorConfig(seed=1, **changes), bundle.height, bundle.width)
            told_of_halves(f"{name}, one window", seen, bundle, DriftConfig().window_frames, wear)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--real", type=Path, nargs="*", default=[], help="Folders of real frames; they are only read.")
    parser.add_argument("--bundle", default="demo")
    options = parser.parse_args()
    bundle = read_bundle(find_bundle(options.bundle))
    loaded = load_engines(bundle, runtime="openvino")
    try:
        well = [examine(seed, loaded.engines, bundle) for seed in options.seeds]
        if options.real:
            examine_real(options.real, loaded.engines, bundle)
    finally:
        loaded.engines.close()
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
