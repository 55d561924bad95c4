"""Keeps frames as evidence: an observer that takes leases of its own, and two threads that talk to the encoder process.

A frame's path is held up by what decides, takes the lease and puts the frame into a queue: some microseconds. Where the archive has no room
for a frame it is left out, which is counted by class of evidence.
"""

from __future__ import annotations

import logging
import threading
import time

from inspector.archive.books import Books, Kept, Waiting
from inspector.archive.child import EncoderChild, Ended
from inspector.archive.describing import Origin, facts_of, judged_size
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
from inspector.archive.policy import OperatingPointOf, Policy
from inspector.archive.room import Room
from inspector.archive.troubles import Report, Troubles
from inspector.config.archive import ArchiveConfig
from inspector.frames.leased_frame import Inspected, LeasedFrame
from inspector.frames.outcome import Outcome
from inspector.frames.ring import FrameRing

log = logging.getLogger(__name__)

MIB = 1 << 20
STALL_S = 30.0
"""A process that has said nothing for so long while frames wait hangs, and is ended. It says something every 2 s, unless its disk hangs."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Before it is started again."""
KILLED_S = 0.15
"""The end of the line waits so long for a process that it has killed."""


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
        self.stall_s = STALL_S
        self._config, self._origin, self._ring = config, origin, ring
        self._policy = Policy(config, point_of)
        self._books = Books(
            config.path,
            Room(config.most_leases(ring.leases.observer_slots), config.memory_mib * MIB),
            Troubles(config.path, config.warn_days, report),
        )
        self._lock = threading.Lock()
        self._child: EncoderChild | None = None
        self._heard_s = 0.0
        """When the process said something, monotonic."""
        self._stopped = threading.Event()
        self._sender = threading.Thread(target=self._send_all, name="archive-sender", daemon=True)
        self._supervisor = threading.Thread(target=self._supervise, name="archive", daemon=True)

    def start(self) -> None:
        """Start the process, without waiting for it: frames that come meanwhile wait."""
        self._supervisor.start()
        self._sender.start()

    # As an observer.

    def inspected(self, inspected: Inspected) -> None:
        """Archive the frame where the policy says so. Only verdicts are: not what a shadow says, nor what comes too late."""
        if not inspected.is_verdict or inspected.frame.shadow:
            return
        found = self._policy.found(inspected.frame.meta, inspected.outcome)
        if found is not None:
            self._books.take(inspected.frame, inspected.outcome, found)

    def disagreed(self, frame: LeasedFrame, verdict: Outcome, difference: str) -> None:
        """A shadow bundle says otherwise of a frame than its ``verdict``; the lease of ``frame``, which is either bundle's, is valid during
        the call. It is archived unless it was already."""
        found = self._policy.disagreement(difference)
        if found is not None and verdict.bundle is not None:
            self._books.take(frame, verdict, found)

    def kept(self) -> Kept:
        """What was done so far."""
        return self._books.kept()

    @property
    def child_pid(self) -> int | None:
        """Process id of the encoder process; None while there is none."""
        with self._lock:
            return self._child.pid if self._child else None

    # The end.

    def end(self) -> None:
        """Take no further frame; what waits is still archived. Does not wait."""
        self._books.end()

    def close(self, timeout_s: float) -> None:
        """Wait at most ``timeout_s`` until what waits is archived; the rest is counted as left out."""
        self.end()
        if self._supervisor.ident is not None:
            self._supervisor.join(timeout_s)
            self._stopped.set()
            with self._lock:
                child = self._child
            if child is not None:
                child.kill()
            self._supervisor.join(KILLED_S)
        self._books.drop()

    # The thread that sends.

    def _send_all(self) -> None:
        """Send frames in the order in which they were taken, and at the end the request to stop."""
        while (one := self._books.next()) is not None:
            child = self._child
            try:
                # Without a process the frame is dropped, with all that wait; with one that ends meanwhile too.
                if child is not None:
                    child.send(self._message(one))
            except Exception as error:
                meta = one.frame.meta
                log.exception("frame %d of camera %s cannot be archived", meta.frame, meta.camera)
                self._books.refused(one.number, f"internal error: {error}")
        with self._lock:
            child = self._child
        if child is not None:
            child.ask_to_stop()

    def _message(self, one: Waiting) -> Keep:
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
            self._books.drop()
            if self._books.ending:
                return
            self._books.failed(why)
            self._books.tell()
            pause_s = FIRST_PAUSE_S if time.monotonic() - begun_s > LONGEST_PAUSE_S else pause_s
            if self._books.wait_for_end(pause_s):
                return
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)

    def _live(self) -> str:
        """Run one process from start to end, and return how it ended."""
        try:
            child = EncoderChild(self._ring.frames, EncoderSettings(archive=self._config))
            child.start()
        except Exception as error:  # no descriptor, process or memory to be had; perhaps later
            return f"no process could be started: {error}"
        with self._lock:
            self._child, self._heard_s = child, time.monotonic()
        self._books.open()
        if self._books.ending:  # the thread that sends may have ended before
            child.ask_to_stop()
        try:
            return self._converse(child)
        except Ended as ended:
            return f"its process {ended}"
        except Exception as error:
            log.exception("the archive's process is ended for an internal error")
            return f"internal error: {error}"
        finally:
            with self._lock:
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
                self._hear(message)
            elif why := self._hangs():
                return why
            self._books.tell()

    def _hear(self, message: FromEncoder) -> None:
        self._heard_s = time.monotonic()
        if isinstance(message, Copied):
            self._books.copied(message.number)
        elif isinstance(message, Archived):
            self._books.archived(message.number)
        elif isinstance(message, NotArchived):
            self._books.refused(message.number, message.why, full=message.full, by_disk=message.rests)
        elif isinstance(message, Standing):
            self._books.stands(message)
        elif isinstance(message, Opened):
            self._books.opened()
            if message.mended:
                log.warning("the archive in %s was mended: %s", self.path, message.mended)

    def _hangs(self) -> str:
        """Why the process counts as hung; empty where it does not."""
        silent_s = time.monotonic() - self._heard_s
        return (
            f"its process has said nothing for {silent_s:.0f} s" if silent_s > self.stall_s and self._books.owes else ""
        )

    @staticmethod
    def _log_traceback(message: Unusable) -> None:
        if message.traceback:
            log.error(
                "the archive's process met an internal error: %s; report this with the traceback",
                message.why,
                extra={"traceback": message.traceback},
            )
