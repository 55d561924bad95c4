"""How well and how fast the frames of a run are put together: ``python -m tests.coil.exam [STRIPS]``.

Painted strips are cut into frames and published as a line does it, and what is found is compared with what was painted: on frames that lie exactly on the
strip's pixels, and on frames whose positions are off. Then what a frame costs, at 256 x 1600, and what 100,000 frames leave in memory.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from random import Random

import msgspec
import numpy as np

from inspector.coil.coil import Coil
from inspector.coil.joining import JoiningConfig
from inspector.protocol.codec import Packet
from tests.coil.endless import endless
from tests.coil.strip import RUN, UM_ACROSS, UM_ALONG, Camera, Mask, Plan, other, run_of
from tests.coil.truth import TOUCHING, Figures, coil_of, found, truth

LENGTH, WIDTH = 2000, 96
LINES = 100
HEIGHT_PX, WIDTH_PX = 256, 1600


@dataclass
class Marks:
    """What came of the defects of several strips."""

    painted: int = 0
    same: int = 0
    false_joins: int = 0
    """Painted defects that were found as one with another."""
    missed_joins: int = 0
    """Pieces that were found beside the one that is the defect."""
    length_errors_mm: list[float] = field(default_factory=list)
    area_errors: list[float] = field(default_factory=list)

    def add(self, painted: list[Figures], told: list[Figures], spare_mm: float) -> None:
        """The defects of one strip, of which places may be off by ``spare_mm``."""
        self.painted += len(painted)
        rest = list(told)
        alone = []
        for one in painted:
            best = max(rest, key=lambda there: _shared(one, there, spare_mm), default=None)
            if best is None or _shared(one, best, spare_mm) < 0.5:
                alone.append(one)
                continue
            rest.remove(best)
            self.same += 1
            self.length_errors_mm.append(abs((best[2] - best[1]) - (one[2] - one[1])))
            self.area_errors.append(abs(best[-1] - one[-1]) / one[-1])
        self.false_joins += len(alone)
        self.missed_joins += len(rest)

    def row(self, name: str) -> str:
        """A line of the table."""
        errors = self.length_errors_mm or [0.0]
        return (
            f"| {name} | {self.painted} | {self.same} | {self.false_joins} | {self.missed_joins} | {np.mean(errors):.3f} | "
            f"{max(errors):.3f} | {100 * max(self.area_errors, default=0.0):.2f} |"
        )


def _shared(one: Figures, other: Figures, spare_mm: float) -> float:
    """The share of their boxes, each ``spare_mm`` larger on every side, that two defects of one class have in common."""
    if one[0] != other[0]:
        return 0.0
    more = 2 * spare_mm
    along = min(one[2], other[2]) - max(one[1], other[1]) + more
    across = min(one[4], other[4]) - max(one[3], other[3]) + more
    if along <= 0 or across <= 0:
        return 0.0
    both = along * across
    boxes = [(box[2] - box[1] + more) * (box[4] - box[3] + more) for box in (one, other)]
    return both / (sum(boxes) - both)


def painted(random: Random) -> Mask:
    """A strip with scratches up to its length, straight and oblique, fields and pits."""
    strip = np.zeros((LENGTH, WIDTH), dtype=np.uint8)
    for _ in range(12):
        line, column, kind = random.randrange(LENGTH), random.randrange(WIDTH), 1 << random.randrange(2)
        width, slope = random.randint(2, 4), random.choice((0.0, 0.0, 0.02, -0.05, 0.5))
        for step in range(random.choice((30, 150, 700, LENGTH))):
            at = column + round(slope * step)
            if line + step < LENGTH and 0 <= at < WIDTH:
                strip[line + step, at : at + width] |= kind
    for _ in range(60):
        line, column = random.randrange(LENGTH), random.randrange(WIDTH)
        strip[line : line + random.randint(3, 20), column : column + random.randint(3, 20)] |= 1 << random.randrange(2)
    return strip


def _line(random: Random, cameras: int, overlap: int) -> list[Camera]:
    first = Camera("a", (0, WIDTH), LINES, overlap, axis=random.choice(("x", "y")), flip_across=random.random() < 0.5)
    if cameras == 1:
        return [first]
    second = other(first, name="b", columns=(40, WIDTH), lines=73, overlap=0, begins=-31, downstream=170)
    return [other(first, columns=(0, 52)), second]


def _off(packets: Iterable[Packet], random: Random, px: float) -> list[Packet]:
    """The messages, with positions up to so many pixels off."""
    moved = []
    for packet in packets:
        header = packet.header
        if header.position_um is not None:
            um = header.position_um + round(random.uniform(-px, px) * UM_ALONG)
            header = msgspec.structs.replace(header, position_um=um, travel_um=um)
        moved.append(Packet(header, packet.body, packet.blob))
    return moved


def joins(strips: int) -> None:
    """The table of defects that were found as they were painted."""
    print(
        f"{strips} strips of {LENGTH * UM_ALONG / 1e6:g} m, pixels of {UM_ALONG / 1000} x {UM_ACROSS / 1000} mm; length errors in mm, area in %"
    )
    print("| frames | painted | found so | false joins | missed joins | length, mean | length, most | area, most |")
    print("|---|---|---|---|---|---|---|---|")
    for name, cameras, overlap, off, missed, joining in (
        ("one camera", 1, 0, 0.0, False, TOUCHING),
        ("one camera, 12 lines of overlap", 1, 12, 0.0, False, TOUCHING),
        ("two cameras, 12 columns of overlap", 2, 0, 0.0, False, TOUCHING),
        ("two cameras, frames missed", 2, 12, 0.0, True, TOUCHING),
        ("two cameras, frames missed, default tolerances", 2, 12, 0.0, True, JoiningConfig()),
        ("one camera, positions off by up to 0.5 px", 1, 0, 0.5, False, JoiningConfig()),
        ("one camera, positions off by up to 2 px", 1, 0, 2.0, False, JoiningConfig(along_mm=2.0)),
        ("two cameras, positions off by up to 0.5 px", 2, 12, 0.5, False, JoiningConfig()),
    ):  # fmt: skip
        marks, random = Marks(), Random(7)
        for seed in range(strips):
            strip, line = painted(random), _line(random, cameras, overlap)
            plan = Plan(seed=seed)
            if missed:
                plan.missed = frozenset((camera.name, random.randrange(20)) for camera in line for _ in range(3))
            packets = _off(run_of(strip, line, plan), random, off) if off else run_of(strip, line, plan)
            marks.add(truth(strip, line, plan), found(coil_of(packets, joining)), off * UM_ALONG / 1000)
        print(marks.row(name))


def frame_masks() -> dict[str, Mask]:
    """What may lie on a frame."""
    random = np.random.default_rng(3)
    masks = {name: np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.uint8) for name in ("clean", "a scratch and a pit", "60 defects", "corrosion over 80 %")}  # fmt: skip
    masks["a scratch and a pit"][100:103] = 2
    masks["a scratch and a pit"][50:60, 300:340] = 1
    for _ in range(60):
        y, x = random.integers(0, 240), random.integers(0, 1580)
        masks["60 defects"][y : y + 12, x : x + 15] |= 1
    masks["corrosion over 80 %"][20:230] = 1
    masks["noise, 1 % of the pixels"] = (random.random((HEIGHT_PX, WIDTH_PX)) < 0.01).astype(np.uint8)
    return masks


def cost() -> None:
    """What a frame costs."""
    print(f"\n| frame of {HEIGHT_PX} x {WIDTH_PX} | us of CPU |")
    print("|---|---|")
    for name, mask in frame_masks().items():
        count = 3000 if name == "clean" else 150
        packets = list(islice(endless(Camera("a", (0, HEIGHT_PX), WIDTH_PX), [mask]), count + 1))
        times = []
        for _ in range(3):
            coil = Coil(RUN)
            begun = time.process_time()
            for packet in packets:
                coil.feed(packet)
            times.append((time.process_time() - begun) / count)
        print(f"| {name} | {1e6 * min(times):.1f} |")


def memory(frames: int = 100_000) -> None:
    """What stays of a run of so many frames, every second of them with a scratch and a field that go on, and a pit that does not."""
    mask = np.zeros((40, 24), dtype=np.uint8)
    mask[10:30], mask[35, :] = 1, 2
    coil = Coil(RUN)
    print("\n| frames | resident, MiB |")
    print("|---|---|")
    for number, packet in enumerate(islice(endless(Camera(), [mask]), frames + 1)):
        coil.feed(packet)
        if number in (1000, frames // 2, frames):
            gc.collect()
            print(f"| {number:,} | {_resident_mib():.1f} |")
    coil.finish()
    print(", ".join(f"{one.class_name} of {one.length_mm / 1000:.0f} m" for one in coil.findings.defects))


def _resident_mib() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20


if __name__ == "__main__":
    joins(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    cost()
    memory()
