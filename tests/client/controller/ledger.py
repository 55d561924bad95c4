"""What is true about a gate behind one camera, from what the processes wrote down by themselves: what the camera sent, what the daemon journaled and
published, and what the PLC held. All times are monotonic, s, which processes of one machine share. Shares no code with the controller.

The strip triggers the camera: it moves one pitch from one sent frame to the next. A frame shows the strip from where it is when the frame is
captured, one pitch long. The gate is ``distance_um`` behind the camera.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Any, NamedTuple

DECIDED_S = 0.15
"""A sheet is decided at most so long before the PLC has taken it."""
EPOCH_S = 0.5
"""A record may still be of the epoch that ended so long ago: the PLC takes it a little later than it was decided."""


class Sent(NamedTuple):
    """A frame as the camera sent it."""

    at_s: float
    clean: bool
    place_um: int


class Given(NamedTuple):
    """The verdict of a frame, and when it was published."""

    frame: int
    passed: bool
    at_s: float
    position_um: int | None
    epoch: str


class Segment(NamedTuple):
    """Positions that count from one zero."""

    since_s: float
    """When a frame with such a position was published first."""
    epoch: str
    zero: int
    """Number of the frame with position 0."""


@dataclass
class Ledger:
    """``sent``: unix ns by the camera's clock, which is this machine's, and whether the frame is clean. ``messages``: headers and bodies as they were
    published, from the journals and from a subscription. ``plc``: its log. ``steps_s``: by how much the daemon's wall clock may have been set.
    ``faults``: stretches of faults."""

    pitch_um: int
    sheet_um: int
    distance_um: int
    period_s: float
    ahead_s: float
    """This machine's wall clock minus the monotonic one."""
    sent: list[tuple[int, bool]]
    messages: list[tuple[dict[str, Any], dict[str, Any]]]
    plc: list[dict[str, Any]]
    steps_s: tuple[float, ...]
    faults: list[tuple[float, float]]

    def __post_init__(self) -> None:
        self._frames: list[Sent] = []
        for number, (stamp, clean) in enumerate(self.sent):
            self._frames.append(Sent(stamp / 1e9 - self.ahead_s, clean, number * self.pitch_um))
        self._index = {stamp: number for number, (stamp, _) in enumerate(self.sent)}
        self._times = [one.at_s for one in self._frames]
        self._places = [one.place_um for one in self._frames]
        self.given: dict[int, list[Given]] = {}
        """By index of the sent frame."""
        self._enter()
        self._segments = self._find_segments()

    def _enter(self) -> None:
        seen: set[tuple[object, object]] = set()
        for header, body in self.messages:
            key = header["epoch"], header["seq"]
            if header["type"] != "result" or header["camera_ns"] is None or key in seen:
                continue
            seen.add(key)
            index = self._index.get(header["camera_ns"])
            assert index is not None, f"a result about a frame that the camera did not send: {header}"
            assert header["simulated"] is False
            one = Given(
                header["frame"],
                body["verdict"] == "PASS",
                self._published(header["published_unix_ns"] / 1e9, self._frames[index].at_s),
                header["position_um"],
                header["epoch"],
            )
            self.given.setdefault(index, []).append(one)

    def _published(self, unix_s: float, sent_s: float) -> float:
        """The daemon's wall clock may have been set: of the possible moments the one that is next behind the capture."""
        candidates = [unix_s - step - self.ahead_s for step in self.steps_s]
        return min(candidates, key=lambda at_s: abs(at_s - sent_s))

    def _find_segments(self) -> list[Segment]:
        first: dict[tuple[str, int], float] = {}
        for given in self.given.values():
            for one in given:
                if one.position_um is not None:
                    key = one.epoch, one.frame - round(one.position_um / self.pitch_um)
                    first[key] = min(first.get(key, one.at_s), one.at_s)
        return sorted(Segment(since_s, *key) for key, since_s in first.items())

    # Where the strip was, and what was at the gate.

    def at_gate(self, at_s: float) -> float | None:
        """Coordinate of the strip at the gate, um; None: before the camera began."""
        after = bisect.bisect_right(self._times, at_s)
        if after == 0:
            return None
        here = self._frames[after - 1]
        if after == len(self._frames):
            moved = min(self.pitch_um, self.pitch_um * (at_s - here.at_s) / self.period_s)
        else:
            there = self._frames[after]
            moved = (there.place_um - here.place_um) * (at_s - here.at_s) / (there.at_s - here.at_s)
        return here.place_um + moved - self.distance_um

    def opened(self) -> list[tuple[float, float]]:
        """Stretches in which the gate was open."""
        found, since = [], None
        for one in self.plc:
            if "open" in one:
                if one["open"]:
                    since = one["at"]
                elif since is not None:
                    found.append((since, one["at"]))
                    since = None
        return found

    def wrongly_open(self, tolerance_um: float) -> list[str]:
        """What was let through though no PASS in time was given for it."""
        found = []
        for begin_s, end_s in self.opened():
            first, last = self.at_gate(begin_s), self.at_gate(end_s)
            if first is None or last is None:
                found.append(f"open at {begin_s:.3f}: before the camera began")
                continue
            first, last = first + tolerance_um, last - tolerance_um
            if last > first:
                found += [f"open {begin_s:.3f} to {end_s:.3f}: {problem}" for problem in self._through(first, last)]
        return found

    def _through(self, first: float, last: float) -> list[str]:
        begin = bisect.bisect_right(self._places, first) - 1
        end = bisect.bisect_left(self._places, last)
        if begin < 0:
            return ["the strip there was never seen"]
        problems = []
        for index in range(begin, end):
            sent, given = self._frames[index], self.given.get(index, [])
            if self._places[index] + self.pitch_um > first:
                if not sent.clean:
                    problems.append(f"sent frame {index} shows a defect")
                elif [one.passed for one in given] != [True]:
                    problems.append(f"sent frame {index}: {len(given)} verdicts, none or not all PASS")
                elif given[0].at_s > self._passes_at(sent.place_um):
                    problems.append(f"sent frame {index}: its PASS came when it had come to the gate")
        return problems

    def defects_at_gate(self) -> list[float]:
        """When each frame that shows a defect comes to the gate."""
        return [self._passes_at(one.place_um) for one in self._frames if not one.clean]

    def _passes_at(self, place_um: float) -> float:
        """When this place of the strip comes to the gate."""
        at = bisect.bisect_left(self._places, place_um + self.distance_um)
        return self._times[at] if at < len(self._times) else float("inf")

    # Records.

    def _records(self) -> list[tuple[int, bool, float]]:
        found = []
        for one in self.plc:
            if "taken" in one:
                _, number, verdict = one["taken"]
                found.append((number - (1 << 32) if number >= 1 << 31 else number, verdict == 1, one["at"]))
        return found

    def wrong_records(self) -> list[str]:
        """Sheets that the PLC was told to pass without a PASS in time of every frame that shows them."""
        found = []
        for number, passed, at_s in self._records():
            segments = [one for one in self._segments if one.since_s <= at_s]
            last = [
                one for one in segments if not any(at_s - EPOCH_S > later.since_s > one.since_s for later in segments)
            ]
            problems = [self._problem(one, number, at_s) for one in last]
            if passed and all(problems):
                found.append(
                    f"sheet {number} at {at_s:.3f}: {problems[-1] if problems else 'nothing was heard of the line'}"
                )
        return found

    def read_late(self, read_s: dict[Any, float]) -> int:
        """Sheets that passed rightly, and would count as wrong by the moments at which a listener of this machine read the verdicts."""
        found = 0
        for number, passed, at_s in self._records():
            begun = [one for one in self._segments if one.since_s <= at_s]
            if passed and begun and not self._problem(begun[-1], number, at_s):
                frames = self._of(begun[-1])
                first = number * self.sheet_um // self.pitch_um * self.pitch_um
                shown = [frames[place] for place in range(first, (number + 1) * self.sheet_um, self.pitch_um)]
                found += any(read_s.get(self.sent[index][0], 0.0) > at_s for index in shown)
        return found

    def expected(self, until_s: float) -> dict[tuple[Segment, int], float]:
        """Sheets that were seen whole and passed in stretches without a fault, and are through before ``until_s``; when they come to the gate."""
        found = {}
        for segment in self._segments:
            later = min((one.since_s for one in self._segments if one.since_s > segment.since_s), default=until_s)
            frames = self._of(segment)
            if not frames:
                continue
            for number in range(-(-min(frames) // self.sheet_um), max(frames) // self.sheet_um):
                index = frames.get((number * self.sheet_um) // self.pitch_um * self.pitch_um)
                if index is None:
                    continue
                came_s, at_s = self._times[index], self._passes_at(self._places[index])
                through_s = at_s + self.sheet_um / self.pitch_um * self.period_s
                quiet = not any(begin <= through_s and came_s <= end for begin, end in self.faults)
                if quiet and at_s < min(later, until_s) and not self._problem(segment, number, at_s):
                    found[segment, number] = at_s
        return found

    def held_back(self, until_s: float, decide_s: float) -> list[tuple[int, float]]:
        """Those of ``expected`` that the PLC was not told to pass, though their PASS was there ``decide_s`` before they came to the gate."""
        records, passing_s = self._records(), self.sheet_um / self.pitch_um * self.period_s
        found = []
        for (segment, number), at_s in self.expected(until_s).items():
            last = [
                passed
                for one, passed, taken_s in records
                if one == number and segment.since_s <= taken_s <= at_s + passing_s
            ]
            if not (last and last[-1]) and not self._problem(segment, number, at_s - decide_s):
                found.append((number, at_s))
        return found

    def _of(self, segment: Segment) -> dict[int, int]:
        """Sent frames by their position."""
        if not hasattr(self, "_by_segment"):
            self._by_segment: dict[tuple[str, int], dict[int, int]] = {}
            for index, given in self.given.items():
                for one in given:
                    if one.position_um is not None:
                        key = one.epoch, one.frame - round(one.position_um / self.pitch_um)
                        self._by_segment.setdefault(key, {})[one.position_um] = index
        return self._by_segment[segment.epoch, segment.zero]

    def _problem(self, segment: Segment, number: int, at_s: float) -> str:
        """Why the sheet must not pass at this moment; empty where it may."""
        start, end = number * self.sheet_um, (number + 1) * self.sheet_um
        frames = self._of(segment)
        for position in range(start // self.pitch_um * self.pitch_um, end, self.pitch_um):
            index = frames.get(position)
            if index is None:
                return f"no frame at {position} um of {segment}"
            given = self.given[index]
            if not self._frames[index].clean or [one.passed for one in given] != [True]:
                return f"frame {given[0].frame}, sent as {index}: clean {self._frames[index].clean}, {given}"
            if given[0].at_s > at_s:
                return f"frame {given[0].frame}: its PASS came {given[0].at_s - at_s:.3f} s after the PLC had it"
        return ""

    def shifted(self) -> list[str]:
        """Where the daemon's numbers and the camera's do not go together: a frame would be taken for another one."""
        found = []
        for segment in self._segments:
            frames = self._of(segment)
            apart = {index * self.pitch_um - position for position, index in frames.items()}
            if len(apart) > 1:
                found.append(f"{segment}: {sorted(apart)}")
        return found
