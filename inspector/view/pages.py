"""The pages' own files, read once: whatever an address says, nothing else of the disk can be served."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGES = {
    "/": "index.html",
    "/coil": "coil.html",
    "/trends": "trends.html",
    "/review": "review.html",
    "/login": "login.html",
}


@dataclass(frozen=True)
class _File:
    data: bytes
    kind: str
    tag: str


def page_routes() -> list[Route]:
    """The pages, and ``/static/<file>``."""
    found = dict(_read())

    async def static(request: Request) -> Response:
        return _answer(request, found.get(request.path_params["name"]))

    def page(name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return _answer(request, found[name])

        return answer

    pages = [Route(address, page(name)) for address, name in PAGES.items()]
    return [*pages, Route("/static/{name}", static)]


def _answer(request: Request, file: _File | None) -> Response:
    if file is None:
        return PlainTextResponse("no such file\n", 404)
    # Asked for each time, and sent where it is another: pages and server are always of one version.
    headers = {"etag": file.tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.data, headers=headers, media_type=file.kind)


def _read() -> list[tuple[str, _File]]:
    folder = files("inspector.view") / "static"
    found = []
    for one in folder.iterdir():
        suffix = one.name[one.name.rfind(".") :]
        if suffix in _KINDS and one.is_file():
            data = one.read_bytes()
            found.append((one.name, _File(data, _KINDS[suffix], f'"{hashlib.sha256(data).hexdigest()[:16]}"')))
    return found
