"""The publishing thread, which owns the publishing sockets.

It waits in one poll over the mailbox and its sockets. Work from the mailbox becomes a publication, which is passed to the
journal and sent, in this order; what peers send is read by the reader of its socket, and whatever that raises, the thread goes on.
Sending never blocks: a subscriber that falls too far behind is disconnected, which costs nobody else a message.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable

from inspector.config.keys import KeysConfig
from inspector.config.results import ResultsConfig
from inspector.frames.clock import now_ns
from inspector.frames.latency import LatencyHistogram
from inspector.protocol.codec import stream_prefix
from inspector.results.journal import Journal
from inspector.results.mailbox import Mailbox
from inspector.results.peer_limits import PeerLimits
from inspector.results.peer_sockets import PeerSockets
from inspector.results.publication import Publication
from inspector.results.recovery.recent import Recent
from inspector.results.stream import Stream

log = logging.getLogger(__name__)

_ITEMS_PER_TURN = 256
"""Most publications sent before sockets and heartbeats are served again."""

Work = Callable[[], Publication | None]
"""What is to be done in the publishing thread, and the publication that comes of it, if one does."""


class Publisher:
    """Sends submitted work in the order in which it was queued, and heartbeats in between. ``submit``, ``queue`` and ``wake`` may be called from any thread."""

    def __init__(
        self,
        config: ResultsConfig,
        line: str,
        streams: Iterable[Stream],
        journal: Journal | None,
        recent: Recent,
        journal_changed: Callable[[bool, str, str], None],
        peers_changed: Callable[[bool, str, str], None],
        limits: PeerLimits,
        keys: KeysConfig | None,
    ) -> None:
        self.published = self.published_bytes = 0
        """Numbered messages and their bytes, each counted once, however many subscribers it is sent to."""
        self.inspected = 0
        """Publications so far of an engine's judged answer."""
        self.lag = LatencyHistogram()
        """From when a frame got its verdict until its message was sent."""
        self.failed = 0
        """How many pieces of work failed and were not published; the log has the tracebacks."""
        self._config = config
        self._streams = tuple(streams)
        self._journal = journal
        self._recent = recent
        self._journal_changed = journal_changed
        self._journal_code = ""
        """Of its condition when it was last reported."""
        self._mailbox: Mailbox[tuple[Work, int]] = Mailbox()
        """Each with the time of its verdict, monotonic ns; 0 for what is no verdict."""
        prefixes = [stream_prefix(line, stream.camera) for stream in self._streams]
        self.peers = PeerSockets(config, prefixes, limits, peers_changed, self._mailbox.interrupt, keys)
        self._heartbeat_s = 0.0
        self._close_by_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def bind(self) -> None:
        """Bind. Raises UserError naming ``results.endpoint`` or ``keys``."""
        self.peers.open()
        self.peers.wake_by(self._mailbox.fileno())
        log.info("publishing on %s", self.peers.endpoint)

    def start(self) -> None:
        """Start the thread, once bound."""
        self._thread.start()

    def submit(self, work: Work) -> None:
        """Queue ``work``, which is called in the publishing thread; never blocks."""
        self._mailbox.put((work, 0))

    def queue(self, work: Work, settled_ns: int) -> None:
        """``submit`` of a verdict that was reached at ``settled_ns``, without waking the thread: ``wake`` is to follow."""
        self._mailbox.add((work, settled_ns))

    def wake(self) -> None:
        """Have the thread do what was queued."""
        self._mailbox.wake()

    def waiting(self) -> int:
        """Number of queued pieces of work."""
        return len(self._mailbox)

    def alive(self) -> bool:
        """Whether the thread runs. Where it does not, nothing is published and the line should stop."""
        return self._thread.is_alive()

    def close(self, timeout_s: float) -> bool:
        """Send what is queued, give subscribers ``linger_ms`` to read it, and close every socket. False where work
        was left or the thread did not end in ``timeout_s``."""
        if self._thread.ident is None:
            if self.peers.endpoint:
                self.peers.close(0)
            return True
        self._close_by_s = time.monotonic() + timeout_s
        self._mailbox.interrupt()
        self._thread.join(timeout_s + 0.1)
        ended = not self._thread.is_alive()
        if not ended or self._mailbox:
            log.error("stopped with %d verdicts or events unpublished", len(self._mailbox))
        return ended and not self._mailbox

    def _run(self) -> None:
        try:
            while self._close_by_s is None:
                self._turn()
            while self._mailbox and time.monotonic() < self._close_by_s - self._linger_s(self._close_by_s):
                self._send_waiting()
        except Exception:
            log.critical(
                "the publisher has failed, nothing is published any more; restart the line, and report this with the traceback",
                exc_info=True,
            )
        finally:
            linger_s = self._linger_s(self._close_by_s) if self._close_by_s else 0.0
            self.peers.close(round(linger_s * 1000))

    def _linger_s(self, close_by_s: float) -> float:
        return max(0.0, min(self._config.linger_ms / 1000, close_by_s - time.monotonic()))

    def _turn(self) -> None:
        """Wait until there is work, a message or a heartbeat due, and handle it, at most ``_ITEMS_PER_TURN`` pieces of work."""
        rests = self._mailbox.rest()
        pause_s = max(0.0, self._heartbeat_s - time.monotonic()) if rests else 0.0
        self.peers.poll(math.ceil(pause_s * 1000))
        if rests:
            self._mailbox.awake()
        self._send_waiting()
        self._repeat_starts()
        if time.monotonic() >= self._heartbeat_s:
            self._heartbeat_s = time.monotonic() + self._config.heartbeat_ms / 1000
            self._check_journal()
            for stream in self._streams:
                self.peers.send(stream.heartbeat().parts())

    def _send_waiting(self) -> None:
        for _ in range(_ITEMS_PER_TURN):
            item = self._mailbox.take()
            if item is None:
                return
            work, settled_ns = item
            try:
                publication = work()
            except Exception:
                self.failed += 1
                log.exception("a verdict or event could not be published")
                continue
            if publication is None:
                continue
            self._publish(publication)
            if settled_ns:
                self.lag.add((now_ns() - settled_ns) / 1e3)

    def _repeat_starts(self) -> None:
        """Say to those who joined what holds for the current run."""
        joined = self.peers.subscriptions.take_joined()
        for stream in self._streams:
            if joined:
                stream.joined()
            if (repeated := stream.repeat()) is not None:
                self.peers.send(repeated.parts())

    def _publish(self, publication: Publication) -> None:
        ticket = None if self._journal is None else self._journal.append(publication)
        self._recent.add(publication, ticket)  # before it is sent: who has seen it may ask for those before it
        self.peers.send(publication.parts())
        self.published += 1
        self.inspected += publication.inspected
        self.published_bytes += publication.size

    def _check_journal(self) -> None:
        """Report when something is wrong with the journal, for example that publications can no longer be stored, and when it is not any more."""
        if self._journal is None:
            return
        code, text = self._journal.condition()
        if code == self._journal_code:
            return
        self._journal_code = code
        if code:
            self._journal_changed(False, code, text)
        else:
            missing = self._journal.state().not_journaled
            self._journal_changed(
                True, "journal_recovered", f"the journal is written; {missing} publications are missing from it"
            )
