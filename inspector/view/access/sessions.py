"""Who is logged in. A session is known by a random id in a cookie, of which only the SHA-256 is kept; all end with the viewer."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable

from inspector.view.access.people import Person

IDLE_S = 2 * 3600.0
"""A session that nothing was asked with for so long ends; an open page asks."""
MOST_OF_ONE = 8
"""Sessions that one person may have; the one that began first ends for one more."""
_COOKIE_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9_-]{43}")


class Session:
    """One login."""

    def __init__(self, person: Person, most_s: float, clock: Callable[[], float]) -> None:
        self.person = person
        self.csrf = secrets.token_urlsafe(24)
        self.ended = asyncio.Event()
        """Set when it is over; its open WebSockets are closed then."""
        self._pages = 0
        self._clock = clock
        self._used_s = clock()
        self._until_s = self._used_s + most_s

    def touch(self) -> None:
        """It was used."""
        self._used_s = self._clock()

    def open(self, more: int) -> None:
        """So many more pages have a WebSocket; while one has, it is used."""
        self._pages += more
        self.touch()

    def lasts(self) -> bool:
        """Whether it goes on."""
        now_s = self._clock()
        idle_s = 0.0 if self._pages else now_s - self._used_s
        return now_s < self._until_s and idle_s < IDLE_S and not self.ended.is_set()


class Sessions:
    """All that go on. For the thread of the event loop."""

    def __init__(self, most_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``most_s``: after which each ends."""
        self._most_s = most_s
        self._clock = clock
        self._found: dict[bytes, Session] = {}

    def __len__(self) -> int:
        return len(self._found)

    def begin(self, person: Person) -> tuple[str, Session]:
        """The id for the cookie, and the session."""
        own = [(key, one) for key, one in self._found.items() if one.person.name == person.name]
        for key, session in own[: max(0, len(own) + 1 - MOST_OF_ONE)]:
            self._end(key, session)
        id_ = secrets.token_urlsafe(_COOKIE_BYTES)
        session = self._found[_key(id_)] = Session(person, self._most_s, self._clock)
        return id_, session

    def of(self, ids: Iterable[str]) -> Session | None:
        """The session of a request with these values of the cookie; None where it is not exactly one that is known."""
        given = list(ids)
        if len(given) != 1 or not _ID.fullmatch(given[0]):
            return None
        key = _key(given[0])
        session = self._found.get(key)
        if session is None:
            return None
        if not session.lasts():
            self._end(key, session)
            return None
        session.touch()
        return session

    def end(self, session: Session) -> None:
        """It is over."""
        for key, one in list(self._found.items()):
            if one is session:
                self._end(key, one)

    def end_of(self, names: Iterable[str]) -> int:
        """All of these people are over; how many that were."""
        gone = set(names)
        ending = [(key, one) for key, one in self._found.items() if one.person.name in gone]
        for key, session in ending:
            self._end(key, session)
        return len(ending)

    def look(self) -> None:
        """End those whose time is over."""
        for key, session in list(self._found.items()):
            if not session.lasts():
                self._end(key, session)

    def _end(self, key: bytes, session: Session) -> None:
        self._found.pop(key, None)
        session.ended.set()


def _key(id_: str) -> bytes:
    return hashlib.sha256(id_.encode()).digest()
