"""What was said of frames, as far as it counts for sheets: where each frame is on the strip, and whether it is a PASS."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

MOST_FRAMES = 20_000
"""Frames of one camera that are kept; the oldest are forgotten, and what is forgotten passes nothing."""


class Why(str, Enum):
    """Why a sheet passes, or does not."""

    PASSED = "passed"
    """An explicit PASS of every camera that covers it, in time."""
    VERDICT = "verdict"
    """A frame of it has another verdict than PASS."""
    ABSENT = "absent"
    """A verdict is missing: no message of it came in time."""
    UNSEEN = "unseen"
    """It was past the camera before anything was heard: at the start, after a new epoch, after a jump of the position."""
    LATE = "late"
    """The sheet may have been at the gate already when it could be decided."""
    UNPLACED = "unplaced"
    """Frames do not cover it: an unknown position, or a stretch that no frame shows."""
    BLOCKED = "blocked"
    """Nothing passes at present: not armed, a fault, silence, another epoch, no clock, no position."""
    UNCONFIRMED = "unconfirmed"
    """The actuator had not taken the verdict when the sheet came to the gate."""
    NO_NUMBER = "no_number"
    """The id of the part is no whole number, so that the actuator cannot be told of it."""


class Place(NamedTuple):
    """A stretch in the coordinate of the sheets."""

    start: int
    end: int
    slack: int = 0
    """It certainly reaches from start + slack to end - slack only."""


class Sight(NamedTuple):
    """The verdict of one frame."""

    frame: int
    place: Place | None
    """What it shows; None: unknown."""
    passed: bool


class FrameTable:
    """The verdicts of one camera's frames."""

    def __init__(self, overlap: int = 0) -> None:
        """``overlap``: two frames in a row show at most so much of the strip twice."""
        self._overlap = overlap
        self._frames: dict[int, Sight] = {}
        self._newest = -1
        self._begun: int | None = None
        """Where the first frame begins that has a place."""

    def add(self, sight: Sight) -> Sight:
        """Keep it, and return what is known of the frame now. One with two verdicts has none that counts."""
        if (before := self._frames.get(sight.frame)) is not None:
            sight = Sight(sight.frame, before.place or sight.place, False)
        self._frames[sight.frame] = sight
        self._newest = max(self._newest, sight.frame)
        if sight.place is not None and (self._begun is None or sight.place[0] < self._begun):
            self._begun = sight.place[0]
        while len(self._frames) > MOST_FRAMES:
            del self._frames[next(iter(self._frames))]
        return sight

    def clear(self) -> None:
        """Forget all."""
        self._frames.clear()
        self._newest = -1
        self._begun = None

    def forget_before(self, coordinate: int) -> None:
        """Forget frames that end before it, and those without a place that are older than the oldest that is left."""
        kept = [one.frame for one in self._frames.values() if one.place is not None and one.place[1] >= coordinate]
        oldest = min(kept, default=self._newest)
        self._frames = {number: one for number, one in self._frames.items() if number >= oldest}

    def judge(self, start: int, end: int, unseen: int) -> Why:
        """What the frames say of the stretch from ``start`` to ``end``: PASSED only where each frame that shows, or may show, a part of it is a
        PASS, no number in between is missing, and nothing longer than ``unseen`` is left out."""
        if self._begun is None or start < self._begun:
            return Why.UNSEEN
        placed = [(one.frame, one.place, one.passed) for one in self._frames.values() if one.place is not None]
        inside = sorted(
            (frame, place, passed) for frame, place, passed in placed if place[0] < end and place[1] > start
        )
        if any(not passed for _, _, passed in inside):
            return Why.VERDICT
        if not inside:
            return self._between(start, end)
        (first, begin, _), (last, until, _) = inside[0], inside[-1]
        if last - first >= len(self._frames):
            return Why.ABSENT
        needed = set(range(first, last + 1))
        if first > 0 and begin[0] + self._overlap > start:
            needed.add(first - 1)
        if until[1] - self._overlap < end:
            needed.add(last + 1)
        if needed - self._frames.keys():
            return Why.ABSENT
        if any(self._frames[number].place is None for number in needed):
            return Why.UNPLACED
        reached, before = start, None
        for _, place, _ in inside:
            if place[0] > reached + unseen or (before is not None and place[0] < before - self._overlap - unseen):
                return Why.UNPLACED
            reached, before = max(reached, place[1]), place[1]
        return Why.PASSED if reached + unseen >= end else Why.UNPLACED

    def _between(self, start: int, end: int) -> Why:
        """No frame shows any of it: whether the frames that should have are known to have no pixels, or nothing was said of them."""
        placed = [(one.frame, one.place) for one in self._frames.values() if one.place is not None]
        before = max((frame for frame, place in placed if place[1] <= start), default=None)
        after = min((frame for frame, place in placed if place[0] >= end), default=None)
        if after is None:  # nothing came of it yet, or its frames have no place at present
            newest = self._frames.get(self._newest)
            return Why.ABSENT if newest is None or newest.place is not None else Why.UNPLACED
        if before is None:
            return Why.ABSENT
        return Why.UNPLACED if all(number in self._frames for number in range(before, after)) else Why.ABSENT
