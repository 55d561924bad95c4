"""Logging in and out. What a password costs to look at is bounded: two at a time, on threads that give way to all others, and few that wait."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import threading
import time
from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engines.files.text import brief
from inspector.frames.daemon_threads import DaemonThreads
from inspector.view.access.attempts import Attempts, place_of
from inspector.view.access.door import Door, visit_of
from inspector.view.access.hosts import unmapped
from inspector.view.access.passwords import MOST_BYTES, StoredPassword
from inspector.view.access.people import Person
from inspector.view.access.user_list import UserList
from inspector.view.answers import RefusedError, as_json, posted, told

log = logging.getLogger(__name__)

WRONG = "the name or the password is wrong"
_THREADS = 2
_MOST_WAITING = 6
"""Logins that are looked at or wait for it; one more has to come again."""
_MORE_OF_KNOWN = 4
"""With names that have logged in from where they come now: strangers cannot take their places."""
_MOST_OF_ADDRESS = 2
"""Of them, those from one address, so that one that asks without end holds up nobody else."""
_NICE = 10
_STOP_S = 1.0


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the login page sends."""

    name: Annotated[str, Meta(max_length=200)]
    password: Annotated[str, Meta(max_length=MOST_BYTES)]


class WaitError(RefusedError):
    """Somebody has to try again later."""

    def __init__(self, wait_s: float, text: str) -> None:
        self.wait_s = max(1, math.ceil(wait_s))
        super().__init__(429, f"{text}; try again in {self.wait_s} s")


class Logins:
    """Looks at passwords."""

    def __init__(self, users: UserList) -> None:
        self._users = users
        self._attempts = Attempts()
        self._threads = DaemonThreads(_THREADS, "passwords")
        self._waiting: Counter[str] = Counter()
        """By address."""

    async def person(self, name: str, password: str, address: str) -> Person:
        """Who has this name and password. Raises RefusedError; the same for a name that is not there as for a wrong password."""
        if not self._users.readable:
            raise RefusedError(503, "the list of users cannot be read; the log of the viewer says why")
        place = place_of(address)
        wait_s = self._attempts.begin(name, place, time.monotonic())
        if wait_s > 0:
            log.warning("login refused: too many failures: %s from %s", brief(name, 63), address)
            raise WaitError(wait_s, "too many failed logins")
        most = _MOST_WAITING + (_MORE_OF_KNOWN if self._attempts.knows(name, place) else 0)
        if self._waiting[place] >= _MOST_OF_ADDRESS or self._waiting.total() >= most:
            self._attempts.dropped(name, place)
            raise WaitError(1, "too many logins at once")
        user = self._users.get(name)
        self._waiting[place] += 1
        try:
            right = await self._looked_at(self._users.password_of(name), password)
        finally:
            self._waiting[place] -= 1
            if not self._waiting[place]:
                del self._waiting[place]
        if user is None or not right or self._users.get(name) != user:
            log.warning("login failed: %s from %s", brief(name, 63), address)
            raise RefusedError(401, WRONG)
        self._attempts.succeeded(name, place)
        log.info("login: %s (%s) from %s", user.name, user.role.value, address)
        return Person(user.name, user.role)

    def close(self) -> None:
        """What waits is not looked at any more."""
        self._threads.close(_STOP_S)

    async def _looked_at(self, stored: StoredPassword, password: str) -> bool:
        def look() -> bool:
            # On Linux the priority is that of the thread. The line may run on the same machine.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
            return stored.is_of(password)

        return await asyncio.wrap_future(self._threads.submit(look))


def login_routes(door: Door, logins: Logins | None) -> list[Route]:
    """How one logs in and out; ``logins`` is None where there are no users."""

    async def login(request: Request) -> Response:
        if logins is None:
            raise RefusedError(404, "this viewer has no users; nobody needs to log in")
        sent = await posted(request, Credentials)
        try:
            person = await logins.person(sent.name, sent.password, _address(request))
        except WaitError as wait:
            answer = as_json({"error": wait.text}, wait.status)
            answer.headers["retry-after"] = str(wait.wait_s)
            return answer
        answer = as_json({"name": person.name})
        answer.headers["set-cookie"] = door.enter(person, visit_of(request).session)
        return answer

    async def logout(request: Request) -> Response:
        visit = visit_of(request)
        if visit.session is not None:
            log.info("logout: %s from %s", visit.person.name, _address(request))
        answer = as_json({})
        answer.headers["set-cookie"] = door.leave(visit.session)
        return answer

    async def nobody_needs_it(_: Request) -> Response:
        return RedirectResponse("/", 303)

    return [
        Route("/api/login", told(login), methods=["POST"]),
        Route("/api/logout", told(logout), methods=["POST"]),
        *([] if logins is not None else [Route("/login", nobody_needs_it)]),
    ]


def _address(request: Request) -> str:
    return "" if request.client is None else unmapped(request.client.host)
