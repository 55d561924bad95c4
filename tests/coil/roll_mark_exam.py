"""What the search for roll marks finds, and what it should not: ``python -m tests.coil.roll_mark_exam [alarms] [detection] [superposed] [time] [--coils 1000] [--repeats 20] [--processes 2]``.

Coils are points, not pixels (`coils.py`). The same seed gives the same tables, but for the times.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np

from inspector.coil.config import RollMarksConfig
from inspector.coil.periodic.events import Point
from inspector.coil.roll_marks import Watch, find
from inspector.frames.coil import RollMark
from tests.coil.coils import KINDS, Row, chance, inspected, row, visible

LENGTH_MM = 500_000.0
LIMITS = (1.0, 0.5, 0.1, 0.01, 0.001)
"""At which alarms are counted."""
RIGHT = 0.002
"""A mark is found when a period is within this share of the true one."""


class Clean(NamedTuple):
    """A coil without a mark."""

    kind: str
    p_value: float
    alarms: int


def clean_coil(number: int, config: RollMarksConfig, length_mm: float = LENGTH_MM) -> Clean:
    """The number gives kind and seed."""
    kind = KINDS[number % len(KINDS)]
    rng = np.random.default_rng([1, number])
    areas = inspected(rng, length_mm, kind == "holes")
    count = round(math.exp(rng.uniform(math.log(0.05), math.log(1))) * length_mm / 1000)
    watch = Watch(config)
    watch.feed(visible(chance(rng, kind, count, length_mm), areas), areas, 0.0)
    watch.end()
    return Clean(kind, watch.p_value, len(watch.marks()))


class Detection(NamedTuple):
    """Marks of a cell of the table."""

    marks: int
    found: int
    covered: int
    """Whose interval holds the true period."""
    harmonics: int
    """Found with a multiple or a part of the period only."""
    false: int
    """Marks told that are none, or one told twice."""
    errors: tuple[float, ...]
    """Of the periods found, as shares."""


def detection(
    seed: Sequence[int], repeats: int, count: int, rows: Iterable[dict[str, float]], length_mm: float = 1e6
) -> Detection:
    """Coils with these rows; the periods are by chance, from 0.5 to 10 m."""
    found = covered = harmonics = false = marks = 0
    errors: list[float] = []
    for repeat in range(repeats):
        rng = np.random.default_rng([2, repeat, *seed])
        points: list[Point] = chance(rng, "everything", count, length_mm)
        truth = []
        for given in rows:
            period = math.exp(rng.uniform(math.log(500), math.log(10_000)))
            made = Row(
                period,
                given.get("x_mm", 500.0),
                jitter_mm=given["jitter_mm"],
                seen=given["seen"],
                phase_mm=rng.uniform(0, period),
            )
            truth.append(made)
            points += row(rng, made, length_mm)
        areas = inspected(rng, length_mm, False)
        told = find(visible(points, areas), areas, RollMarksConfig())
        for made in truth:
            marks += 1
            right = [mark for mark in told if _is(mark, made, 1.0)]
            part = [mark for mark in told if any(_is(mark, made, ratio) for ratio in (1 / 3, 1 / 2, 2, 3))]
            found += bool(right)
            harmonics += bool(part) and not right
            for mark in right[:1]:
                covered += mark.period_low_mm <= made.period_mm <= mark.period_high_mm
                errors.append(abs(mark.period_mm / made.period_mm - 1))
                told.remove(mark)
            for mark in part[: not right]:
                told.remove(mark)
        false += len(told)
    return Detection(marks, found, covered, harmonics, false, tuple(errors))


def _is(mark: RollMark, made: Row, ratio: float) -> bool:
    beside = mark.area.x_from_mm - 20 <= made.x_mm <= mark.area.x_to_mm + 20
    return beside and abs(mark.period_mm / (made.period_mm * ratio) - 1) <= RIGHT


def interval(count: int, of: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share, by bisection of the binomial tails."""

    def tail(p: float, least: int) -> float:
        logs = [
            math.lgamma(of + 1)
            - math.lgamma(k + 1)
            - math.lgamma(of - k + 1)
            + k * math.log(p)
            + (of - k) * math.log1p(-p)
            for k in range(least, of + 1)
        ]
        return math.fsum(map(math.exp, logs))

    def solved(least: int, wanted: float) -> float:
        low, high = 1e-12, 1 - 1e-12
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if tail(middle, least) < wanted else (low, middle)
        return low

    return (solved(count, 0.025) if count else 0.0), (solved(count + 1, 0.975) if count < of else 1.0)


def alarms(coils: int, processes: int) -> None:
    """Coils without a mark: the shares whose p-value is below each limit, and those that were told a mark by default."""
    with ProcessPoolExecutor(processes) as pool:
        clean = list(pool.map(partial(clean_coil, config=RollMarksConfig()), range(coils), chunksize=10))
    print(
        "| coils without a mark | coils | "
        + " | ".join(f"p <= {limit:g}" for limit in LIMITS)
        + " | told a mark | least p |"
    )
    print("|---|---|" + "---|" * (len(LIMITS) + 2))
    for kind in (*KINDS, "all"):
        these = [coil for coil in clean if kind in (coil.kind, "all")]
        below = [sum(coil.p_value <= limit and coil.p_value < 1 for coil in these) for limit in LIMITS]
        told = sum(coil.alarms > 0 for coil in these)
        print(
            f"| {kind} | {len(these)} | "
            + " | ".join(map(str, below))
            + f" | {told} | {min(coil.p_value for coil in these):.2g} |"
        )
    for limit in LIMITS:
        count = sum(coil.p_value <= limit and coil.p_value < 1 for coil in clean)
        low, high = interval(count, coils)
        print(f"stated at most {limit:g} a coil: {count} of {coils}, 95 % interval {low:.5f} to {high:.5f}")


HEAD = "found | interval holds it | only a multiple or part | false | median error, ppm"


def _cells(cell: Detection) -> str:
    error = f"{np.median(cell.errors) * 1e6:.1f}" if cell.errors else "-"
    return f"{cell.found}/{cell.marks} | {cell.covered} | {cell.harmonics} | {cell.false} | {error}"


def detections(repeats: int) -> None:
    """One mark on 1 km of strip."""
    print(f"| defects per 100 m | jitter, mm | seen | {HEAD} |\n|---|---|---|---|---|---|---|---|")
    for count in (100, 1000, 5000):
        for jitter in (2.0, 5.0, 10.0, 20.0):
            for seen in (0.9, 0.6, 0.3):
                cell = detection(
                    [count, round(jitter), round(seen * 10)], repeats, count, [{"jitter_mm": jitter, "seen": seen}]
                )
                print(f"| {count / 10:g} | {jitter:g} | {seen:g} | {_cells(cell)} |", flush=True)


def superposed(repeats: int) -> None:
    """Two marks: in one band, and in two."""
    print(f"| two marks | defects per 100 m | seen | {HEAD} |\n|---|---|---|---|---|---|---|---|")
    for name, x_mm in (("in one band", 500.0), ("in two bands", 800.0)):
        for count in (100, 1000):
            for seen in (0.9, 0.6, 0.3):
                rows = [{"jitter_mm": 5.0, "seen": seen}, {"jitter_mm": 5.0, "seen": seen, "x_mm": x_mm}]
                cell = detection([count, round(x_mm), round(seen * 10), 2], repeats, count, rows)
                print(f"| {name} | {count / 10:g} | {seen:g} | {_cells(cell)} |", flush=True)


def times(most: int = 200_000) -> None:
    """Processor time of `find`."""
    print("| coil | defects | processor time, s |\n|---|---|---|")
    for count, length_mm in ((2000, 5e6), (20_000, 20e6), (200_000, 20e6)):
        if count > most:
            continue
        for kind in ("even", "edges", "long defects", "everything"):
            rng = np.random.default_rng([3, count])
            areas = inspected(rng, length_mm, False)
            points = visible(chance(rng, kind, count, length_mm), areas)
            begin = time.process_time()
            find(points, areas, RollMarksConfig())
            print(f"| {kind}, {length_mm / 1e6:g} km | {len(points)} | {time.process_time() - begin:.2f} |", flush=True)


def main() -> None:
    """Prints the tables that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="alarms, detection, superposed, time")
    parser.add_argument("--coils", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2, help="for the alarms")
    given = parser.parse_args()
    parts = given.parts or ["alarms", "detection", "superposed", "time"]
    if "alarms" in parts:
        alarms(given.coils, given.processes)
    if "detection" in parts:
        detections(given.repeats)
    if "superposed" in parts:
        superposed(given.repeats)
    if "time" in parts:
        times()


if __name__ == "__main__":
    main()
