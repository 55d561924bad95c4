"""What every request has to be, and what every answer says, so that only pages of this viewer can read it, and they load nothing from elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from inspector.view.door import Door
from inspector.view.people import Visit

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
_LONGEST_PATH = 2000


class Guard:
    """Refuses what does not come from a page of this viewer, and adds the headers to what does."""

    def __init__(
        self, app: App, door: Door, port: int, names: tuple[str, ...] = ("127.0.0.1", "[::1]", "localhost")
    ) -> None:
        """``names``: how this machine may be called in an address; a name that leads here from elsewhere (DNS rebinding) is none of them."""
        self._app, self._door = app, door
        self._hosts = {f"{name}:{port}" for name in names} | (set(names) if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        visit = self._door.visit(Headers(scope=scope))
        why = self._refusal(scope, visit)
        if why is not None:
            status, text = why
            await _refuse(scope, receive, send, status, text)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        scope["visit"] = visit
        await self._app(scope, receive, with_headers)

    def _refusal(self, scope: Scope, visit: Visit) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, "this address is not that of the viewer; expected one of " + ", ".join(sorted(self._hosts))
        origins = headers.getlist("origin")
        if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
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


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    response = PlainTextResponse(text + "\n", status, headers=HEADERS)
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    await response(scope, receive, send)
