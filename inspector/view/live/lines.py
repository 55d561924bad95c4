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
from inspector.view.live.live_line import LiveLine
from inspector.view.live.sections import Sections

log = logging.getLogger(__name__)

_TURN_MS = 100
_STARTS_S = 1.5
"""After the first heartbeat: by then a start was repeated, which a line does once a second at most; where no run is on, there is none."""
_MOST_EVENTS = 200
"""That are taken under the lock at once."""


class _Heard:
    """How far the streams of a line are, and how their runs began."""

    def __init__(self, history: int) -> None:
        self._history = history
        self._last: dict[StreamKey, int] = {}
        self.starts: dict[str, Event] = {}
        self.beaten: set[StreamKey] = set()
        """Streams that have sent a heartbeat."""
        self._round = False
        """All have: their heartbeats follow each other, and one has sent its second."""

    def take(self, packet: Packet) -> None:
        """A message, in the order of arrival."""
        header, body = packet.header, packet.body
        key = StreamKey(header.line, header.camera, header.epoch)
        if header.seq is not None:
            self._last[key] = max(self._last.get(key, -1), header.seq)
        elif isinstance(body, HeartbeatBody):
            self._last[key] = max(self._last.get(key, -1), body.last_seq)
            self._round |= key in self.beaten
            self.beaten.add(key)
        else:
            self.starts[header.camera] = packet

    @property
    def all(self) -> bool:
        """Whether nothing more has to be heard."""
        return self._round and self.cut() <= self.starts.keys()

    def since(self) -> dict[StreamKey, int]:
        """The first message of each stream that is fetched; of several epochs of a camera, of the last one that was heard."""
        newest = {(key.line, key.camera): (key, seq) for key, seq in self._last.items()}
        return {key: max(0, seq + 1 - self._history) for key, seq in newest.values()}

    def cut(self) -> set[str]:
        """Cameras of which the first messages are not fetched."""
        return {key.camera for key, first in self.since().items() if first > 0}


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
        reads = {"line": self._read} if config.coil is None else {"line": self._read, "coil": self._read_coil}
        self._threads = [
            threading.Thread(target=self._guarded, args=(read,), name=f"{what}-{id_}", daemon=True)
            for what, read in reads.items()
        ]

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
        """As many messages back as are to be fetched, and the repeated start of the run where that one is further back: without it they say no
        places."""
        heard = _Heard(self._history)
        until_s = float("inf")
        looking, self._first = self._first, None
        with looking or self._subscriber(self.config.endpoint, recovery=None) as subscriber:
            while not self._stop.is_set() and time.monotonic() < until_s and not heard.all:
                event = subscriber.receive(_TURN_MS)
                if isinstance(event, Packet):
                    heard.take(event)
                    if heard.beaten:
                        until_s = min(until_s, time.monotonic() + _STARTS_S)
                elif event is not None:
                    self._take([event])
        return heard.since(), [start for camera, start in heard.starts.items() if camera in heard.cut()]

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
