"""The coil against the truth of the simulated strip: ``python -m tests.coil.simulated_exam [STRIPS]``.

Masks are those of the truth (``simulated.py``), so that only the road from the verdicts to the coil is measured: first long defects and the marks of rolls as
defects, then the roll marks' periods.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np

from inspector.coil.coil import Coil, Findings
from inspector.coil.config import RollMarksConfig
from inspector.coil.roll_marks import find
from inspector.config.positions import PlacementConfig
from inspector.config.simulated_strip import LongDefectsConfig, RollMarkConfig, StripConfig
from inspector.frames.coil import RollMark
from inspector.protocol.codec import Packet
from inspector.report.coil.make import inspected, points
from tests.coil.simulated import RUN, Seen, Setup, View, publish
from tests.coil.simulated_truth import Joins, Piece, pieces_of

WIDTH_MM = 1500.0
BESIDE = (
    View(columns=900, mm_per_column=1.0, placement=PlacementConfig(lateral_mm=-50)),
    View(
        name="b", lines=200, columns=820, mm_per_column=1.0,
        placement=PlacementConfig(lateral_mm=730, along_mm=320, flip_across=True, flip_along=True),
    ),
)  # fmt: skip
"""Two cameras with an overlap of 120 mm, the second one 320 mm further down."""
ONE = View(columns=1600, mm_per_column=1.0)
FACES = (ONE, View(name="b", columns=1600, mm_per_column=1.0, placement=PlacementConfig(lateral_mm=-50, face="bottom")))
SETUPS = (
    Setup(name="one camera", cameras=(ONE,)),
    Setup(name="one, travel along x", cameras=(ONE,), axis="x"),
    Setup(name="one, frames overlap by 56 mm", cameras=(View(columns=1600, mm_per_column=1.0, travel_mm=200),)),
    Setup(name="one, 0.73 mm a line, 0.4 mm between frames", cameras=(View(columns=1600, mm_per_line=0.73, mm_per_column=1.0, travel_mm=187.3),)),
    Setup(name="two on two faces", cameras=FACES),
    Setup(name="two beside each other", cameras=BESIDE),
    Setup(name="two beside each other, travel along x", cameras=BESIDE, axis="x"),
    Setup(name="one, 5 % of the frames missed", cameras=(ONE,), missed=0.05),
    Setup(name="two, 5 % of the frames missed", cameras=BESIDE, missed=0.05),
    Setup(name="two, 30 % of the frames missed", cameras=BESIDE, missed=0.3),
)  # fmt: skip


def strip_of(seed: int) -> StripConfig:
    """A bad strip: a long defect each 2 m or so, some side by side, and marks on both faces."""
    return StripConfig(
        width_mm=WIDTH_MM,
        seed=seed,
        long_defects=(
            LongDefectsConfig(class_name="scratches", per_100_m=30),
            LongDefectsConfig(class_name="corrosion", per_100_m=10, width_mm=(100, 200)),
            LongDefectsConfig(class_name="inclusion", per_100_m=15, width_mm=(6, 20), length_m=(0.1, 2)),
        ),
        roll_marks=(
            RollMarkConfig(period_mm=1960.4, x_mm=420, jitter_mm=2),
            RollMarkConfig(period_mm=1333.3, x_mm=790, phase_mm=200),
            RollMarkConfig(period_mm=2700, x_mm=800, face="bottom"),
        ),
    )


def coil_of(packets: Iterable[Packet]) -> Findings:
    """What is found on the coil."""
    coil = Coil(RUN)
    for packet in packets:
        coil.feed(packet)
    coil.finish()
    return coil.findings


def joins_of(setup: Setup, strips: Iterable[StripConfig], length_mm: float) -> Joins:
    """How well defects are put together."""
    joins = Joins()
    for strip in strips:
        packets, seen = publish(setup, strip, length_mm, strip.seed)
        joins.add(pieces_of(seen), coil_of(packets).defects, setup.cameras[0].mm_per_line)
    return joins


@dataclass
class Periods:
    """How well the rows of roll marks of several strips were found."""

    rows: int = 0
    found: int = 0
    twice: int = 0
    """Told more often than once."""
    false: int = 0
    """Told where no row is."""
    inside: int = 0
    """Whose 95 % interval of the period has the true one in it."""
    off_mm: list[float] = field(default_factory=list)
    half_mm: list[float] = field(default_factory=list)
    """Half of the interval."""
    place_mm: list[float] = field(default_factory=list)
    """From the first mark to the nearest true place."""
    counted: list[float] = field(default_factory=list)
    """Marks by those that were seen."""
    possible: list[float] = field(default_factory=list)
    """Possible ones by the turns of which the place was inspected, between the first mark and the last one."""

    def add(self, marks: Sequence[RollMark], cameras: Sequence[Seen], pieces: Sequence[Piece], band_mm: float) -> None:
        """One strip."""
        left = list(marks)
        for row in (row for camera in cameras[:1] for row in camera.overlay.roll_marks):
            config = row.config
            self.rows += 1
            mine = [mark for mark in left if _is(mark, config, band_mm)]
            left = [mark for mark in left if not any(mark is one for one in mine)]
            if not mine:
                continue
            mark = max(mine, key=lambda one: one.count)
            self.found += 1
            self.twice += len(mine) - 1
            self.inside += mark.period_low_mm <= config.period_mm <= mark.period_high_mm
            self.off_mm.append(abs(mark.period_mm - config.period_mm))
            self.half_mm.append((mark.period_high_mm - mark.period_low_mm) / 2)
            turns = (mark.area.from_mm - config.phase_mm) / config.period_mm
            self.place_mm.append(abs(turns - round(turns)) * config.period_mm)
            spots = [turn.spot.along_mm for turn in row.between(mark.area.from_mm, mark.area.to_mm)]
            shown = [at for at in spots if any(_is_mark(piece, config, at) for piece in pieces)]
            self.counted.append(mark.count / max(1, len(shown)))
            self.possible.append(mark.possible / max(1, _inspected(spots, cameras[0])))
        self.false += len(left)

    def row(self, name: str) -> str:
        """A line of the table."""
        off, half = np.array(self.off_mm or [np.nan]), np.array(self.half_mm or [np.nan])
        return (
            f"| {name} | {self.rows} | {self.found} | {self.twice} | {self.false} | {off.mean():.3f} | {np.quantile(off, 0.95):.3f} | {off.max():.3f} | "
            f"{half.mean():.3f} | {self.inside} of {self.found} | {np.mean(self.place_mm or [np.nan]):.1f} | {max(self.place_mm, default=0):.1f} | "
            f"{100 * np.mean(self.counted or [np.nan]):.1f} | {100 * np.mean(self.possible or [np.nan]):.1f} |"
        )


def _is(mark: RollMark, config: RollMarkConfig, band_mm: float) -> bool:
    x_mm = (mark.area.x_from_mm + mark.area.x_to_mm) / 2
    same = mark.class_name == config.class_name and mark.area.face == config.face and abs(x_mm - config.x_mm) <= band_mm
    return same and abs(mark.period_mm / config.period_mm - 1) < 0.005


def _is_mark(piece: Piece, config: RollMarkConfig, along_mm: float) -> bool:
    beside = piece.x_from_mm <= config.x_mm <= piece.x_to_mm
    return beside and piece.class_name == config.class_name and piece.from_mm <= along_mm <= piece.to_mm


def _inspected(places: Sequence[float], camera: Seen) -> int:
    stretches = [camera.view.along_mm(number) for number in camera.inspected]
    return sum(any(first <= at <= last for first, last in stretches) for at in places)


Rows = Callable[[Random], tuple[RollMarkConfig, ...]]


def _rows(count: int = 1, *, apart_mm: float = 0.0, jitter: tuple[float, float] = (0, 4), missed: tuple[float, float] = (0, 0.2)) -> Rows:  # fmt: skip
    """So many rows, at random, ``apart_mm`` across the strip from one to the next."""

    def rows(random: Random) -> tuple[RollMarkConfig, ...]:
        periods: list[float] = []
        while len(periods) < count:
            period = random.uniform(600, 3500)
            # The fundamental of one must not be a whole part of the other: together they would be one row.
            if all(
                abs(ratio - round(ratio)) > 0.05
                for other in periods
                for ratio in (max(period, other) / min(period, other),)
            ):
                periods.append(period)
        return tuple(
            RollMarkConfig(
                period_mm=round(period, 3), x_mm=100 + number * apart_mm, phase_mm=random.uniform(0, period), jitter_mm=random.uniform(*jitter),
                missed=random.uniform(*missed), length_mm=30, width_mm=24, class_name="scratches",
            )
            for number, period in enumerate(periods)
        )  # fmt: skip

    return rows


PERIODS: tuple[tuple[str, Rows, float, float], ...] = (
    ("one row, exact", _rows(jitter=(0, 0), missed=(0, 0)), 300, 0.0),
    ("one row, jitter to 4 mm, to 20 % missed", _rows(), 300, 0.0),
    ("the same, 5 % of the frames missed", _rows(), 300, 0.05),
    ("jitter 5 to 8 mm", _rows(jitter=(5, 8)), 300, 0.0),
    ("half of the marks missed", _rows(missed=(0.5, 0.5)), 300, 0.0),
    ("half missed, of 60 m", _rows(missed=(0.5, 0.5)), 60, 0.0),
    ("one row, of 20 m", _rows(), 20, 0.0),
    ("no row", _rows(0), 300, 0.05),
    ("two rows in one band", _rows(2), 300, 0.0),
    ("two rows in two bands, 80 mm apart", _rows(2, apart_mm=80), 300, 0.0),
    ("two rows in one band, half missed", _rows(2, missed=(0.5, 0.5)), 300, 0.0),
)
"""Name, rows, length in m, share of the frames that are missed."""


def periods_of(rows: Rows, length_mm: float, missed: float, seeds: range) -> Periods:
    """How well roll marks are found, on a narrow strip with scratches and slag beside them."""
    periods, config = Periods(), RollMarksConfig()
    for seed in seeds:
        strip = StripConfig(
            width_mm=300,
            seed=seed,
            long_defects=(
                LongDefectsConfig(class_name="scratches", per_100_m=12, length_m=(0.1, 8), width_mm=(4, 12)),
                LongDefectsConfig(class_name="inclusion", per_100_m=6),
            ),
            roll_marks=rows(Random(seed)),
        )
        setup = Setup(
            name="",
            cameras=(View(columns=200, mm_per_line=1.5, mm_per_column=1.5, placement=PlacementConfig()),),
            missed=missed,
        )
        packets, seen = publish(setup, strip, length_mm, seed)
        findings = coil_of(packets)
        marks = find(list(points(findings.defects)), inspected(findings), config)
        periods.add(marks, seen, pieces_of(seen), config.band_mm)
    return periods


def joins_table(strips: int) -> None:
    """Of long defects, and of marks as defects."""
    print(f"{strips} strips of 100 m each; off: mean / 95 % / worst")
    print(
        "| | defects | pieces | found | false joins | missed joins | not found | nothing there | length, mm | length, px | width, mm | area, % | place, mm |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for setup in SETUPS:
        one = joins_of(setup, (strip_of(seed) for seed in range(1, strips + 1)), 100_000)
        counts = one.defects, one.pieces, one.found, one.false_joins, one.missed_joins, one.not_found, one.nothing_there
        off = one.length_mm, one.length_px, one.width_mm, [100 * share for share in one.area_share], one.place_mm
        print(f"| {setup.name} | {' | '.join(map(str, counts))} | {' | '.join(map(_spread, off))} |", flush=True)


def periods_table(strips: int) -> None:
    """Of roll marks."""
    print(f"\n{strips} strips each; off in mm; marks and possible ones in % of the true number")
    print(
        "| | rows | found | twice | false | period off, mean | 95 % | worst | half interval | true one inside | first mark off, mean | worst | marks | possible |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for number, (name, rows, length_m, missed) in enumerate(PERIODS):
        seeds = range(1000 * number, 1000 * number + strips)  # others for each, that they err independently
        print(periods_of(rows, length_m * 1000, missed, seeds).row(name), flush=True)


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{np.mean(values):.2f} / {np.quantile(values, 0.95):.2f} / {max(values):.2f}"


if __name__ == "__main__":
    COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    joins_table(max(1, COUNT // 8))
    periods_table(COUNT)
