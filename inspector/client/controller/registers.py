"""The expected sheets between camera and gate. A coordinate is a position on the strip in um, or a moment of capture in ns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from inspector.client.controller.sights import FrameTable, Place, Sight, Why

MOST_AT_ONCE = 64
"""Sheets that nothing was said of and that are told one by one when they come to the gate together; further ones are rejected in silence."""
MOST_SHEETS = 10_000
"""Sheets by frame or part that are kept; the oldest are forgotten, and pass nothing."""
MOST_PART_NUMBER = 2**32 - 1


class Judged(NamedTuple):
    """A sheet that was decided, once and for all."""

    number: int
    part: str | None
    place: Place | None
    why: Why


class Register(Protocol):
    """Keeps what was said of sheets until they come to the gate."""

    def take(self, camera: str, sight: Sight, part: str | None) -> tuple[int, ...]:
        """A verdict of a frame came. Returns the sheets that were decided before and that it contradicts."""

    def due(self, decide: int, gate: int) -> list[Judged]:
        """Decide the sheets that begin at or before ``decide``, in their order. What begins at or before ``gate`` may be there already, so
        that it is too late for it."""

    def forget_before(self, coordinate: int) -> None:
        """What ends before it has passed the gate."""

    def clear(self) -> None:
        """Forget all."""


class StripRegister:
    """Sheets are pieces of ``length`` of the strip, from the multiples of it: a shift register."""

    def __init__(self, overlaps: dict[str, int], length: int, unseen: int) -> None:
        """``overlaps``: of two frames in a row, by camera."""
        self._tables = {camera: FrameTable(overlap) for camera, overlap in overlaps.items()}
        self._length, self._unseen = length, unseen
        self._next: int | None = None

    def take(self, camera: str, sight: Sight, part: str | None) -> tuple[int, ...]:
        """Keep it."""
        sight = self._tables[camera].add(sight)  # with the place that it had, where it is told again without one
        if sight.passed or sight.place is None or self._next is None:
            return ()
        first, last = sight.place[0] // self._length, sight.place[1] // self._length
        return tuple(range(max(first, self._next - MOST_AT_ONCE), min(last + 1, self._next)))

    def due(self, decide: int, gate: int) -> list[Judged]:
        """Sheets that were at the gate before the position was known are no sheets of this controller: they are rejected in silence."""
        reached = decide // self._length
        if self._next is None:
            self._next = reached + 1
        self._next = max(self._next, reached + 1 - MOST_AT_ONCE)
        judged = []
        while self._next <= reached:
            start = self._next * self._length
            end = start + self._length
            why = Why.LATE if start <= gate else self._judge(start, end)
            judged.append(Judged(self._next, None, Place(start, end), why))
            self._next += 1
        return judged

    def forget_before(self, coordinate: int) -> None:
        """A sheet that begins before it may still need its frames."""
        for table in self._tables.values():
            table.forget_before(coordinate - self._length)

    def clear(self) -> None:
        """Forget all."""
        self._next = None
        for table in self._tables.values():
            table.clear()

    def _judge(self, start: int, end: int) -> Why:
        said = [table.judge(start, end, self._unseen) for table in self._tables.values()]
        return next((why for why in (Why.VERDICT, Why.UNSEEN, Why.ABSENT, Why.UNPLACED) if why in said), Why.PASSED)


@dataclass
class _Sheet:
    number: int
    part: str | None
    frames: dict[str, dict[int, bool]] = field(default_factory=dict)
    """By camera, whether each frame is a PASS."""
    place: Place | None = None
    unplaced: bool = False
    decided: bool = False
    """Kept until it has passed, so that what is said of it later begins no new one."""


class KeyedRegister:
    """Sheets are the frames with one number, or with one id of the part: ``frames`` of each camera."""

    def __init__(self, cameras: tuple[str, ...], frames: int, by_part: bool) -> None:
        self._cameras, self._frames, self._by_part = cameras, frames, by_part
        self._sheets: dict[str | int, _Sheet] = {}
        self._owners: dict[tuple[str, int], _Sheet] = {}
        """By camera and frame, the part that was told first."""
        self._last: int | None = None
        """Number of the last frame that was decided."""

    def take(self, camera: str, sight: Sight, part: str | None) -> tuple[int, ...]:
        """Keep it with its sheet. A frame of no part is of no sheet; one of two parts passes neither."""
        key = part if self._by_part else sight.frame
        first = self._owners.get((camera, sight.frame))
        if first is not None and first.part != part:
            sight = sight._replace(passed=False)
            first.frames[camera][sight.frame] = False
            contradicted = self._keep(camera, sight, part, key)
            return (*contradicted, first.number) if first.decided else contradicted
        return self._keep(camera, sight, part, key)

    def _keep(self, camera: str, sight: Sight, part: str | None, key: str | int | None) -> tuple[int, ...]:
        if key is None:
            return ()
        sheet = self._sheets.get(key)
        if sheet is None:
            if not self._by_part and self._last is not None and sight.frame <= self._last:
                return ()
            sheet = self._sheets[key] = _Sheet(_number_of(key), part)
            while len(self._sheets) > MOST_SHEETS:
                self._drop(next(iter(self._sheets)))
        frames = sheet.frames.setdefault(camera, {})
        if (
            len(frames) > self._frames and sight.frame not in frames
        ):  # too many already: it does not pass, and further ones need no memory
            return (sheet.number,) if sheet.decided else ()
        if self._by_part:
            self._owners.setdefault((camera, sight.frame), sheet)
        frames[sight.frame] = sight.passed and sight.frame not in frames
        if sheet.decided:
            contradicted = not frames[sight.frame] or len(frames) > self._frames
            return (sheet.number,) if contradicted else ()
        if sight.place is None:
            sheet.unplaced = True
        elif sheet.place is None:
            sheet.place = sight.place
        else:
            sheet.unplaced |= not self._by_part and _apart(sheet.place, sight.place)
            sheet.place = Place(
                *map(min, sheet.place[:1], sight.place[:1]), *map(max, sheet.place[1:], sight.place[1:])
            )
        return ()

    def due(self, decide: int, gate: int) -> list[Judged]:
        """In the order in which they come to the gate."""
        begun = [one for one in self._sheets.values() if one.place is not None and one.place[0] <= decide]
        judged: list[Judged] = []
        for sheet in sorted((one for one in begun if not one.decided), key=lambda one: one.place or Place(0, 0)):
            assert sheet.place is not None
            sheet.decided = True
            judged += self._missing_before(sheet.number)
            why = Why.LATE if sheet.place[0] <= gate else self._judge(sheet)
            judged.append(Judged(sheet.number, sheet.part, sheet.place, why))
        return judged

    def forget_before(self, coordinate: int) -> None:
        """A part that has passed keeps its id for as long again as the register holds: ids are not used twice in a row."""
        gone = [key for key, one in self._sheets.items() if one.decided and one.place and one.place[1] < coordinate]
        for key in gone if not self._by_part else gone[: max(0, len(gone) - MOST_AT_ONCE)]:
            self._drop(key)

    def clear(self) -> None:
        """Forget all."""
        self._sheets.clear()
        self._owners.clear()
        self._last = None

    def _drop(self, key: str | int) -> None:
        for camera, frames in self._sheets.pop(key).frames.items():
            for frame in frames:
                self._owners.pop((camera, frame), None)

    def _judge(self, sheet: _Sheet) -> Why:
        said = [sheet.frames.get(camera, {}) for camera in self._cameras]
        if any(not passed for frames in said for passed in frames.values()):
            return Why.VERDICT
        if sheet.unplaced:
            return Why.UNPLACED
        for frames in said:
            if len(frames) != self._frames or max(frames) - min(frames) != self._frames - 1:
                return Why.ABSENT
        return Why.NO_NUMBER if sheet.number < 0 else Why.PASSED

    def _missing_before(self, number: int) -> list[Judged]:
        """Frames of which nothing was said, or only without a place: their sheets come before this one."""
        if self._by_part:
            return []
        first = number if self._last is None else max(self._last + 1, number - MOST_AT_ONCE)
        self._last = max(number, -1 if self._last is None else self._last)
        missing = []
        for one in range(first, number):
            sheet = self._sheets.pop(one, None)
            missing.append(Judged(one, None, None, Why.ABSENT if sheet is None else Why.UNPLACED))
        return missing


def _apart(one: Place, other: Place) -> bool:
    """Whether frames with one number are of different sheets: a camera was away and counts otherwise than the others since."""
    shorter = min(one.end - one.start - 2 * one.slack, other.end - other.start - 2 * other.slack)
    return abs(one.start - other.start) > shorter // 2 + one.slack + other.slack


def _number_of(key: str | int) -> int:
    """A frame's number, or the id of a part where it is a whole number that 32 bits hold; -1 where it is not."""
    if isinstance(key, int):
        return key
    plain = key.isascii() and key.isdigit() and len(key) <= 10
    return int(key) if plain and int(key) <= MOST_PART_NUMBER else -1
