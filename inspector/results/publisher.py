"""The publishing thread, which owns every ZeroMQ socket of the daemon.

It waits in one poll over the mailbox and its sockets. Work from the mailbox becomes a publication, which is passed to the
journal and sent, in this order; a message from a peer is passed to the reader of its socket. Sending never blocks: messages that a
slow subscriber has not read beyond the high-water mark are dropped for that subscriber only, which detects it by ``seq``.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable

import zmq

from inspector.config.results import ResultsConfig
from inspector.protocol.codec import stream_prefix
from inspector.results.allow_list import ZAP_ENDPOINT, AllowList
from inspector.results.endpoint import bind, check_endpoint
from inspector.results.journal import Journal
from inspector.results.mailbox import Mailbox
from inspector.results.publication import Publication
from inspector.results.stream import Stream
from inspector.results.subscriptions import Subscriptions

log = logging.getLogger(__name__)

_ITEMS_PER_TURN = 256
"""Most publications sent before sockets and heartbeats are served again."""
_LARGEST_INCOMING = 4096
"""Largest message accepted from a peer, bytes; subscriptions are short."""

Work = Callable[[], Publication]


class Publisher:
    """Sends submitted work in the order of ``submit``, and heartbeats in between. ``submit`` may be called from any thread."""

    def __init__(
        self,
        config: ResultsConfig,
        line: str,
        streams: Iterable[Stream],
        journal: Journal | None,
        journal_changed: Callable[[bool, str, str], None],
    ) -> None:
        self.endpoint = ""
        """The address bound, once started."""
        self.published = 0
        self.failed = 0
        """How many pieces of work failed and were not published; the log has the tracebacks."""
        self._config = config
        self._streams = tuple(streams)
        self._journal = journal
        self._journal_changed = journal_changed
        self._journal_code = ""
        """Of its condition when it was last reported."""
        self._mailbox: Mailbox[Work] = Mailbox()
        self.subscriptions = Subscriptions(stream_prefix(line, stream.camera) for stream in self._streams)
        self._readers: dict[zmq.Socket[bytes], Callable[[zmq.Socket[bytes]], None]] = {}
        self._poller = zmq.Poller()
        self._heartbeat_s = 0.0
        self._close_by_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Bind and start the thread. Raises UserError naming ``results.endpoint`` or ``results.curve``."""
        config = self._config
        check_endpoint(config.endpoint, curve=config.curve is not None)
        allow_list = AllowList(config.curve) if config.curve else None
        self._context = zmq.Context()
        try:
            if allow_list:
                self._add(zmq.REP, allow_list.answer).bind(ZAP_ENDPOINT)
            self._data = self._add(zmq.XPUB, self.subscriptions.read)
            self._data.setsockopt(zmq.XPUB_VERBOSER, 1)
            self._data.setsockopt(zmq.SNDHWM, config.send_hwm)
            self._data.setsockopt(zmq.MAXMSGSIZE, _LARGEST_INCOMING)
            self._data.setsockopt(zmq.TCP_KEEPALIVE, 1)
            self._data.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 10)
            if allow_list:
                allow_list.protect(self._data)
            self.endpoint = bind(self._data, config.endpoint)
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self._poller.register(self._mailbox.fileno(), zmq.POLLIN)
        log.info("publishing on %s", self.endpoint)
        self._thread.start()

    def submit(self, work: Work) -> None:
        """Queue ``work``, which is called in the publishing thread and returns a publication; never blocks."""
        self._mailbox.put(work)

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
            return True
        self._close_by_s = time.monotonic() + timeout_s
        self._mailbox.wake()
        self._thread.join(timeout_s + 0.1)
        ended = not self._thread.is_alive()
        if not ended or self._mailbox:
            log.error("stopped with %d verdicts or events unpublished", len(self._mailbox))
        return ended and not self._mailbox

    def _add(self, kind: int, reader: Callable[[zmq.Socket[bytes]], None]) -> zmq.Socket[bytes]:
        """A new socket whose incoming messages go to ``reader``, one at a time."""
        added = self._context.socket(kind)
        self._readers[added] = reader
        self._poller.register(added, zmq.POLLIN)
        return added

    def _run(self) -> None:
        try:
            while self._close_by_s is None:
                self._turn()
            while self._mailbox and time.monotonic() < self._close_by_s - self._linger_s(self._close_by_s):
                self._send_waiting()
        except Exception:
            log.critical("the publisher has failed; nothing is published any more", exc_info=True)
        finally:
            linger_s = self._linger_s(self._close_by_s) if self._close_by_s else 0.0
            self._context.destroy(linger=round(linger_s * 1000))

    def _linger_s(self, close_by_s: float) -> float:
        return max(0.0, min(self._config.linger_ms / 1000, close_by_s - time.monotonic()))

    def _turn(self) -> None:
        """Wait until there is work, a message or a heartbeat due, and handle it, at most ``_ITEMS_PER_TURN`` pieces of work."""
        pause_s = 0.0 if self._mailbox else max(0.0, self._heartbeat_s - time.monotonic())
        ready = dict(self._poller.poll(math.ceil(pause_s * 1000)))
        self._mailbox.awake()
        self._send_waiting()
        for socket_, reader in self._readers.items():
            if socket_ in ready:
                try:
                    reader(socket_)
                except zmq.ZMQError as error:
                    log.warning("a message from a peer could not be read: %s", error)
        if time.monotonic() >= self._heartbeat_s:
            self._heartbeat_s = time.monotonic() + self._config.heartbeat_ms / 1000
            self._check_journal()
            for stream in self._streams:
                self._data.send_multipart(stream.heartbeat().parts(), zmq.NOBLOCK)

    def _send_waiting(self) -> None:
        for _ in range(_ITEMS_PER_TURN):
            work = self._mailbox.take()
            if work is None:
                return
            try:
                publication = work()
            except Exception:
                self.failed += 1
                log.exception("a verdict or event could not be published")
                continue
            self._publish(publication)

    def _publish(self, publication: Publication) -> None:
        if self._journal is not None:
            self._journal.append(publication)
        self._data.send_multipart(publication.parts(), zmq.NOBLOCK)
        self.published += 1

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
