"""The frames that wait to be archived, with their leases, and what became of those before."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import NamedTuple

from inspector.archive.describing import judged_size
from inspector.archive.entry import Evidence
from inspector.archive.messages import Standing
from inspector.archive.policy import Found
from inspector.archive.room import Room
from inspector.archive.troubles import Troubles
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder, Lease
from inspector.frames.outcome import Outcome

REMEMBERED = 4096
"""Frames that a later disagreement does not archive again."""
BUSY, DISK, ENDED, STOPPING = "busy", "disk", "process", "stopping"
REASONS = (BUSY, DISK, ENDED, STOPPING)
"""Why frames are left out: no room, the disk did not take them, the process ended with them, the line stopped."""


@dataclass(slots=True)
class Waiting:
    """A frame that is to be archived."""

    number: int
    frame: LeasedFrame
    outcome: Outcome
    found: Found
    bytes: int
    lease: Lease | None
    """None once its pixels are copied."""


class Kept(NamedTuple):
    """What the archive has done since the start of the line."""

    path: str
    archived: dict[Evidence, int]
    left_out: dict[tuple[Evidence, str], int]
    """By class and reason."""
    waiting: int
    error: str
    """Why nothing is archived now; empty where it is."""
    standing: Standing | None
    """How full the archive is; None before that is known."""


class Books:
    """The books of one line. Every method may be called from any thread; none waits for the process or the disk, but ``next``."""

    def __init__(self, path: str, room: Room, troubles: Troubles) -> None:
        """``troubles`` is used under the lock of these books."""
        self._path, self._room, self._troubles = path, room, troubles
        self._holder = Holder("archive", observer=True)
        self._changed = threading.Condition()
        self._queue: deque[Waiting] = deque()
        """To be sent to the process."""
        self._sent: dict[int, Waiting] = {}
        self._taken: dict[tuple[str, int], None] = {}
        self._archived: Counter[Evidence] = Counter()
        self._left_out: Counter[tuple[Evidence, str]] = Counter()
        self._number = 0
        self._standing: Standing | None = None
        self._ending = False
        self._refusing = ENDED
        """Why no frame is taken at all; empty where they are."""

    def take(self, frame: LeasedFrame, outcome: Outcome, found: Found) -> None:
        """Queue a frame with a lease of its own, or count it as left out."""
        assert outcome.bundle is not None, "it was inspected"
        key = frame.meta.camera, frame.meta.frame
        size = judged_size(outcome, outcome.bundle).pixels
        with self._changed:
            if key in self._taken:
                return
            lease = None
            if not self._refusing and self._room.is_for(found.evidence, size):
                lease = frame.lease.share(self._holder)
            if lease is None:
                self._leave_out(found.evidence, self._refusing or BUSY)
                return
            self._remember(key)
            self._number += 1
            self._queue.append(Waiting(self._number, frame, outcome, found, size, lease))
            self._room.leased += 1
            self._room.waiting_bytes += size
            self._changed.notify_all()

    def open(self) -> None:
        """There is a process: frames are taken."""
        with self._changed:
            self._refusing = STOPPING if self._ending else ""

    def drop(self) -> None:
        """The process has ended: what it has not archived is left out, and no frame is taken until there is another one."""
        with self._changed:
            self._refusing = STOPPING if self._ending else ENDED
            self._sent.update((one.number, one) for one in self._queue)
            self._queue.clear()
            for number in list(self._sent):
                self._refused(number, self._refusing)

    def end(self) -> None:
        """Take no further frame."""
        with self._changed:
            self._ending, self._refusing = True, STOPPING
            self._changed.notify_all()

    @property
    def ending(self) -> bool:
        """Whether no further frame is taken."""
        with self._changed:
            return self._ending

    def wait_for_end(self, timeout_s: float) -> bool:
        """Wait so long for ``end``; whether it came."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ending, timeout_s)

    def next(self) -> Waiting | None:
        """The next frame to be sent, waiting until there is one; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._ending)
            if not self._queue:
                return None
            one = self._queue.popleft()
            self._sent[one.number] = one
            return one

    def copied(self, number: int) -> None:
        """The pixels of a frame are copied."""
        with self._changed:
            if (one := self._sent.get(number)) is not None:
                self._release(one)

    def archived(self, number: int) -> None:
        """A frame is in the archive."""
        with self._changed:
            if (one := self._forget(number)) is not None:
                self._archived[one.found.evidence] += 1
                self._troubles.written(one.found.evidence)

    def refused(self, number: int, why: str, *, full: bool = False, by_disk: bool = False) -> None:
        """A frame could not be archived; ``full``: for lack of room, of the disk or of its class."""
        with self._changed:
            one = self._refused(number, DISK)
            if full and one is not None:
                self._troubles.full(None if by_disk else one.found.evidence, why)
            else:
                self._troubles.failing(why)

    def opened(self) -> None:
        """The archive is open."""
        with self._changed:
            self._troubles.opened()

    def stands(self, standing: Standing) -> None:
        """How full the archive is."""
        with self._changed:
            self._standing = standing
            self._troubles.standing(standing)

    def failed(self, why: str) -> None:
        """The process failed."""
        with self._changed:
            self._troubles.failing(why)

    def tell(self) -> None:
        """Report what has changed about the archive's troubles."""
        with self._changed:
            news = self._troubles.news()
        if news is not None:
            self._troubles.tell(news)

    @property
    def owes(self) -> bool:
        """Whether the process has frames that it has not answered."""
        with self._changed:
            return bool(self._sent)

    def kept(self) -> Kept:
        """What was done so far."""
        with self._changed:
            waiting = len(self._queue) + len(self._sent)
            archived, left_out = dict(self._archived), dict(self._left_out)
            return Kept(self._path, archived, left_out, waiting, self._troubles.error, self._standing)

    # What follows runs under the lock.

    def _remember(self, key: tuple[str, int]) -> None:
        self._taken[key] = None
        if len(self._taken) > REMEMBERED:
            del self._taken[next(iter(self._taken))]

    def _leave_out(self, evidence: Evidence, why: str) -> None:
        self._left_out[evidence, why] += 1
        if why is BUSY and evidence is not Evidence.CLEAN:  # a sample may be smaller than it was to be
            self._troubles.left_out(evidence)

    def _refused(self, number: int, why: str) -> Waiting | None:
        if (one := self._forget(number)) is not None:
            self._leave_out(one.found.evidence, why)
        return one

    def _forget(self, number: int) -> Waiting | None:
        one = self._sent.pop(number, None)
        if one is not None:
            self._release(one)
            self._room.waiting_bytes -= one.bytes
        return one

    def _release(self, one: Waiting) -> None:
        lease, one.lease = one.lease, None
        if lease is not None:
            self._room.leased -= 1
            lease.release()
