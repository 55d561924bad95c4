"""Answers in JSON, what pages send in it, and refusals of one line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from engines.errors import FileError
from inspector.errors import UserError
from inspector.protocol.codec import MalformedError

NEVER_STALE = {"Cache-Control": "no-store"}
LARGEST_POST = 64 << 10
"""Bytes of what a page sends."""
LONGEST_POST_S = 5.0
"""In which all of it has to come: whoever sends slowly holds a connection."""
T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """A request that is not met: an HTTP status, and one line for a person."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(text)


def told(answer: Handler) -> Handler:
    """What cannot be had is one line in the answer."""

    async def with_errors(request: Request) -> Response:
        try:
            return await answer(request)
        except RefusedError as refused:
            return as_json({"error": refused.text}, refused.status)
        except (UserError, FileError, MalformedError) as error:
            return as_json({"error": str(error)}, 502)

    return with_errors


def as_json(content: Any, status: int = 200) -> Response:
    """An answer that no cache keeps."""
    return encoded_json(msgspec.json.encode(content), status)


def encoded_json(content: bytes, status: int = 200) -> Response:
    """As ``as_json``, of what is JSON already."""
    return Response(content, status, media_type="application/json", headers=NEVER_STALE)


async def posted(request: Request, kind: type[T]) -> T:
    """What a page sent. Raises RefusedError for anything but a JSON object of that kind."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise RefusedError(415, "expected a body of application/json")
    try:
        content = await asyncio.wait_for(_body(request), LONGEST_POST_S)
    except asyncio.TimeoutError:
        raise RefusedError(408, f"not all of it came within {LONGEST_POST_S:g} s") from None
    except ClientDisconnect:
        raise RefusedError(400, "not all of it came") from None  # which nobody reads
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(400, f"not what was expected: {error}"[:300]) from None


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_POST:
            raise RefusedError(413, f"more than {LARGEST_POST >> 10} KiB were sent")
    return bytes(content)
