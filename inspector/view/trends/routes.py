"""The addresses of a line's numbers over days."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inspector.errors import UserError
from inspector.results.brief_rows import BriefReader
from inspector.view.access.door import may
from inspector.view.access.people import Right
from inspector.view.answers import NEVER_STALE, RefusedError, as_json, told
from inspector.view.coils.routes import LineSource
from inspector.view.trends.buckets import decoded
from inspector.view.trends.desk import Held, TrendDesk
from inspector.view.trends.reading import DAY_NS, MOST_DAYS
from inspector.view.trends.trend import Trend, as_csv, trend
from inspector.view.worker import Progress

_WAIT_S = 10.0
"""How long an answer waits; then it says how far the journal is read."""
_FILE_WAIT_S = 60.0
_DAY_S = DAY_NS // 10**9


def trend_routes(
    lines: Sequence[LineSource],
    published: Callable[[str], str | None] = lambda _: None,
    desk: TrendDesk | None = None,
    now_s: Callable[[], float] = time.time,
) -> list[Route]:
    """``published``: by id of a line the name under which it publishes, as far as it was heard. ``now_s``: where the time that is shown ends."""
    pages = _Trends({line.id: line for line in lines}, published, desk or TrendDesk(), now_s)
    at = "/api/lines/{line}"
    return [
        Route(f"{at}/trends", told(pages.numbers)),
        Route(f"{at}/trends.csv", told(pages.table)),
    ]


class _Trends:
    def __init__(
        self,
        lines: dict[str, LineSource],
        published: Callable[[str], str | None],
        desk: TrendDesk,
        now_s: Callable[[], float],
    ) -> None:
        self._lines, self._published, self._desk, self._now_s = lines, published, desk, now_s

    async def numbers(self, request: Request) -> Response:
        """All that the page shows; 202 with how far the journal is read, where it is not yet."""
        made = await self._made(request, _WAIT_S)
        return as_json({"making": made}, 202) if isinstance(made, Progress) else as_json(made)

    async def table(self, request: Request) -> Response:
        """The numbers as a file for a spreadsheet."""
        made = await self._made(request, _FILE_WAIT_S)
        if isinstance(made, Progress):
            raise RefusedError(503, "the journal is still being read; ask again in a while")
        headers = {"Content-Disposition": f'attachment; filename="trends-{made.days}-days.csv"', **NEVER_STALE}
        return Response(as_csv(made), media_type="text/csv", headers=headers)

    async def _made(self, request: Request, wait_s: float) -> Trend | Progress:
        may(request, Right.LOOK)
        days = _days_of(request)
        reviewed = request.query_params.get("reviewed", "0") == "1"
        camera = request.query_params.get("camera") or None
        source = self._lines.get(request.path_params["line"])
        if source is None:
            raise RefusedError(404, "there is no such line")
        if source.journal is None:
            raise RefusedError(404, "the line has no journal; `journal` in the viewer's configuration names its file")
        journal = source.journal.absolute()
        line = await self._line_in(journal, source)
        held = await self._desk.get(journal, line, source.archive, wait_s)
        if isinstance(held, Progress):
            return held
        now_s = self._now_s()
        return await run_in_threadpool(_trend, held, line, now_s, days, camera, reviewed)

    async def _line_in(self, journal: Path, source: LineSource) -> str:
        """The name under which the line is in its journal. Raises RefusedError where it cannot be told, and UserError."""
        if name := self._published(source.id):
            return name
        try:
            found = await run_in_threadpool(_lines_in, journal)
        except UserError:
            if len(known := await self._desk.lines(journal)) != 1:
                raise
            return known[0]
        if len(found) == 1:
            return found[0]
        if source.name is not None and source.name in found:
            return source.name
        if not found:
            raise RefusedError(404, "the journal holds nothing yet")
        raise RefusedError(
            404,
            f"the journal holds the lines {', '.join(found)}; which of them this is will be known when the line publishes something",
        )


def _trend(held: Held, line: str, now_s: float, days: int, camera: str | None, reviewed: bool) -> Trend:
    oldest = int(now_s) // _DAY_S - days - 1
    kept = {number: decoded(day) for number, day in held.days.items() if number >= oldest}
    return trend(
        kept, held.known, line, now_s=now_s, days=days, camera=camera, reviewed=reviewed, read_s=held.read_s, trouble=held.trouble
    )  # fmt: skip


def _days_of(request: Request) -> int:
    text = request.query_params.get("days", "7")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_DAYS):
        raise RefusedError(400, f"days: expected a whole number from 1 to {MOST_DAYS}")
    return int(text)


def _lines_in(journal: Path) -> list[str]:
    with BriefReader(journal) as reader:
        return reader.lines()
