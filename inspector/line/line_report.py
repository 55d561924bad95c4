"""Reports a line as it is now: what ``status`` on the control socket answers."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

import msgspec

from inspector.archive.books import Kept
from inspector.frames.clock import now_ns, unix_ns
from inspector.frames.outcome import Reason, Verdict
from inspector.frames.sheet import SHEET
from inspector.protocol.line_report import (
    ArchiveReport,
    CameraReport,
    ClockOfCamera,
    EngineReport,
    JournalReport,
    LatencyReport,
    LineReport,
    RecoveryReport,
    ShadowReport,
    SheetsReport,
    SourceReport,
)
from inspector.protocol.recovery import Outcome
from inspector.results.journal_state import JournalState
from inspector.results.recovery.server import RecoveryState
from inspector.results.snapshot import Snapshot as Published
from inspector.verdicts.ledger import CameraCounts
from inspector.version import __version__

if TYPE_CHECKING:
    from inspector.inference.dispatcher import Dispatcher
    from inspector.line.acquisition import Acquisition
    from inspector.line.line import Line

_RATE_OVER = 10
_EVERY_S = 1.0


class LineReporter:
    """Makes reports of a line, in any of its states. May be used from any thread."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._frames: deque[tuple[float, dict[str, int]]] = deque([(time.monotonic(), {})], maxlen=_RATE_OVER + 1)
        """Monotonic time, and the frames of each camera so far, once a second."""

    def tick(self) -> None:
        """Count the frames where a second has passed. Where this is called now and then, rates are those of the last ten seconds."""
        if time.monotonic() - self._frames[-1][0] >= _EVERY_S:
            self._count(self._line.ledger.counts())

    def report(self) -> LineReport:
        """The line now."""
        line = self._line
        counts, published = line.ledger.counts(), line.results.snapshot()
        rates = self._rates(counts)
        active, now, entry = line.inference.active.identity, now_ns(), line.runs.now
        standby = line.inference.standby
        return LineReport(
            line=line.config.line,
            epoch=line.epoch.epoch,
            software=f"inspector {__version__}",
            unix_ns=unix_ns(now),
            monotonic_ns=now,
            state=line.status.state,
            health=line.health,
            paused=entry.paused,
            run=entry.run or None,
            recipe=entry.setup.recipe or None,
            part=entry.part or None,
            bundle=active.bundle,
            operating_point=active.operating_point,
            engines=self._engines(),
            cameras=[
                _camera(
                    acquisition,
                    counts.get(acquisition.camera.name, _NO_FRAMES),
                    rates.get(acquisition.camera.name, 0.0),
                    published,
                )
                for acquisition in line.cameras
            ],
            sheets=_sheets(line, published),
            latency_ms=_latency(line),
            last_rejects=line.rejects.newest_first(),
            journal=_journal(published.journal),
            recovery=_recovery(published.recovery),
            archive=_archive(line.archive.kept()),
            shadow=_shadow(line),
            standby=standby.identity.bundle if standby else None,
        )

    def _engines(self) -> list[EngineReport]:
        return [_engine(one, role) for role, one in self._line.inference.loaded()]

    def _rates(self, counts: dict[str, CameraCounts]) -> dict[str, float]:
        self.tick()
        with self._lock:
            begun_s, before = self._frames[0]
        passed_s = time.monotonic() - begun_s
        if passed_s <= 0:
            return {}
        return {name: round((books.frames - before.get(name, 0)) / passed_s, 2) for name, books in counts.items()}

    def _count(self, counts: dict[str, CameraCounts]) -> None:
        with self._lock:
            self._frames.append((time.monotonic(), {name: books.frames for name, books in counts.items()}))


_NO_FRAMES = CameraCounts(frames=0, open=0, endings={})


def _camera(acquisition: Acquisition, books: CameraCounts, rate_hz: float, published: Published) -> CameraReport:
    name, counters, clock = acquisition.camera.name, acquisition.counters(), acquisition.clock()
    return CameraReport(
        camera=name,
        frames=books.frames,
        open=books.open,
        rate_hz=rate_hz,
        verdicts=books.verdicts,
        reasons=books.reasons,
        last_seq=published.last_seq[name],
        resolved_through=published.resolved_through[name],
        state=acquisition.connection.state,
        reconnects=acquisition.connection.reconnects,
        source=None if counters is None else SourceReport(**msgspec.structs.asdict(counters)),
        clock=None if clock is None else ClockOfCamera(**msgspec.structs.asdict(clock)),
    )


def _sheets(line: Line, published: Published) -> SheetsReport | None:
    if line.sheets is None:
        return None
    verdicts: Counter[Verdict] = Counter()
    reasons: Counter[Reason] = Counter()
    for (verdict, reason), count in line.sheets.settled.items():
        verdicts[verdict] += count
        reasons[reason] += count
    return SheetsReport(
        cameras=list(line.sheets.cameras),
        sheets=verdicts.total(),
        open=line.sheets.waiting,
        verdicts=verdicts,
        reasons=reasons,
        last_seq=published.last_seq[SHEET],
        resolved_through=published.resolved_through[SHEET],
    )


def _engine(dispatcher: Dispatcher, role: str) -> EngineReport:
    supervisor = dispatcher.supervisor
    return EngineReport(
        bundle=dispatcher.identity.bundle,
        operating_point=dispatcher.identity.operating_point,
        role=role,
        state=supervisor.state.value,
        device=supervisor.device,
        cpu_fallback=supervisor.cpu_fallback,
    )


def _latency(line: Line) -> LatencyReport:
    snapshot = line.snapshot()
    p50, p99 = snapshot.latency_p50_us, snapshot.latency_p99_us
    return LatencyReport(
        p50=None if p50 is None else round(p50 / 1e3, 3),
        p99=None if p99 is None else round(p99 / 1e3, 3),
        max=None if p99 is None else round(snapshot.latency_max_us / 1e3, 3),
    )


def _shadow(line: Line) -> ShadowReport | None:
    info = line.shadow.info
    if info is None:
        return None
    return ShadowReport(bundle=info.bundle, share=info.share, compared=info.compared, disagreements=info.disagreements)


def _journal(state: JournalState | None) -> JournalReport | None:
    if state is None:
        return None
    return JournalReport(path=state.path, error=state.error, waiting=state.waiting, not_journaled=state.not_journaled)


def _recovery(state: RecoveryState | None) -> RecoveryReport | None:
    if state is None:
        return None
    requests = dict.fromkeys(Outcome, 0)
    for (_, outcome), count in state.requests.items():
        requests[Outcome(outcome)] += count
    return RecoveryReport(
        endpoint=state.endpoint,
        connections=state.connections,
        requests=requests,
        waiting=state.waiting,
        publications=state.publications,
        not_let_in=state.refused,
        cut_off=sum(state.cut_off.values()),
        bad_messages=sum(state.bad_messages.values()),
    )


def _archive(kept: Kept | None) -> ArchiveReport | None:
    if kept is None:
        return None
    left_out: Counter[str] = Counter()
    for (evidence, _), count in kept.left_out.items():
        left_out[evidence.value] += count
    standing = kept.standing
    days = None if standing is None else standing.days
    return ArchiveReport(
        path=kept.path,
        error=kept.error,
        archived={evidence.value: count for evidence, count in kept.archived.items()},
        left_out=dict(left_out),
        waiting=kept.waiting,
        entries=None if standing is None else sum(one.entries for one in standing.classes.values()),
        bytes=None if standing is None else sum(one.bytes for one in standing.classes.values()),
        full_in_days=None if days is None else round(days, 2),
    )
