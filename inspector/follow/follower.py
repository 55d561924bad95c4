"""Follows the coils of a line: one subscriber, one publisher, and the coils that are open in between."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engines.errors import FileError
from inspector.client import Missed, NewEpoch, Subscriber
from inspector.client.events import Event
from inspector.coil.config import CoilConfig
from inspector.config.journal import JournalConfig
from inspector.config.recovery import RecoveryConfig
from inspector.config.results import ResultsConfig
from inspector.errors import UserError
from inspector.follow.following import Following, over
from inspector.follow.place import place_for
from inspector.frames.daemon_threads import DaemonThreads
from inspector.protocol.codec import Packet
from inspector.protocol.coil import COIL, CoilState
from inspector.protocol.messages import LineState, MessageType
from inspector.report.coil.archived import ArchivedPictures
from inspector.report.coil.content import CoilReport
from inspector.report.coil.write import write_report
from inspector.results.coil_stream import CoilMessage
from inspector.results.identity import Identity
from inspector.results.results import Results
from inspector.results.status import Status

log = logging.getLogger(__name__)

_TURN_MS = 100
_LOOK_S = 1.0
_MOST_OPEN = 8
"""Runs that are followed at the same time; the one that was heard of longest ago is over first."""
_STILL_WRITING_S = 30.0
_RECENT_MIB = 16


@dataclass
class _Open:
    following: Following
    heard_s: float
    told_s: float = 0.0
    looked_s: float = 0.0
    ended_s: float | None = field(default=None)
    """When it ended on every camera, and nothing came since."""


class Follower:
    """A context manager. ``run`` returns when it is told to stop."""

    def __init__(self, config: CoilConfig, since: Literal["now", "epoch"] = "now") -> None:
        """``since``: where it begins: with what is published from now on, or with the first message of the running epoch. Raises UserError."""
        follow = config.follow
        self.config = config
        self.coils = 0
        """That are over."""
        self._subscriber = Subscriber(
            follow.endpoint,
            since=since,
            server_key=None if follow.server_key is None else Path(follow.server_key),
            client_key=None if follow.client_key is None else Path(follow.client_key),
        )
        self._results: Results | None = None
        self._epoch = str(uuid.uuid4())
        self._open: dict[str, _Open] = {}
        self._writing = DaemonThreads(1, "report")
        self._reports: list[Future[None]] = []
        """That are being written."""

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def endpoint(self) -> str:
        """Where it publishes; empty until the line was heard."""
        return "" if self._results is None else self._results.endpoint

    def in_words(self) -> str:
        """How it is, one line for a person."""
        runs = ", ".join(self._open) or "none"
        heard = (
            f"publishing on {self.endpoint}"
            if self._results is not None
            else f"waiting for {self.config.follow.endpoint}"
        )
        return f"{heard}; coils open: {runs}; over: {self.coils}"

    def run(self, stop: threading.Event, report: Callable[[], None] = lambda: None) -> None:
        """Follow until ``stop`` is set; ``report`` is called several times a second. What is open then is over, and its report is written."""
        while not stop.is_set():
            event = self._subscriber.receive(_TURN_MS)
            if event is not None:
                self._heard(event)
            self._tick(time.monotonic())
            report()
        for run in list(self._open):
            self._close(run)
        wait(self._reports, timeout=_STILL_WRITING_S)
        if not self._writing.close(0.1):
            log.error("stopped while a report was being written")

    def close(self) -> None:
        """Close every socket."""
        self._subscriber.close()
        if self._results is not None:
            self._results.close()

    def _heard(self, event: Event) -> None:
        now_s = time.monotonic()
        if isinstance(event, Missed) and not event.before_joining:
            log.warning(
                "%s: messages %d to %d are missing: %s",
                event.stream.camera,
                event.first_seq,
                event.last_seq,
                event.why.value,
            )
            for one in self._open.values():
                one.following.missed(event.count)
        if isinstance(event, NewEpoch):
            log.info("the line was started again")
        if not isinstance(event, Packet):
            return
        header = event.header
        results = self._results or self._begin(event)
        if header.run is not None and header.run not in self._open and header.camera != COIL and _begins(event):
            self._begin_coil(header.run, now_s)
        for run, one in self._open.items():
            if header.run == run:
                one.heard_s, one.ended_s = now_s, None
            for body in one.following.feed(event):
                results.coil(run, body)
            if one.ended_s is None and one.following.ended:
                one.ended_s = now_s

    def _begin(self, packet: Packet) -> Results:
        """The line was heard for the first time: its name is known. Raises UserError where the address to publish on cannot be had."""
        follow, header = self.config.follow, packet.header
        identity = Identity(line=header.line, cameras=(COIL,), epoch=self._epoch, simulated=header.simulated)
        config = ResultsConfig(endpoint=follow.publish, recovery=RecoveryConfig(memory_mib=_RECENT_MIB))
        results = Results(config, JournalConfig(path=None), identity, keys=follow.keys)
        results.start()
        self._results = results
        results.status(Status(state=LineState.RUNNING, code="running", text=f"following the coils of {header.line}"))
        return results

    def _begin_coil(self, run: str, now_s: float) -> None:
        while len(self._open) >= _MOST_OPEN:
            self._close(min(self._open, key=lambda name: self._open[name].heard_s))
        self._open[run] = _Open(Following(run, self.config), now_s, now_s)
        log.info("coil %s", run)
        self._say(run, self._open[run].following.state(CoilState.BEGUN))

    def _tick(self, now_s: float) -> None:
        for run, one in list(self._open.items()):
            if one.ended_s is not None and now_s - one.ended_s >= self.config.follow.settle_s:
                self._close(run)
                continue
            if now_s - one.looked_s >= _LOOK_S:
                one.looked_s = now_s
                for body in one.following.look():
                    self._say(run, body)
            if now_s - one.told_s >= self.config.follow.every_s:
                one.told_s = now_s
                self._say(run, one.following.state(CoilState.FOLLOWING))

    def _close(self, run: str) -> None:
        """The coil is over."""
        following = self._open.pop(run).following
        for body in following.finish():
            self._say(run, body)
        self.coils += 1
        self._reports = [one for one in self._reports if not one.done()]
        self._reports.append(self._writing.submit(lambda: self._report(following)))

    def _report(self, following: Following) -> None:
        """In the thread of reports: make and write it, and say that the coil is over."""
        run = following.run
        try:
            report = following.report()
            self._say(run, over(report, following.state(CoilState.OVER), self._write(run, report)))
        except Exception:
            log.exception("coil %s: no report", run)
            self._say(run, following.state(CoilState.OVER))

    def _write(self, run: str, report: CoilReport) -> str | None:
        """The folder; None where there is none, or nothing can be written."""
        if self.config.report is None:
            return None
        try:
            folder, written = place_for(Path(self.config.report.folder), report)
            if not written:
                fonts = [Path(font) for font in self.config.report.fonts]
                for note in write_report(folder, report, self._pictures(report), fonts):
                    log.warning("coil %s: %s", run, note)
            log.info("coil %s: %s %s", run, "its report is there already:" if written else "report written to", folder)
        except (FileError, UserError) as error:
            log.error("coil %s: no report: %s", run, error)
            return None
        return str(folder)

    def _pictures(self, report: CoilReport) -> ArchivedPictures | None:
        of = self.config.report
        return None if of is None or of.archive is None else ArchivedPictures(Path(of.archive), report)

    def _say(self, run: str, body: CoilMessage) -> None:
        if self._results is not None:
            self._results.coil(run, body)


def _begins(packet: Packet) -> bool:
    """Whether a coil may begin with this message: one about a frame, or the begin of a run; what is said of a run that is over begins none."""
    return packet.header.type in (MessageType.START, MessageType.RESULT, MessageType.GAP)
