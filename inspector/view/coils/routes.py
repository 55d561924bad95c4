"""The page and the addresses of coils: the runs of a line's journal, each of them as a coil, its defects with their pictures, its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inspector.results.journal_reader import JournalReader
from inspector.view.answers import NEVER_STALE, RefusedError, as_json, encoded_json, told
from inspector.view.coils.defects import facts_of
from inspector.view.coils.desk import CoilDesk, MadeCoil
from inspector.view.coils.pictures import picture
from inspector.view.coils.runs import Run, find_run, runs
from inspector.view.coils.worker import Job
from inspector.view.worker import Progress

_WAIT_S = 10.0
"""How long an answer waits for a coil; then it says how far the coil is."""
_IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable", "Vary": "Cookie"}
"""A browser keeps them, for the login with which they were asked for: after it they are asked for again."""
_LONGEST_NAME = 300
T = TypeVar("T")


class LineSource(Protocol):
    """Where what is known of one line lies."""

    @property
    def id(self) -> str:
        """Safe in addresses."""

    @property
    def name(self) -> str | None:
        """As configured."""

    @property
    def journal(self) -> Path | None:
        """The line's journal."""

    @property
    def archive(self) -> Path | None:
        """The folder of its archive."""


def coil_routes(
    lines: Sequence[LineSource],
    configs: Mapping[str, Path] | None = None,
    desk: CoilDesk | None = None,
    published: Callable[[str], str | None] = lambda _: None,
) -> list[Route]:
    """``configs``: by line, its `coil.yaml`, for grades and rolls. ``published``: by id of a line the name under which it publishes, as far as it was
    heard: a journal may be that of several. The addresses are the same for lines without a journal or an archive, and say what is missing."""
    pages = _Coils({line.id: line for line in lines}, dict(configs or {}), desk or CoilDesk(), published)
    at = "/api/lines/{line}"
    return [
        Route(f"{at}/runs", told(pages.runs)),
        Route(f"{at}/runs/{{run:int}}", told(pages.head)),
        Route(f"{at}/runs/{{run:int}}/defects.bin", told(pages.block)),
        Route(f"{at}/runs/{{run:int}}/defects/{{index:int}}", told(pages.defect)),
        Route(f"{at}/runs/{{run:int}}/judgement", told(pages.judgement)),
        Route(f"{at}/runs/{{run:int}}/report.html", told(pages.report)),
        Route(f"{at}/pictures/{{name}}", told(pages.picture)),
    ]


class _Coils:
    def __init__(
        self,
        lines: Mapping[str, LineSource],
        configs: Mapping[str, Path],
        desk: CoilDesk,
        published: Callable[[str], str | None],
    ) -> None:
        self._lines, self._configs, self._desk, self._published = lines, configs, desk, published

    async def runs(self, request: Request) -> Response:
        """The newest runs, or those of one name."""
        name = request.query_params.get("name")
        if name is not None and len(name) > _LONGEST_NAME:
            raise RefusedError(400, "no run has so long a name")
        journal = self._journal(request)
        line = self._published(self._line(request).id)
        found = await run_in_threadpool(_in_journal, journal, lambda reader: runs(reader, name=name, line=line))
        return as_json({"runs": found})

    async def head(self, request: Request) -> Response:
        """The coil without its defects; 202 with how far it is, where it is not there yet."""
        made = await self._made(request)
        return made if isinstance(made, Response) else encoded_json(made.head)

    async def block(self, request: Request) -> Response:
        """The typed arrays that the head describes."""
        made = await self._made(request)
        if isinstance(made, Response):
            return made
        return Response(made.block, media_type="application/octet-stream", headers=NEVER_STALE)

    async def defect(self, request: Request) -> Response:
        """A defect with its frames, their verdicts, thresholds and pictures."""
        line, made = self._line(request), await self._made(request)
        if isinstance(made, Response):
            return made
        facts = made.facts.get(request.path_params["index"])
        if facts is None:
            raise RefusedError(404, "the coil has no such defect")
        return as_json(await run_in_threadpool(facts_of, self._journal(request), line.archive, facts))

    async def judgement(self, request: Request) -> Response:
        """Roll marks, grade and cut list, which may take longer than the map."""
        made = await self._made(request, judged=True)
        return made if isinstance(made, Response) else encoded_json(made.judgement or b"null")

    async def report(self, request: Request) -> Response:
        """The report, a file to be kept."""
        made = await self._made(request, report=True)
        if isinstance(made, Response):
            return made
        name = quote(f"{made.run.name}.html", safe="")
        headers = {
            "Content-Disposition": f"attachment; filename=\"coil.html\"; filename*=UTF-8''{name}",
            **NEVER_STALE,
        }
        return Response(made.head, media_type="text/html", headers=headers)

    async def picture(self, request: Request) -> Response:
        """A picture, mask or thumbnail of the archive."""
        archive = self._line(request).archive
        if archive is None:
            raise RefusedError(404, "the line has no archive; `archive` in the viewer's configuration names its folder")
        found = await run_in_threadpool(picture, archive, request.path_params["name"])
        if found is None:
            raise RefusedError(404, "the archive has no such picture; it may have been deleted")
        return Response(found[0], media_type=found[1], headers=_IMMUTABLE)

    def _line(self, request: Request) -> LineSource:
        line = self._lines.get(request.path_params["line"])
        if line is None:
            raise RefusedError(404, "there is no such line")
        return line

    def _journal(self, request: Request) -> Path:
        journal = self._line(request).journal
        if journal is None:
            raise RefusedError(404, "the line has no journal; `journal` in the viewer's configuration names its file")
        return journal.absolute()

    async def _made(self, request: Request, *, report: bool = False, judged: bool = False) -> MadeCoil | Response:
        line, journal = self._line(request), self._journal(request)
        id_ = request.path_params["run"]
        if id_ >= 2**63 - 1:
            raise RefusedError(404, "the journal holds no such run")
        run: Run | None = await run_in_threadpool(_in_journal, journal, lambda reader: find_run(reader, id_))
        if run is None:
            raise RefusedError(404, "the journal holds no such run any more")
        config = self._configs.get(line.id)
        job = Job(
            journal=str(journal),
            run=run,
            config=None if config is None else str(config.absolute()),
            archive=None if line.archive is None else str(line.archive.absolute()),
            report=report,
        )
        made = await self._desk.get(job, _WAIT_S, judged=judged)
        return as_json({"making": made}, 202) if isinstance(made, Progress) else made


def _in_journal(journal: Path, ask: Callable[[JournalReader], T]) -> T:
    with JournalReader(journal) as reader:
        return ask(reader)
