"""Who a request is from."""

from __future__ import annotations

import secrets

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from inspector.view.answers import RefusedError, as_json
from inspector.view.people import RIGHTS, Person, Right, Role, Visit


def visit_of(connection: HTTPConnection) -> Visit:
    """Who sent this request; the guard has written it there."""
    visit: Visit = connection.scope["visit"]
    return visit


def may(connection: HTTPConnection, right: Right) -> Person:
    """The person who asks. Raises RefusedError where the right is not theirs."""
    person = visit_of(connection).person
    if right not in person.rights:
        roles = " or ".join(role.value for role in Role if right in RIGHTS[role])
        has = "nobody who is logged in" if person.role is None else f"{person.author}, {person.role.value}"
        raise RefusedError(403, f"this needs the role {roles}; you are {has}")
    return person


class Door:
    """Knows the sender of a request. Where nobody needs a login, all are ``anyone``."""

    def __init__(self, anyone: Role | None) -> None:
        self._stranger = Visit(Person("", anyone), secrets.token_urlsafe(24))

    def visit(self, headers: Headers) -> Visit:
        """Who sent a request with these headers."""
        return self._stranger


def person_routes() -> list[Route]:
    """``/api/me``: what a page has to know of who looks at it."""

    async def me(request: Request) -> Response:
        person, csrf = visit_of(request)
        role = None if person.role is None else person.role.value
        rights = sorted(right.value for right in person.rights)
        return as_json({"name": person.name, "role": role, "rights": rights, "csrf": csrf, "users": False})

    return [Route("/api/me", me)]
