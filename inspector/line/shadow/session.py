"""One shadow session: which frames the shadow is shown, and what comes of the two answers that each of them gets.

Answers are compared, not verdicts: what the active bundle says after the deadline is no verdict any more, but still what it would have said.
Such frames are counted apart.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from inspector.frames.clock import now_ns, unix_ns
from inspector.frames.leased_frame import Inspected, LeasedFrame
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Outcome
from inspector.frames.sampling import Sampling
from inspector.inference.dispatcher import Dispatcher
from inspector.inference.in_flight import is_late
from inspector.inference.state import State
from inspector.line.shadow.answers import answer_of, difference, name_of
from inspector.line.shadow.counts import Counts
from inspector.line.shadow.figures import CONFIDENCE, report
from inspector.protocol.shadow_report import ShadowReportBody
from inspector.results.shadow_record import Comparison, Disagreement

log = logging.getLogger(__name__)

MOST_OPEN = 256
"""Frames that wait for one of their answers. Of the oldest beyond these no answer will come: the overload policy dropped it."""
KEPT = 200
"""The newest disagreements, for a report of the running line; the journal has all of them."""
RECORD_EVERY_NS = 1_000_000_000


Disagreed = Callable[[LeasedFrame, Outcome, str], None]
"""``disagreed(frame, verdict, difference)``: called where the verdict of a frame, given in time, is not what the shadow says. ``frame`` is that of
either inspection, with a lease that is valid during the call; ``difference`` as in ``answers.difference``."""


class Records(Protocol):
    """Where disagreements and counts are kept. Neither method may block or raise."""

    def record_disagreement(self, disagreement: Disagreement) -> None:
        """Keep a frame on which the answers differ."""

    def record_comparison(self, comparison: Comparison) -> None:
        """Keep the counts so far, in place of those kept before."""


@dataclass(slots=True)
class _Open:
    """A frame that the shadow is shown, until both answers are there."""

    counts: Counts
    active: Outcome | None = None
    shadow: Outcome | None = None
    late: bool = False
    is_verdict: bool = False
    """Whether ``active`` is the verdict of the frame."""


class Session:
    """Is the ``Sampler`` of the shadow's frames and an ``Observer`` of all answers. Every method may be called from any thread."""

    def __init__(
        self,
        shadow: BundleIdentity,
        share: float,
        records: Records,
        *,
        epoch: str,
        most_held: int,
        started_unix_ns: int,
        disagreed: Disagreed = lambda frame, verdict, difference: None,
    ) -> None:
        """``most_held`` is how many frames may be with the shadow at a time."""
        self._disagreed = disagreed
        self.shadow_bundle = name_of(shadow)
        self.share = share
        self.epoch = epoch
        self.started_unix_ns = started_unix_ns
        self._sampling = Sampling(share)
        self._records = records
        self._most_held = most_held
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, BundleIdentity], Counts] = {}
        self._open: dict[tuple[str, int], _Open] = {}
        self._kept: deque[Disagreement] = deque(maxlen=KEPT)
        self._begun_ns = now_ns()
        self._recorded_ns = 0

    # Sampler.

    def wants(self, meta: FrameMeta, active: Dispatcher, shadow: Dispatcher) -> bool:
        """See ``inspector.inference.sampler.Sampler``."""
        if meta.captured_ns < self._begun_ns:  # so that the time of a disagreement says which session it is from
            return False
        try:
            chosen = self._sampling.chosen(meta.camera, meta.frame)
            why_not = self._why_not(meta, active, shadow) if chosen else ""
            with self._lock:
                counts = self._counts_of(meta.camera, active.identity)
                counts.sample.frames += 1
                counts.sample.chosen += chosen
                if why_not:
                    counts.skip(why_not)
                elif chosen:
                    self._expect(meta, counts)
        except Exception:
            log.exception("frame %d of %s is not shown to the shadow", meta.frame, meta.camera)
            return False
        return chosen and not why_not

    def no_slot(self, meta: FrameMeta) -> None:
        """See ``inspector.inference.sampler.Sampler``."""
        with self._lock:
            opened = self._open.pop((meta.camera, meta.frame), None)
            if opened is not None:
                opened.counts.skip("no_slot")

    def _why_not(self, meta: FrameMeta, active: Dispatcher, shadow: Dispatcher) -> str:
        """Why a chosen frame is not shown; empty where it is. Under load the shadow is the first to get nothing."""
        if shadow.supervisor.state is not State.READY:
            return "not_ready"
        # Without a deadline, in a replay, no frame can come too late.
        if meta.deadline_ns is not None and (is_late(meta, now_ns()) or active.behind):
            return "line_behind"
        return "shadow_busy" if shadow.held >= self._most_held else ""

    # Observer.

    def inspected(self, inspected: Inspected) -> None:
        """See ``inspector.frames.leased_frame.Observer``."""
        frame, outcome = inspected.frame, inspected.outcome
        meta = frame.meta
        key = meta.camera, meta.frame
        if key not in self._open:  # nearly always, so without the lock
            return
        with self._lock:
            opened = self._open.get(key)
            if opened is None:
                return
            if frame.shadow:
                opened.shadow = outcome
            else:
                opened.active, opened.is_verdict = outcome, inspected.is_verdict
                opened.late = meta.deadline_ns is not None and now_ns() > meta.deadline_ns
            if opened.active is None or opened.shadow is None:
                return
            del self._open[key]
            found = self._compare(meta, opened, opened.active, opened.shadow)
            rows = self._rows_due()
        if found is not None:
            if opened.is_verdict:
                self._disagreed(frame, opened.active, found.kind)
            self._records.record_disagreement(found)
        for row in rows:
            self._records.record_comparison(row)

    # What came of it.

    def comparisons(self) -> list[Comparison]:
        """The counts so far, by camera and active bundle."""
        with self._lock:
            return self._rows()

    def disagreements(self) -> list[Disagreement]:
        """The newest, oldest first."""
        with self._lock:
            return list(self._kept)

    def report(self, state: str) -> ShadowReportBody:
        """What the shadow would have changed so far; ``state`` is that of its child."""
        if rows := self.comparisons():
            return report(rows, self.disagreements(), state=state)
        return ShadowReportBody(
            epoch=self.epoch,
            started_unix_ns=self.started_unix_ns,
            shadow_bundle=self.shadow_bundle,
            state=state,
            confidence=CONFIDENCE,
            comparisons=(),
        )

    def close(self) -> None:
        """Give up what has not both answers, and keep the last counts."""
        with self._lock:
            for key in list(self._open):
                self._forget(key)
            rows = self._rows()
        for row in rows:
            self._records.record_comparison(row)

    # What follows runs under the lock.

    def _counts_of(self, camera: str, active: BundleIdentity) -> Counts:
        counts = self._counts.get((camera, active))
        if counts is None:
            counts = self._counts[camera, active] = Counts(camera, name_of(active), self.share)
        return counts

    def _expect(self, meta: FrameMeta, counts: Counts) -> None:
        while len(self._open) >= MOST_OPEN:
            self._forget(next(iter(self._open)))
        self._open[meta.camera, meta.frame] = _Open(counts)

    def _forget(self, key: tuple[str, int]) -> None:
        opened = self._open.pop(key)
        opened.counts.unanswered("active" if opened.active is None else "shadow", "none")

    def _compare(self, meta: FrameMeta, opened: _Open, active: Outcome, shadow: Outcome) -> Disagreement | None:
        mine, its = answer_of(active, late=opened.late), answer_of(shadow)
        for who, answer, outcome in (("active", mine, active), ("shadow", its, shadow)):
            if answer is None:
                opened.counts.unanswered(who, outcome.reason.value)
        if mine is None or its is None:
            return None
        assert active.bundle is not None, "it has an answer"
        # A frame that was passed on to the successor of a retired bundle counts as the successor's.
        counts = self._counts_of(meta.camera, active.bundle)
        kind = difference(mine, its)
        counts.compare(mine, its, agreed=not kind)
        if not kind:
            return None
        found = Disagreement(
            epoch=self.epoch,
            run=meta.run,
            camera=meta.camera,
            frame=meta.frame,
            captured_unix_ns=unix_ns(meta.captured_ns),
            active=msgspec.json.encode(mine),
            shadow=msgspec.json.encode(its),
            shadow_bundle=self.shadow_bundle,
            active_bundle=counts.active_bundle,
            kind=kind,
        )
        self._kept.append(found)
        return found

    def _rows_due(self) -> list[Comparison]:
        """The counts, where those in the journal are a second old."""
        now = now_ns()
        if now - self._recorded_ns < RECORD_EVERY_NS:
            return []
        self._recorded_ns = now
        return self._rows()

    def _rows(self) -> list[Comparison]:
        return [counts.row(self.epoch, self.shadow_bundle, self.started_unix_ns) for counts in self._counts.values()]
