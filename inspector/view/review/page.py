"""The page of reviews; what it asks for is answered in ``reviews``."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def review_page_routes() -> list[Route]:
    """``/review?line=ID``; with ``&entry=NUMBER`` the page begins with that frame."""
    content = (files("inspector.view") / "static" / "review.html").read_bytes()

    async def page(_: Request) -> Response:
        return Response(content, media_type="text/html", headers={"Cache-Control": "no-cache"})

    return [Route("/review", page)]
