"""The lines that are shown: a thread for each reads what it publishes, and another what is found on its coils."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from inspector.client import Packet, Subscriber
from inspector.client.events import Event, StreamKey
from inspector.client.reception import Since
from inspector.protocol.messages import HeartbeatBody
from inspector.view.config import ViewConfig, ViewLineConfig, line_id
from inspector.view.live import LiveLine
from inspector.view.sections import Sections

log = logging.getLogger(__name__)

_TURN_MS = 100
_ALL_HEARD_S = 0.6
"""After the first heartbeat: by then each stream of the line has sent one."""
_MOST_EVENTS = 200
"""That are taken under the lock at once."""


class ShownLine:
    """One line: what is known of it, under a lock, and the threads that read it."""

    def __init__(self, id_: str, config: ViewLineConfig, history: int) -> None:
        self.id = id_
        self.config = config
        self.lock = threading.Lock()
        self.live = LiveLine(config.endpoint)
        self.sections = Sections(self.live)
        self._history = history
        self._first: Subscriber | None = None
        """That looks where the line is; made at the start, so that a mistake in the configuration is told there."""
        self._first_coil: Subscriber | None = None
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._guarded, args=(self._read,), name=f"line-{id_}", daemon=True)]
        if config.coil is not None:
            follow = (self._guarded, self._read_coil)
            self._threads.append(threading.Thread(target=follow[0], args=(follow[1],), name=f"coil-{id_}", daemon=True))

    def start(self) -> None:
        """Begin to read. Raises UserError for an address or a key that cannot be used."""
        self._first = self._subscriber(self.config.endpoint, recovery=None)
        if self.config.coil is not None:
            self._first_coil = self._subscriber(self.config.coil, since="epoch")
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin to stop reading."""
        self._stop.set()

    def close(self) -> None:
        """Stop reading."""
        self.stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(2.0)

    def _guarded(self, read: Callable[[], None]) -> None:
        """One line that cannot be read is no reason to show none."""
        while not self._stop.is_set():
            try:
                read()
            except Exception:
                log.exception("line %s: reading it failed, and is begun again", self.id)
                self._stop.wait(1.0)

    def _read(self) -> None:
        since, first = self._where_to_begin()
        with self._subscriber(self.config.endpoint, since=since) as subscriber:
            self._take(first)
            while not self._stop.is_set():
                event = subscriber.receive(_TURN_MS)
                events = [] if event is None else [event]
                while event is not None and len(events) < _MOST_EVENTS:
                    event = subscriber.receive(0)
                    if event is not None:
                        events.append(event)
                self.live.catching_up = subscriber.recovering
                if events:
                    self._take(events)

    def _read_coil(self) -> None:
        assert self.config.coil is not None
        first, self._first_coil = self._first_coil, None
        with first or self._subscriber(self.config.coil, since="epoch") as subscriber:
            while not self._stop.is_set():
                event = subscriber.receive(_TURN_MS)
                if event is not None:
                    with self.lock:
                        self.live.feed_coil(event)

    def _take(self, events: list[Event]) -> None:
        now_s = time.monotonic()
        with self.lock:
            for event in events:
                self.live.feed(event, now_s)

    def _where_to_begin(self) -> tuple[dict[StreamKey, int], list[Event]]:
        """As many messages back as are to be fetched, and the repeated start of the run, without which they say no places."""
        last: dict[StreamKey, int] = {}
        starts: dict[str, Event] = {}
        until_s = float("inf")
        looking, self._first = self._first, None
        with looking or self._subscriber(self.config.endpoint, recovery=None) as subscriber:
            while not self._stop.is_set() and time.monotonic() < until_s:
                event = subscriber.receive(_TURN_MS)
                if not isinstance(event, Packet):
                    if event is not None:
                        self._take([event])
                    continue
                header, body = event.header, event.body
                if header.seq is not None:
                    key = StreamKey(header.line, header.camera, header.epoch)
                    last[key] = max(last.get(key, -1), header.seq)
                elif isinstance(body, HeartbeatBody):
                    key = StreamKey(header.line, header.camera, header.epoch)
                    last[key] = max(last.get(key, -1), body.last_seq)
                    until_s = min(until_s, time.monotonic() + _ALL_HEARD_S)
                else:
                    starts[header.camera] = event
        newest = {(key.line, key.camera): (key, seq) for key, seq in last.items()}
        since = {key: max(0, seq + 1 - self._history) for key, seq in newest.values()}
        cut = {key.camera for key, first in since.items() if first > 0}
        return since, [start for camera, start in starts.items() if camera in cut]

    def _subscriber(self, endpoint: str, since: Since = "now", recovery: str | None = "auto") -> Subscriber:
        keys = self.config.server_key, self.config.client_key
        server_key, client_key = (None if key is None else Path(key) for key in keys)
        return Subscriber(
            endpoint,
            since=since,
            recovery=recovery,
            server_key=server_key,
            client_key=client_key,
        )


class Lines:
    """All of them; a context manager."""

    def __init__(self, config: ViewConfig) -> None:
        self.all = [
            ShownLine(line_id(config, number), line, config.history) for number, line in enumerate(config.lines)
        ]

    def __enter__(self) -> Lines:
        """Raises UserError for an address or a key that cannot be used."""
        try:
            for line in self.all:
                line.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for line in self.all:
            line.stop()  # all at once: each takes a while
        for line in self.all:
            line.close()
