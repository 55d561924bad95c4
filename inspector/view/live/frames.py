"""What the archive has of a frame of a running line: the page of the line asks for the pictures of its rejects."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engines.errors import FileError
from inspector.errors import UserError
from inspector.view.coils.pictures import entry_of
from inspector.view.config import LineSource

_LONGEST = 64
"""Of the name of a camera, and of an epoch."""
_LARGEST = 2**53


def frame_routes(lines: Sequence[LineSource]) -> list[Route]:
    """``/api/lines/<id>/frames/<epoch>/<camera>/<frame>``: names of its pictures, under which the archive's addresses serve them."""
    archives = {line.id: line.archive for line in lines}

    async def frame(request: Request) -> Response:
        asked = request.path_params
        archive = archives.get(asked["line"])
        fits = len(asked["epoch"]) <= _LONGEST and len(asked["camera"]) <= _LONGEST and asked["frame"] < _LARGEST
        if archive is None or not fits:
            return PlainTextResponse("no such frame\n", 404)
        try:
            found = await run_in_threadpool(entry_of, archive, asked["epoch"], asked["camera"], asked["frame"])
        except (UserError, FileError) as error:
            return PlainTextResponse(f"{error}\n", 502)
        if found is None:
            return PlainTextResponse("the archive has no such frame\n", 404)
        headers = {"cache-control": "no-store"}
        return Response(msgspec.json.encode(found), media_type="application/json", headers=headers)

    return [Route("/api/lines/{line}/frames/{epoch}/{camera}/{frame:int}", frame)]
