"""What every request has to be, and what every answer says, so that only pages of this viewer can read it, and they load nothing from elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from inspector.view.access.door import Door
from inspector.view.access.hosts import Hosts
from inspector.view.access.people import Right, Visit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
READING = ("GET", "HEAD")
CSRF = "x-csrf-token"
"""Header in which a page repeats what ``/api/me`` told it."""
LOGIN = "/login"
OPEN = ("/api/me", "/api/login", LOGIN)
"""What is answered without a login, beside the pages' own files."""
LOGIN_NEEDED = 4401
"""With which a WebSocket is closed when its session has ended."""
_LONGEST_PATH = 2000


class Guard:
    """Refuses what does not come from a page of this viewer, and adds the headers to what does."""

    def __init__(self, app: App, door: Door, port: int, hosts: Hosts | None = None) -> None:
        """``hosts``: how this machine may be called in an address; by default as it calls itself, at ``port``."""
        self.app, self._door = app, door
        self._hosts = Hosts(port) if hosts is None else hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        visit = self._door.visit(Headers(scope=scope))
        why = self._refusal(scope, visit)
        if why is not None:
            status, text = why
            await _refuse(scope, receive, send, PlainTextResponse(text + "\n", status))
            return
        if Right.LOOK not in visit.person.rights and not _is_open(scope):
            await _refuse(scope, receive, send, _to_login(scope) if visit.users else _to_nobody(scope))
            return

        async def with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        scope["visit"] = visit
        await self.app(scope, receive, with_headers)

    def _refusal(self, scope: Scope, visit: Visit) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._hosts.knows(hosts[0], scope):
            return 421, f"this address is not that of the viewer; expected one of {self._hosts.told}"
        origins = headers.getlist("origin")
        if any(origin.lower() != f"{self._hosts.scheme}://{hosts[0].lower()}" for origin in origins):
            return 403, "a page of another address may not read this"
        if scope["type"] == "http" and scope["method"] not in READING:
            if scope["method"] != "POST" or not scope["path"].startswith("/api/"):
                return 405, "expected GET or HEAD, or POST to an address under /api/"
            if not origins:
                return 403, "this needs the header Origin, which browsers send"
            if not secrets.compare_digest(headers.get(CSRF, "").encode(), visit.csrf.encode()):
                return 403, "the page is older than the viewer or its login; load it again"
        if len(scope.get("raw_path", b"")) + len(scope.get("query_string", b"")) > _LONGEST_PATH:
            return 414, "this address is too long"
        return None


def _is_open(scope: Scope) -> bool:
    return scope["type"] == "http" and (scope["path"] in OPEN or scope["path"].startswith("/static/"))


def _to_login(scope: Scope) -> Response:
    """Where somebody has to log in first: a page leads there, and from there back."""
    if scope["type"] == "websocket":
        return PlainTextResponse("this needs a login\n", 401)
    if scope["path"].startswith("/api/"):
        return JSONResponse({"error": "this needs a login"}, 401)
    query = scope.get("query_string", b"").decode("latin-1")
    wanted = quote(scope["path"]) + (f"?{query}" if query else "")
    return RedirectResponse(LOGIN if wanted == "/" else f"{LOGIN}?next={quote(wanted, safe='/')}", 303)


def _to_nobody(scope: Scope) -> Response:
    text = "nobody may look here: `anyone` is null, and there are no users"
    return (
        JSONResponse({"error": text}, 403) if scope["path"].startswith("/api/") else PlainTextResponse(text + "\n", 403)
    )


async def _refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": LOGIN_NEEDED if response.status_code == 401 else 1008})
        return
    response.headers.update({**HEADERS, "cache-control": "no-store"})
    await response(scope, receive, send)
