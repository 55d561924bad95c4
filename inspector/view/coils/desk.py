"""Coils that pages have asked for: each made once, in a process of its own, given up when nobody waits for it, kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from inspector.errors import UserError
from inspector.view.coils.arrays import Facts
from inspector.view.coils.runs import Run
from inspector.view.coils.worker import Job
from inspector.view.work import NOBODY_WAITS_S, Work, Worker, Workshop, result_of, working
from inspector.view.worker import Progress

WORKERS = 2
"""Coils that are made at the same time."""
MOST_JOBS = 16
"""Those that are made or wait for it; one more is refused."""
MOST_BYTES = 128 << 20
"""Of coils that are kept."""
LARGEST_BYTES = 256 << 20
"""Of one coil, as its worker says it."""
LONGEST_S = 1800.0
LONGEST_JUDGING_S = 180.0
"""For roll marks and grade. On a coil with very many defects the search for roll marks takes longer; the map does not wait for it."""
LEAST_AGE_S = 10.0
"""A coil that goes on is made again when it is asked for and is older than this, and than 5 times the time that it took."""

_WORKER = "inspector.view.coils.worker"
_WHAT = "the coil"


@dataclass(frozen=True)
class MadeCoil:
    """A coil, ready for a map; or its report."""

    run: Run
    head: bytes
    """JSON, or the HTML of the report."""
    block: bytes
    facts: Facts
    judgement: bytes | None
    """JSON; None: it is not made yet."""
    made_s: float
    took_s: float
    """By the monotonic clock."""

    @property
    def bytes(self) -> int:
        """What it takes of memory."""
        return len(self.head) + len(self.block) + sum(map(len, self.facts.chunks)) + len(self.judgement or b"")


class _Making(Work[MadeCoil]):
    """A coil that is made."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job
        self.mapped: asyncio.Future[MadeCoil] = asyncio.get_running_loop().create_future()
        """What a map needs."""


class CoilDesk:
    """Makes coils and keeps them; used in one event loop."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, nobody_waits_s: float = NOBODY_WAITS_S) -> None:
        self._made: OrderedDict[tuple[str, int, bool], MadeCoil] = OrderedDict()
        self._shop: Workshop[_Making] = Workshop(WORKERS, nobody_waits_s)
        self._making = self._shop.works
        self._most_bytes = most_bytes
        self.started = 0
        """Workers that were started."""

    @property
    def making(self) -> int:
        """Coils that are made, or wait for it."""
        return len(self._making)

    async def get(self, job: Job, wait_s: float, *, judged: bool = False) -> MadeCoil | Progress:
        """The coil, with roll marks and grade where it is to be ``judged``, or how far it is after ``wait_s``. Raises UserError where it cannot be made."""
        key = job.journal, job.run.id, job.report
        kept = self._made.get(key)
        if kept is not None and _is_good(kept, job.run) and not (judged and kept.judgement is None):
            self._made.move_to_end(key)
            return kept
        making = self._making.get(key) or self._shop.begin(
            key, _Making(job), lambda making: self._make(key, making), MOST_JOBS
        )
        is_map = not (judged or job.report)
        if not await self._shop.wait(making, {making.mapped} if is_map else set(), wait_s):
            return making.progress
        return making.mapped.result() if is_map and making.mapped.done() else result_of(making)

    async def close(self) -> None:
        """Give up what is being made."""
        await self._shop.close()

    async def _make(self, key: tuple[str, int, bool], making: _Making) -> MadeCoil:
        self.started += 1
        try:
            made = await asyncio.wait_for(_worked(making, lambda one: self._keep(key, one)), LONGEST_S)
        except asyncio.TimeoutError:
            raise UserError(f"the coil was not made within {LONGEST_S:g} s, and is given up") from None
        self._keep(key, made)
        return made

    def _keep(self, key: tuple[str, int, bool], made: MadeCoil) -> None:
        self._made[key] = made
        self._made.move_to_end(key)
        while len(self._made) > 1 and sum(one.bytes for one in self._made.values()) > self._most_bytes:
            self._made.popitem(last=False)


def _is_good(made: MadeCoil, run: Run) -> bool:
    """Whether what was made still says what the journal does."""
    if made.run != run:
        return False
    return run.through is not None or time.monotonic() - made.made_s < max(LEAST_AGE_S, 5 * made.took_s)


async def _worked(making: _Making, keep: Callable[[MadeCoil], None]) -> MadeCoil:
    """What a worker says; ``keep`` is given what a map needs as soon as it is there."""
    job = msgspec.json.encode(making.job)
    async with working(_WORKER, job, making, _WHAT, LARGEST_BYTES) as worker:
        return await _read(worker, making, keep)


async def _read(worker: Worker, making: _Making, keep: Callable[[MadeCoil], None]) -> MadeCoil:
    parts: dict[bytes, bytes] = {}
    chunks: list[bytes] = []
    began, limit_s = time.monotonic(), LONGEST_S
    while True:
        try:
            message = await asyncio.wait_for(worker.message(), limit_s)
        except asyncio.TimeoutError:
            raise UserError(
                f"roll marks and grade were not found within {limit_s:g} s; `inspector coil report` takes the time that it needs"
            ) from None
        kind, content = message or (b"", b"")
        if kind == b"f":
            chunks.append(content)
        elif kind in (b"m", b""):
            now = time.monotonic()
            head, judgement = parts.get(b"h") or parts.get(b"r", b""), parts.get(b"j")
            made = MadeCoil(making.job.run, head, parts.get(b"b", b""), Facts(chunks), judgement, now, now - began)
            if not kind:
                return made
            keep(made)
            making.mapped.set_result(made)
            limit_s = LONGEST_JUDGING_S
        else:
            parts[kind] = content
