"""Who a request is from."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Iterator

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from inspector.view.access.people import RIGHTS, Person, Right, Role, Visit
from inspector.view.access.sessions import Session, Sessions
from inspector.view.access.user_list import UserList
from inspector.view.answers import RefusedError, as_json

log = logging.getLogger(__name__)

SESSION_S = 12 * 3600.0


def visit_of(connection: HTTPConnection) -> Visit:
    """Who sent this request; the guard has written it there."""
    visit: Visit = connection.scope["visit"]
    return visit


def may(connection: HTTPConnection, right: Right) -> Person:
    """The person who asks. Raises RefusedError where the right is not theirs, or their session has ended since the request began."""
    visit = visit_of(connection)
    person = visit.person
    if visit.session is not None and visit.session.ended.is_set():
        raise RefusedError(401, "the login has ended")
    if right not in person.rights:
        if visit.users and visit.session is None:
            raise RefusedError(401, "this needs a login")
        roles = " or ".join(role.value for role in Role if right in RIGHTS[role])
        has = "nobody who is logged in" if person.role is None else f"{person.author}, {person.role.value}"
        raise RefusedError(403, f"this needs the role {roles}; you are {has}")
    return person


class Door:
    """Knows the sender of a request. Where nobody needs a login, all are ``anyone``. For the thread of the event loop."""

    def __init__(
        self,
        anyone: Role | None,
        users: UserList | None = None,
        *,
        secure: bool = False,
        port: int = 0,
        session_s: float = SESSION_S,
    ) -> None:
        """``secure``: whether the pages are served over TLS at ``port``. Cookies are not told apart by port, so their name has it."""
        self.users = users
        self.sessions = Sessions(session_s)
        self._cookie = f"{'__Host-' if secure else ''}inspector-{port}"
        self._flags = f"Path=/; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"
        self._stranger = Visit(Person("", anyone), secrets.token_urlsafe(24), None, users is not None)

    def visit(self, headers: Headers) -> Visit:
        """Who sent a request with these headers."""
        session = None if self.users is None else self.sessions.of(self._ids(headers))
        return self._stranger if session is None else Visit(session.person, session.csrf, session, True)

    def enter(self, person: Person, before: Session | None) -> str:
        """Begin a session in place of the one before; the header that gives its id to the browser."""
        if before is not None:
            self.sessions.end(before)
        id_, _ = self.sessions.begin(person)
        return f"{self._cookie}={id_}; {self._flags}"

    def leave(self, session: Session | None) -> str:
        """End a session; the header that takes its id from the browser."""
        if session is not None:
            self.sessions.end(session)
        return f"{self._cookie}=; Max-Age=0; {self._flags}"

    def look(self, changed: Collection[str]) -> None:
        """End the sessions of these people, and those whose time is over."""
        self.sessions.look()
        if ended := self.sessions.end_of(changed):
            log.warning("users: %d logins of people who were removed or changed have ended", ended)

    def _ids(self, headers: Headers) -> Iterator[str]:
        for header in headers.getlist("cookie"):
            for pair in header.split(
                ";"
            ):  # no regular expression, which may take a second for a header that fits nothing
                name, _, value = pair.partition("=")
                if name.strip(" \t") == self._cookie:
                    yield value.strip(" \t")


def person_routes() -> list[Route]:
    """``/api/me``: what a page has to know of who looks at it."""

    async def me(request: Request) -> Response:
        visit = visit_of(request)
        person = visit.person
        role = None if person.role is None else person.role.value
        rights = sorted(right.value for right in person.rights)
        return as_json({"name": person.name, "role": role, "rights": rights, "csrf": visit.csrf, "users": visit.users})

    return [Route("/api/me", me)]
