"""Reviewing archived frames: what waits for a person, one entry with what was said of it, and saying something. The archive holds it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inspector.archive.entry import MOST_ID, Entry, Evidence
from inspector.archive.reader import Archive, Filter
from inspector.archive.review import ConflictError, GoneError, Proposal, Review
from inspector.archive.reviewing import review
from inspector.errors import UserError
from inspector.view.access.door import may
from inspector.view.access.people import Right
from inspector.view.answers import RefusedError, as_json, posted, told
from inspector.view.coils.pictures import shown
from inspector.view.config import LineSource

MOST_LISTED = 100


def review_routes(lines: Sequence[LineSource]) -> list[Route]:
    """``/api/lines/<id>/review?kind=uncertain&after=<entry>&limit=20``, and ``.../review/<entry>`` to be read (GET) and reviewed (POST)."""
    pages = _Reviews({line.id: line.archive for line in lines})
    at = "/api/lines/{line}/review"
    return [
        Route(at, told(pages.queue)),
        Route(f"{at}/{{entry:int}}", told(pages.entry)),
        Route(f"{at}/{{entry:int}}", told(pages.judge), methods=["POST"]),
    ]


class _Reviews:
    def __init__(self, archives: Mapping[str, Path | None]) -> None:
        self._archives = archives

    async def queue(self, request: Request) -> Response:
        """Entries of one kind that nobody has reviewed, the newest first, and how many there are of each kind."""
        may(request, Right.LOOK)
        kinds = [one.value for one in Evidence]
        kind = request.query_params.get("kind", Evidence.UNCERTAIN.value)
        if kind not in kinds:
            raise RefusedError(400, f"kind: expected one of {', '.join(kinds)}")
        after = _number(request, "after", None, MOST_ID)
        limit = _number(request, "limit", 20, MOST_LISTED)
        return as_json(await run_in_threadpool(_queue, self._archive(request), Evidence(kind), after, limit or 1))

    async def entry(self, request: Request) -> Response:
        """An entry with all its reviews."""
        may(request, Right.LOOK)
        found = await run_in_threadpool(_one, self._archive(request), request.path_params["entry"])
        if found is None:
            raise RefusedError(404, _gone(request))
        return as_json(found)

    async def judge(self, request: Request) -> Response:
        """Review an entry. 409 with the review that is there, where somebody else was faster."""
        may(request, Right.REVIEW)
        archive, id_ = self._archive(request), request.path_params["entry"]
        asked = await posted(request, Proposal)
        person = may(request, Right.REVIEW)  # that may have taken seconds
        try:
            made = await run_in_threadpool(review, archive, id_, asked, author=person.author)
        except ConflictError as conflict:
            return as_json({"error": str(conflict), "review": conflict.there}, 409)
        except GoneError:
            raise RefusedError(404, _gone(request)) from None
        except UserError as error:
            raise RefusedError(400, str(error)) from None
        return as_json({"review": made})

    def _archive(self, request: Request) -> Path:
        line = request.path_params["line"]
        if line not in self._archives:
            raise RefusedError(404, "no such line")
        archive = self._archives[line]
        if archive is None:
            raise RefusedError(404, "the line has no archive; `archive` in the viewer's configuration names its folder")
        return archive


def _number(request: Request, name: str, default: int | None, most: int) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 1 <= int(text) <= most):
        raise RefusedError(400, f"{name}: expected a number from 1 to {most}")
    return int(text)


def _gone(request: Request) -> str:
    return f"the archive has no entry {request.path_params['entry']}; it was deleted, or never there"


def _queue(archive: Path, kind: Evidence, after: int | None, limit: int) -> dict[str, Any]:
    with Archive(archive) as opened:
        entries = opened.queue(kind, cursor=after, limit=limit)
        return {
            "entries": [_item(one, opened.review_of(one.id)) for one in entries],
            "counts": {one.value: count for one, count in opened.to_review().items()},
            "reviewed": opened.count(Filter(reviewed=True)),
        }


def _one(archive: Path, id_: int) -> dict[str, Any] | None:
    with Archive(archive) as opened:
        entry = opened.get(id_) if id_ <= MOST_ID else None
        if entry is None:
            return None
        history = opened.reviews(id_)
    last = history[-1] if history and history[-1].truth is not None else None
    return _item(entry, last) | {"history": history}


def _item(entry: Entry, review: Review | None) -> dict[str, Any]:
    return {
        "id": entry.id,
        "run": entry.run,
        "camera": entry.camera,
        "frame": entry.frame,
        "captured_ms": entry.captured_unix_ns // 10**6,
        "verdict": entry.verdict.value,
        "reason": entry.reason.value,
        "evidence": entry.evidence.value,
        "gate_score": entry.gate_score,
        "classes": entry.bits,
        "size_px": (entry.height_px, entry.width_px),
        "box_px": entry.box_px,
        "defects": [
            {"class": one.class_name, "box_px": one.bbox_px, "area_px": one.area_px, "score": one.score}
            for one in entry.defects
        ],
        "shown": shown(entry),
        "review": review,
    }
