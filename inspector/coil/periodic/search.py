"""The search along the strip: block by block, rows that are known go on, chains look at their next turns, new ones begin, and those that prove a row become one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from inspector.coil.config import RollConfig, RollMarksConfig
from inspector.coil.periodic.chains import CHAIN, Chains, Window, advance, best_of_each, lasting, proven, ready
from inspector.coil.periodic.events import Bools, Floats, Ints, Point, events_of
from inspector.coil.periodic.inspected import APART, Inspected
from inspector.coil.periodic.seeds import TURNS, Shares, seeds
from inspector.coil.periodic.strip import Found, Strip
from inspector.frames.coil import Area, Face

BLOCK_MM = 50_000.0
BLOCK_POINTS = 1000
"""A block ends after so much strip, or so many defects."""
OFTEN = 8
"""Chains that go on from one event are compared after so many turns."""


class Change(NamedTuple):
    """A row that was found, or one that has ended."""

    found: Found
    strip: Strip
    ended: bool


class Search:
    """Fed in the order of the strip. What it finds does not depend on how much it is fed at a time."""

    def __init__(self, config: RollMarksConfig, rolls: Sequence[RollConfig]) -> None:
        self._config = config
        self._inspected = Inspected()
        self._shares = Shares(tuple(rolls))
        self._strips: dict[tuple[str, Face], Strip] = {}
        self._numbers: list[tuple[str, Face]] = []
        self._groups: dict[tuple[int, int], int] = {}
        """Of strip and band."""
        self._of_group: list[tuple[int, int]] = []
        self._lanes, self._lanes_of_cameras = np.zeros(0, np.int64), 0
        self._waiting: list[Point] = []
        self._free = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
        """Group, place and number of the events near the end that are in no row."""
        self._chains: Chains = np.zeros(0, CHAIN)
        self._done_mm = 0.0

    @property
    def strips(self) -> list[Strip]:
        """What was found, by class and face, in the order of their names."""
        return [self._strips[key] for key in sorted(self._strips)]

    def feed(self, points: Iterable[Point], inspected: Iterable[Area], settled_mm: float) -> list[Change]:
        """Takes defects and inspected stretches. All that lies before `settled_mm` has been given then; what comes later for there is not looked at."""
        self._inspected.add(inspected)
        classes = self._config.classes
        self._waiting += [
            point
            for point in points
            if point.along_mm >= self._done_mm and (not classes or point.class_name in classes)
        ]
        self._waiting.sort(key=lambda point: point.along_mm)
        changes: list[Change] = []
        while (end := self._end_of_block()) <= settled_mm and (self._waiting or settled_mm < math.inf):
            changes += self._block(end)
        if settled_mm == math.inf:
            changes += self._block(math.inf)
        return changes

    def _end_of_block(self) -> float:
        """Of the next one: a multiple of BLOCK_MM, or sooner where defects are dense."""
        end = (math.floor(self._done_mm / BLOCK_MM) + 1) * BLOCK_MM
        if len(self._waiting) > BLOCK_POINTS and self._waiting[BLOCK_POINTS].along_mm < end:
            return max(self._waiting[BLOCK_POINTS].along_mm, math.nextafter(self._done_mm, math.inf))
        return end

    def _block(self, end: float) -> list[Change]:
        count = next((i for i, point in enumerate(self._waiting) if point.along_mm >= end), len(self._waiting))
        points, self._waiting = self._waiting[:count], self._waiting[count:]
        begin, self._done_mm = self._done_mm, end
        added = self._added(points)
        changes = [Change(found, strip, True) for strip in self._strips.values() for found in strip.follow(end)]
        window = self._window(added, end)
        if len(window.key):
            self._go_on(window, begin)
            changes += self._proven(end)
        return changes

    def _added(self, points: list[Point]) -> tuple[Ints, Floats, Ints]:
        """Puts defects into their strips and bands; gives group, place and number of each event in each of its two bands."""
        by_strip: dict[tuple[str, Face], list[Point]] = {}
        for point in points:
            by_strip.setdefault((point.class_name, point.face), []).append(point)
        groups: list[Ints] = []
        places: list[Floats] = []
        numbers: list[Ints] = []
        for key in sorted(by_strip):
            if key not in self._strips:
                self._strips[key] = Strip(*key, self._inspected, self._config)
                self._numbers.append(key)
            strip, of_strip = self._numbers.index(key), by_strip[key]
            events = events_of(
                np.array([point.along_mm for point in of_strip]),
                np.array([point.x_mm for point in of_strip]),
                self._config.band_mm,
                self._config.together_mm,
            )
            new = self._strips[key].add(events)
            for band in (events.cell - 1, events.cell):
                groups.append(self._groups_of(strip, band))
                places.append(events.along)
                numbers.append(new)
        if not groups:
            return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
        return np.concatenate(groups), np.concatenate(places), np.concatenate(numbers)

    def _groups_of(self, strip: int, band: Ints) -> Ints:
        names, which = np.unique(band, return_inverse=True)
        found = []
        for name in names.tolist():
            number = self._groups.setdefault((strip, name), len(self._groups))
            if number == len(self._of_group):
                self._of_group.append((strip, name))
            found.append(number)
        return np.array(found, np.int64)[which]

    def _window(self, added: tuple[Ints, Floats, Ints], end: float) -> Window:
        """The free events of the end of the strip, in order."""
        group, along, number = (np.concatenate(pair) for pair in zip(self._free, added, strict=True))
        keep = along >= min(end, self._last_place(along)) - self._kept_mm - BLOCK_MM
        keep &= self._are_free(group, number)
        group, along, number = group[keep], along[keep], number[keep]
        key = group * APART + along
        order = np.argsort(key, kind="stable")
        self._free = (group[order], along[order], number[order])
        self._update_lanes()
        return Window(*self._free, key[order], self._lanes, end)

    @property
    def _kept_mm(self) -> float:
        return (TURNS[-1] + 1) * self._config.period_to_mm

    @staticmethod
    def _last_place(along: Floats) -> float:
        return float(along.max()) if len(along) else 0.0

    def _are_free(self, group: Ints, number: Ints) -> Bools:
        strip_of = np.array([strip for strip, _ in self._of_group], np.int64)
        free = np.ones(len(group), bool)
        for index, key in enumerate(self._numbers):
            mine = strip_of[group] == index if len(group) else np.zeros(0, bool)
            free[mine] = ~self._strips[key].claimed[number[mine]]
        return free

    def _update_lanes(self) -> None:
        if self._inspected.cameras != self._lanes_of_cameras:
            self._lanes, self._lanes_of_cameras = np.zeros(0, np.int64), self._inspected.cameras
        half = self._config.band_mm / 2
        more = [
            self._inspected.lane(self._numbers[strip][1], (band + 1) * half)
            for strip, band in self._of_group[len(self._lanes) :]
        ]
        self._lanes = np.concatenate([self._lanes, np.array(more, np.int64)])

    def _go_on(self, window: Window, begin: float) -> None:
        old = self._advanced(self._chains, window)
        new = self._advanced(seeds(window, begin, self._config, self._shares), window)
        chains = np.concatenate([old, new])
        keep = lasting(chains, window, self._inspected, self._config) | proven(chains, self._config)
        self._chains = best_of_each(chains[keep])

    def _advanced(self, chains: Chains, window: Window) -> Chains:
        """The chains at the end of the window, without some that died."""
        count = 0
        while len(index := np.flatnonzero(ready(chains, window))):
            some = chains[index]
            advance(some, window, self._inspected, self._config)
            chains[index] = some
            count += 1
            if count % OFTEN == 0:
                chains = best_of_each(chains[chains["alive"] | proven(chains, self._config)])
        return chains

    def _proven(self, end: float) -> list[Change]:
        """Makes rows of the chains that prove one, the surest first."""
        changes: list[Change] = []
        while True:
            chains = self._chains
            sure = proven(chains, self._config)
            if not sure.any():
                return changes
            best = int(np.argmax(np.where(sure, chains["best"], -np.inf)))
            chain = chains[best]
            strip = self._strips[self._numbers[self._of_group[int(chain["group"])][0]]]
            across = np.array([chain["first"], chain["second"], chain["previous"], chain["last"]])
            found = strip.establish(
                int(chain["first"]),
                int(chain["second"]),
                int(chain["turns"]),
                across,
                end,
                self._shares.next_one(),
                float(chain["best"]),
            )
            self._chains = np.delete(chains, best)
            if found is None:
                continue
            changes.append(Change(found, strip, False))
            group = self._chains["group"]
            of_others = self._are_free(group, self._chains["last"]) & self._are_free(group, self._chains["previous"])
            self._chains = self._chains[of_others]
