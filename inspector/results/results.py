"""Takes the line's verdicts and events, and has them numbered, journaled and published."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import cast

import msgspec

from inspector.config.journal import JournalConfig
from inspector.config.keys import KeysConfig
from inspector.config.results import ResultsConfig
from inspector.errors import UserError
from inspector.frames.latency import LatencyHistogram
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Settled
from inspector.frames.sheet import SHEET
from inspector.protocol.codec import MalformedError
from inspector.protocol.coil import COIL
from inspector.protocol.messages import Header, StartBody
from inspector.results.bad_messages import Fault
from inspector.results.coil_stream import CoilMessage, CoilStream
from inspector.results.command_record import CommandRecord
from inspector.results.endpoint import InUseError
from inspector.results.identity import Identity, StartInfo, Totals
from inspector.results.journal import Journal
from inspector.results.journal_reader import JournalReader
from inspector.results.journal_state import JournalState
from inspector.results.message_parts import settings
from inspector.results.peer_limits import Cause, PeerLimits
from inspector.results.publisher import Publisher
from inspector.results.recovery.address import neighbour
from inspector.results.recovery.recent import Recent
from inspector.results.recovery.server import RecoveryServer, RecoveryState
from inspector.results.shadow_record import Comparison, Disagreement
from inspector.results.sheet_stream import SheetStream
from inspector.results.status import Status
from inspector.results.stream import Stream

log = logging.getLogger(__name__)

LONGEST_CLOSE_S = 0.9
LONGEST_TRIAL_S = 1.0
"""A journal that takes no trial write in this time counts as one that cannot be written."""
_LIMITS = PeerLimits()
_STREAMS: dict[str, type[Stream]] = {SHEET: SheetStream, COIL: CoilStream}
"""Those that are not of a camera."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What was published so far."""

    endpoint: str
    alive: bool
    """False before ``start``, after ``close`` and where the publishing thread failed: nothing is published then."""
    published: int
    """Numbered publications of all cameras."""
    waiting: int
    """Verdicts and events queued for the publishing thread."""
    failed: int
    """Verdicts and events that could not be published; the log holds the reasons."""
    last_seq: dict[str, int]
    """Per camera; -1 before the first publication."""
    resolved_through: dict[str, int]
    """Per camera; -1 before the first."""
    subscriptions: int
    connections: int
    """Open now."""
    accepted: int
    """Connections so far."""
    cut_off: dict[Cause, int]
    """How often connections were cut off."""
    refused: int | None
    """How often somebody was not let in; None where no keys are used."""
    bad_messages: dict[Fault, int]
    """How many messages of peers could not be used."""
    published_bytes: int
    """Of the numbered publications."""
    journal: JournalState | None
    recovery: RecoveryState | None
    """None where there is no recovery socket."""


class Results:
    """Publisher, recovery and journal of one epoch. Every method except ``start`` and ``close`` may be called from any
    thread; what one thread passes in is published in that order."""

    def __init__(
        self,
        config: ResultsConfig,
        journal: JournalConfig,
        identity: Identity,
        journal_changed: Callable[[bool, str, str], None] = lambda well, code, text: None,
        peers_changed: Callable[[bool, str, str], None] = lambda well, code, text: None,
        limits: PeerLimits = _LIMITS,
        keys: KeysConfig | None = None,
    ) -> None:
        """``journal_changed(well, code, text)`` is called, in the publishing thread, when the journal begins to fail and when it works
        again; ``peers_changed``, in any thread, when peers have to be cut off and when that is over. ``limits`` are those of peers, ``keys`` those
        of the line and its clients, for an address over TCP."""
        self._config = config
        self._line = identity.line
        self._journal = Journal(journal, identity) if journal.path is not None else None
        self._streams = {
            name: _STREAMS.get(name, Stream)(
                identity, name, heartbeat_ms=config.heartbeat_ms, masks=config.masks, durable=self._durable
            )
            for name in identity.streams
        }
        stored_through = None if self._journal is None else self._journal.done_through
        recent = Recent(identity.streams, config.recovery.memory_mib << 20, stored_through)
        self._publisher = Publisher(
            config,
            identity.line,
            self._streams.values(),
            self._journal,
            recent,
            journal_changed,
            peers_changed,
            limits,
            keys,
        )
        self._recovery = RecoveryServer(
            config, keys, identity, recent, None if self._journal is None else self._journal.path
        )

    @property
    def endpoint(self) -> str:
        """The address bound, with the port that ``*`` took; empty before ``start``."""
        return self._publisher.peers.endpoint

    @property
    def lag(self) -> LatencyHistogram:
        """From when a frame got its verdict until its message was sent."""
        return self._publisher.lag

    def start(self, stopping: threading.Event | None = None) -> None:
        """Open the journal and bind; heartbeats are sent from here on. Raises UserError where either fails, and leaves nothing open then.

        A disk that hangs is no longer waited for once ``stopping`` is set."""
        if self._journal is not None:
            self._journal.open(stopping)
        try:
            self._bind()
            self._recovery.start()
            for stream in self._streams.values():
                stream.recovery = self._recovery.told
            self._publisher.start()
        except BaseException:
            self.close()
            raise

    def _bind(self) -> None:
        try:
            self._publisher.bind()
        except InUseError as error:
            raise UserError(f"{error}{neighbour(self._config)}") from None

    def wait_for_subscribers(self, stopping: threading.Event | None = None) -> bool:
        """Block until ``results.wait_for_subscribers`` subscriptions have arrived; False once ``stopping`` is set.

        Raises UserError when they do not arrive in ``results.wait_timeout_s``.
        """
        wanted, timeout_s = self._config.wait_for_subscribers, self._config.wait_timeout_s
        there = self._publisher.peers.subscriptions
        if there.wait(wanted, timeout_s, stopping):
            return True
        if stopping is not None and stopping.is_set():
            return False
        raise UserError(
            f"results.wait_for_subscribers: {wanted} expected, {there.count} there after {timeout_s:g} s; "
            f"start the subscribers on {self.endpoint} (inspector subscribe {self.endpoint}) or set it to 0"
        )

    def awaited_are_there(self) -> bool:
        """Whether as many subscriptions have arrived as ``results.wait_for_subscribers`` says."""
        return self._publisher.peers.subscriptions.count >= self._config.wait_for_subscribers

    def begin(self, camera: str, run: str, info: StartInfo) -> None:
        """Publish that a run begins on ``camera``."""
        self._publisher.submit(partial(self._streams[camera].start, run, info))

    def change(self, camera: str, info: StartInfo, why: str) -> None:
        """Publish that results of ``camera`` are to be read by ``info`` from now on."""
        self._publisher.submit(partial(self._streams[camera].change, info, why))

    def start_body(self, info: StartInfo) -> StartBody:
        """What a repeated start would say of ``info``."""
        return StartBody(**settings(info, self._config.heartbeat_ms, self._config.masks), repeat=True)

    def settled(self, settled: Settled) -> None:
        """Publish a verdict."""
        self.queue(settled)
        self.wake()

    def queue(self, settled: Settled) -> None:
        """Queue a verdict, no more, because the ledger calls this under its lock; ``wake`` is to follow."""
        work = partial(self._streams[settled.meta.camera].settled, settled)
        self._publisher.queue(work, settled.settled_ns)

    def wake(self) -> None:
        """Have the verdicts that were queued published."""
        self._publisher.wake()

    def late(self, meta: FrameMeta, outcome: Outcome) -> None:
        """Publish a result that came for a frame that already had its verdict."""
        self._publisher.submit(partial(self._streams[meta.camera].late, meta, outcome))

    def status(self, status: Status) -> None:
        """Publish a change of the line's state, or an event, on the streams of all cameras."""
        for stream in self._streams.values():
            self._publisher.submit(partial(stream.status, status))

    def sheet(self, settled: Settled) -> None:
        """Publish the verdict of a sheet (``SettledSheet``), or of a range of sheets."""
        self._publisher.submit(partial(self._streams[SHEET].settled, settled))

    def coil(self, run: str, body: CoilMessage) -> None:
        """Publish what is known of a coil."""
        self._publisher.submit(partial(cast(CoilStream, self._streams[COIL]).coil, run, body))

    def end_sheets(self, run: str) -> None:
        """Publish that a run is over in the stream of sheets; the verdicts published so far are counted."""
        self.end(SHEET, run)

    def end(self, camera: str, run: str, totals: Totals | None = None) -> None:
        """Publish that a run is over on ``camera``; without ``totals`` the verdicts published so far are counted."""
        self._publisher.submit(partial(self._streams[camera].end, run, totals))

    def record_command(self, record: CommandRecord, timeout_s: float) -> bool:
        """Store a command in the journal; blocks until it is committed, also over a power cut. False where it is not within ``timeout_s``, in
        which case it stays queued, and on a line without a journal."""
        return self._journal is not None and self._journal.record_command(record, timeout_s)

    def journal_writable(self) -> str:
        """Why commands cannot be stored now, one line, found out by a trial write of at most ``LONGEST_TRIAL_S``; empty where they can be, and
        on a line without a journal, which has none to wait for."""
        return "" if self._journal is None else self._journal.writable(LONGEST_TRIAL_S)

    def remembered_commands(self, newest: int) -> list[CommandRecord]:
        """The newest commands in the journal, of earlier epochs too, the oldest of them first. Empty, with a log entry, where it cannot be
        read, and on a line without a journal. To be called after ``start``."""
        if self._journal is None:
            return []
        try:
            with JournalReader(self._journal.path) as reader:
                return reader.commands(newest=newest)
        except UserError as error:
            log.warning("%s; commands of before are not known, so one that is repeated is taken for a new one", error)
            return []

    def last_frame(self, camera: str) -> Header | None:
        """Header of the camera's last frame that was published before this epoch. None where there is none, where the line has no journal, and,
        with a log entry, where it cannot be read. To be called after ``start``."""
        if self._journal is None:
            return None
        try:
            with JournalReader(self._journal.path) as reader:
                return reader.last_frame(self._line, camera)
        except (UserError, MalformedError) as error:
            log.warning("%s; the positions of camera %s do not go on from before", error, camera)
            return None

    def record_disagreement(self, disagreement: Disagreement) -> None:
        """Store a frame on which a shadow bundle disagreed. Never blocks; dropped, and counted, where the journal's writer is behind."""
        if self._journal is not None:
            self._journal.record_shadow(disagreement)

    def record_comparison(self, comparison: Comparison) -> None:
        """Store the counts of a shadow session so far, in place of those before. Never blocks; dropped, and counted, where the journal's writer
        is behind."""
        if self._journal is not None:
            self._journal.record_shadow(comparison)

    def round_trip(self, done: Callable[[], None]) -> None:
        """Have ``done`` called by the publishing thread, after what was passed in before. Nothing is published of it."""

        def work() -> None:
            done()

        self._publisher.submit(work)

    @property
    def inspected(self) -> int:
        """Publications so far of an engine's judged answer: verdicts, and late results."""
        return self._publisher.inspected

    def snapshot(self) -> Snapshot:
        """What was published so far; on a busy line the figures are from slightly different moments."""
        return Snapshot(
            endpoint=self.endpoint,
            alive=self._publisher.alive(),
            published=self._publisher.published,
            waiting=self._publisher.waiting(),
            failed=self._publisher.failed,
            last_seq={camera: stream.last_seq for camera, stream in self._streams.items()},
            resolved_through={camera: stream.resolved_through for camera, stream in self._streams.items()},
            subscriptions=self._publisher.peers.subscriptions.count,
            connections=len(self._publisher.peers.connections.all()),
            accepted=self._publisher.peers.connections.accepted,
            cut_off=self._publisher.peers.cut_off,
            refused=self._publisher.peers.refused,
            bad_messages=self._publisher.peers.bad_messages,
            published_bytes=self._publisher.published_bytes,
            journal=self._journal.state() if self._journal else None,
            recovery=self._recovery.state(),
        )

    def _durable(self) -> bool:
        """Whether what is published now will be in the journal, as far as is known."""
        return self._journal is not None and not self._journal.trouble()

    def close(self, timeout_s: float = LONGEST_CLOSE_S) -> bool:
        """Publish and journal what is queued, then close sockets and file; to be called once.

        Takes at most about ``timeout_s``, even where disk or peers hang; False, with a log entry, where something was left.
        """
        until_s = time.monotonic() + timeout_s
        published = self._publisher.close(timeout_s * 0.6)
        self._recovery.close(max(0.05, min(0.3, until_s - time.monotonic())))
        return (self._journal is None or self._journal.close(max(0.05, until_s - time.monotonic()))) and published
