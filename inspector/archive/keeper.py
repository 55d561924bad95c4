"""Keeps frames as evidence: an observer that takes leases of its own, and two threads that talk to the encoder process.

A frame's path is held up by what decides, takes the lease and puts the frame into a queue: some microseconds. Where the archive has no room
for a frame it is left out, which is counted by class of evidence.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from inspector.archive.child import EncoderChild, Ended
from inspector.archive.describing import Origin, facts_of, judged_size
from inspector.archive.entry import Evidence
from inspector.archive.messages import (
    Archived,
    Copied,
    EncoderSettings,
    FromEncoder,
    Keep,
    NotArchived,
    Opened,
    Standing,
    Unusable,
)
from inspector.archive.policy import Found, OperatingPointOf, Policy
from inspector.archive.room import Room
from inspector.archive.troubles import Report, Troubles
from inspector.config.archive import ArchiveConfig
from inspector.frames.leased_frame import Inspected, LeasedFrame
from inspector.frames.leases import Holder, Lease
from inspector.frames.outcome import Outcome
from inspector.frames.ring import FrameRing

log = logging.getLogger(__name__)

MIB = 1 << 20
STALL_S = 30.0
"""A process that has said nothing for so long while frames wait hangs, and is ended. It says something every 2 s, unless its disk hangs."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Before it is started again."""
REMEMBERED = 4096
"""Frames that a later disagreement does not archive again."""

BUSY, DISK, ENDED, STOPPING = "busy", "disk", "process", "stopping"
REASONS = (BUSY, DISK, ENDED, STOPPING)
"""Why frames are left out: no room, the disk did not take them, the process ended with them, the line stopped."""


@dataclass(slots=True)
class _Waiting:
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


@dataclass(slots=True)
class _Counts:
    archived: Counter[Evidence] = field(default_factory=Counter)
    left_out: Counter[tuple[Evidence, str]] = field(default_factory=Counter)


class Keeper:
    """The ``Observer`` that archives. Every method may be called from any thread."""

    def __init__(
        self,
        config: ArchiveConfig,
        origin: Origin,
        ring: FrameRing,
        point_of: OperatingPointOf,
        report: Report,
    ) -> None:
        """``config.path`` names the archive; ``report`` is told what is wrong with it."""
        assert config.path is not None, "without a path there is no archive"
        self.path = config.path
        self._config, self._origin, self._ring = config, origin, ring
        self.stall_s = STALL_S
        self._policy = Policy(config, point_of)
        self._holder = Holder("archive", observer=True)
        self._troubles = Troubles(config.path, config.warn_days, report)
        self._changed = threading.Condition()
        """Guards what follows."""
        self._room = Room(config.most_leases(ring.leases.observer_slots), config.memory_mib * MIB)
        self._queue: deque[_Waiting] = deque()
        """To be sent to the process."""
        self._sent: dict[int, _Waiting] = {}
        self._taken: dict[tuple[str, int], None] = {}
        self._counts = _Counts()
        self._number = 0
        self._standing: Standing | None = None
        self._child: EncoderChild | None = None
        self._ending = False
        self._heard_s = 0.0
        """When the process said something, monotonic."""
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._send_all, name="archive-sender", daemon=True),
            threading.Thread(target=self._supervise, name="archive", daemon=True),
        ]

    def start(self) -> None:
        """Start the process, without waiting for it: frames that come meanwhile wait."""
        for thread in self._threads:
            thread.start()

    # As an observer.

    def inspected(self, inspected: Inspected) -> None:
        """Archive the frame where the policy says so. Only verdicts are: not what a shadow says, nor what comes too late."""
        if not inspected.is_verdict or inspected.frame.shadow:
            return
        found = self._policy.found(inspected.frame.meta, inspected.outcome)
        if found is not None:
            self._take(inspected.frame, inspected.outcome, found)

    def disagreed(self, frame: LeasedFrame, verdict: Outcome, difference: str) -> None:
        """A shadow bundle says otherwise of a frame than its ``verdict``; the lease of ``frame``, which is either bundle's, is valid during
        the call. It is archived unless it was already."""
        found = self._policy.disagreement(difference)
        if found is not None and verdict.bundle is not None:
            self._take(frame, verdict, found)

    def kept(self) -> Kept:
        """What was done so far."""
        with self._changed:
            return Kept(
                self.path,
                dict(self._counts.archived),
                dict(self._counts.left_out),
                len(self._queue) + len(self._sent),
                self._troubles.error,
                self._standing,
            )

    # The end.

    def end(self) -> None:
        """Take no further frame; what waits is still archived. Does not wait."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def close(self, timeout_s: float) -> None:
        """Wait at most ``timeout_s`` until what waits is archived; the rest is counted as left out."""
        self.end()
        if self._threads[1].ident is not None:
            self._threads[1].join(timeout_s)
        self._stopped.set()
        with self._changed:
            child = self._child
        if child is not None:
            child.kill()
        if self._threads[1].ident is not None:
            self._threads[1].join(0.15)
        self._drop(STOPPING)

    @property
    def child_pid(self) -> int | None:
        """Process id of the encoder process; None while there is none."""
        with self._changed:
            return self._child.pid if self._child else None

    def _take(self, frame: LeasedFrame, outcome: Outcome, found: Found) -> None:
        """Queue a frame, or count it as left out."""
        assert outcome.bundle is not None, "it was inspected"
        key = frame.meta.camera, frame.meta.frame
        size = judged_size(outcome, outcome.bundle).pixels
        with self._changed:
            if key in self._taken:
                return
            lease = None
            why = STOPPING if self._ending else ENDED if self._child is None else BUSY
            if why is BUSY and self._room.is_for(found.evidence, size):
                lease = frame.lease.share(self._holder)
            if lease is None:
                self._leave_out(found.evidence, why)
                return
            self._remember(key)
            self._number += 1
            self._queue.append(_Waiting(self._number, frame, outcome, found, size, lease))
            self._room.leased += 1
            self._room.waiting_bytes += size
            self._changed.notify_all()

    # What follows runs under the lock.

    def _remember(self, key: tuple[str, int]) -> None:
        self._taken[key] = None
        if len(self._taken) > REMEMBERED:
            del self._taken[next(iter(self._taken))]

    def _leave_out(self, evidence: Evidence, why: str) -> None:
        self._counts.left_out[evidence, why] += 1
        if why is BUSY and evidence is not Evidence.CLEAN:  # a sample may be smaller than it was to be
            self._troubles.left_out(evidence)

    def _release(self, one: _Waiting) -> None:
        lease, one.lease = one.lease, None
        if lease is not None:
            self._room.leased -= 1
            lease.release()

    def _forget(self, number: int) -> _Waiting | None:
        one = self._sent.pop(number, None)
        if one is not None:
            self._release(one)
            self._room.waiting_bytes -= one.bytes
        return one

    # The thread that sends.

    def _send_all(self) -> None:
        """Send frames in the order in which they were taken, and at the end the request to stop."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._ending)
                child = self._child
                one = self._queue.popleft() if self._queue else None
                if one is not None:
                    self._sent[one.number] = one
            if one is None:
                if child is not None:
                    child.ask_to_stop()
                return
            try:
                if child is not None:
                    child.send(self._message(one))
            except Exception:
                meta = one.frame.meta
                log.exception("frame %d of camera %s cannot be archived", meta.frame, meta.camera)
                with self._changed:
                    self._forget(one.number)
                    self._leave_out(one.found.evidence, DISK)

    def _message(self, one: _Waiting) -> Keep:
        frame, outcome, kept = one.frame, one.outcome, self._config.kept(one.found.evidence.value)
        assert outcome.bundle is not None, "it was inspected"
        return Keep(
            number=one.number,
            slot=frame.lease.slot,
            size=judged_size(outcome, outcome.bundle),
            layout=frame.layout,
            facts=facts_of(self._origin, frame.meta, outcome, one.found, kept),
            quality=kept.quality,
            mask=outcome.mask if outcome.pixels else None,
        )

    # The thread that starts the process, and hears it.

    def _supervise(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            begun_s = time.monotonic()
            why = self._live()
            self._drop(STOPPING if self._ending else ENDED)
            if self._ending:
                return
            with self._changed:
                self._troubles.failing(why)
            self._tell()
            pause_s = FIRST_PAUSE_S if time.monotonic() - begun_s > LONGEST_PAUSE_S else pause_s
            with self._changed:
                if self._changed.wait_for(lambda: self._ending, pause_s):
                    return
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)

    def _live(self) -> str:
        """Run one process from start to end, and return how it ended."""
        try:
            child = EncoderChild(self._ring.frames, EncoderSettings(archive=self._config))
            child.start()
        except Exception as error:  # no descriptor, process or memory to be had; perhaps later
            return f"no process could be started: {error}"
        with self._changed:
            self._child, self._heard_s = child, time.monotonic()
            ending = self._ending
        if ending:  # the thread that sends may have ended before
            child.ask_to_stop()
        try:
            return self._converse(child)
        except Ended as ended:
            return f"its process {ended}"
        except Exception as error:
            log.exception("the archive's process is ended for an internal error")
            return f"internal error: {error}"
        finally:
            with self._changed:
                self._child = None
            if not child.end(0.0):
                log.error("the process of the archive in %s waits for its disk and was left behind", self.path)

    def _converse(self, child: EncoderChild) -> str:
        while True:
            message = child.receive()
            if self._stopped.is_set():
                return "stopped"
            if message is not None:
                if isinstance(message, Unusable):
                    self._log_traceback(message)
                    return message.why
                self._heard(message)
            elif why := self._hangs():
                return why
            self._tell()

    def _heard(self, message: FromEncoder) -> None:
        self._heard_s = time.monotonic()
        with self._changed:
            if isinstance(message, Copied):
                if (one := self._sent.get(message.number)) is not None:
                    self._release(one)
            elif isinstance(message, Archived):
                if (one := self._forget(message.number)) is not None:
                    self._counts.archived[one.found.evidence] += 1
                self._troubles.written()
            elif isinstance(message, NotArchived):
                if (one := self._forget(message.number)) is not None:
                    self._leave_out(one.found.evidence, DISK)
                (self._troubles.full if message.full else self._troubles.failing)(message.why)
            elif isinstance(message, Standing):
                self._standing = message
                self._troubles.standing(message)
            elif isinstance(message, Opened):
                self._troubles.written()
                if message.mended:
                    log.warning("the archive in %s was mended: %s", self.path, message.mended)

    def _tell(self) -> None:
        with self._changed:
            news = self._troubles.news()
        if news is not None:
            self._troubles.tell(news)

    def _hangs(self) -> str:
        """Why the process counts as hung; empty where it does not."""
        silent_s = time.monotonic() - self._heard_s
        with self._changed:
            waiting = bool(self._sent)
        return f"its process has said nothing for {silent_s:.0f} s" if waiting and silent_s > self.stall_s else ""

    def _drop(self, why: str) -> None:
        """Leave out what the process has not archived."""
        with self._changed:
            for one in (*self._queue, *self._sent.values()):
                self._sent[one.number] = one
            self._queue.clear()
            for number in list(self._sent):
                if (dropped := self._forget(number)) is not None:
                    self._leave_out(dropped.found.evidence, why)

    @staticmethod
    def _log_traceback(message: Unusable) -> None:
        if message.traceback:
            log.error(
                "the archive's process met an internal error: %s; report this with the traceback",
                message.why,
                extra={"traceback": message.traceback},
            )
