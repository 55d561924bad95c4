"""What is known of lines over days: counted by workers, each row of a journal once, and kept."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from inspector.errors import UserError
from inspector.view.trends.buckets import decoded, encoded, merge
from inspector.view.trends.reading import DAY_NS, MOST_DAYS, VERSION, Known
from inspector.view.trends.state import TrendState
from inspector.view.trends.worker import KNOWN, Found, Job
from inspector.view.work import NOBODY_WAITS_S, Work, Workshop, result_of, working
from inspector.view.worker import Progress

WORKERS = 2
"""Journals that are read at the same time."""
MOST_JOBS = 16
LARGEST_BYTES = 1 << 30
"""Of what one worker says, in all."""
LEAST_AGE_S, REST = 10.0, 5.0
"""A journal is read on when it is asked for and what is known is older than this, and than so many times the time that reading it took."""
_WORKER = "inspector.view.trends.worker"
_WHAT = "the trends"
_found = msgspec.msgpack.Decoder(Found)


@dataclass(frozen=True)
class Held:
    """What is known of a line."""

    known: Known = field(default_factory=Known)
    days: dict[int, bytes] = field(default_factory=dict)
    """As they are kept, by number since 1970."""
    read_s: float = 0.0
    """When the journal was read last, Unix time."""
    made_s: float = float("-inf")
    took_s: float = 0.0
    """By the monotonic clock."""
    trouble: str = ""
    """Why the journal could not be read to its end then."""

    @property
    def is_something(self) -> bool:
        """Whether anything was counted."""
        return bool(self.days)


class TrendDesk:
    """Counts and keeps; used in one event loop."""

    def __init__(
        self,
        state: TrendState | None = None,
        *,
        nobody_waits_s: float = NOBODY_WAITS_S,
        least_age_s: float = LEAST_AGE_S,
        rest: float = REST,
    ) -> None:
        self._held: dict[tuple[str, str], Held] = {}
        self._shop: Workshop[Work[Held]] = Workshop(WORKERS, nobody_waits_s)
        self._state = state
        self._least_age_s, self._rest = least_age_s, rest

    async def get(self, journal: Path, line: str, archive: Path | None, wait_s: float) -> Held | Progress:
        """What is known now, or how far the journal is read after ``wait_s``. Raises UserError where it cannot be read, and nothing is known."""
        key = str(journal), line
        held = self._held.get(key)
        if held is not None and time.monotonic() - held.made_s < max(self._least_age_s, self._rest * held.took_s):
            return held
        work = self._shop.works.get(key) or self._shop.begin(
            key, Work(), lambda work: self._count(key, work, archive), MOST_JOBS
        )
        return result_of(work) if await self._shop.wait(work, set(), wait_s) else work.progress

    async def lines(self, journal: Path) -> list[str]:
        """The lines of which something is known from this journal."""
        path = str(journal)
        kept = [] if self._state is None else await asyncio.to_thread(self._state.lines, path)
        return sorted({line for of, line in self._held if of == path}.union(kept))

    async def close(self) -> None:
        """Give up what is being counted."""
        await self._shop.close()

    async def _count(self, key: tuple[str, str], work: Work[Held], archive: Path | None) -> Held:
        began_s, trouble = time.monotonic(), ""
        before = self._held.get(key)
        held = self._held[key] = await asyncio.to_thread(self._loaded, key) if before is None else before
        known = msgspec.msgpack.encode(held.known)
        place = None if archive is None else str(archive.absolute())
        job = Job(journal=key[0], line=key[1], archive=place, known=known, now_ns=time.time_ns())
        try:
            async with working(_WORKER, msgspec.json.encode(job), work, _WHAT, LARGEST_BYTES) as worker:
                while (message := await worker.message()) is not None:
                    kind, content = message
                    if kind == KNOWN:
                        held = self._held[key] = await asyncio.to_thread(self._with, key, held, content)
                    else:
                        trouble = content.decode()
        except UserError as error:
            if not held.is_something:
                raise
            trouble = str(error)
        now_s = time.monotonic()
        read_s = held.read_s if trouble and held.read_s else time.time()
        held = self._held[key] = replace(held, trouble=trouble, read_s=read_s, made_s=now_s, took_s=now_s - began_s)
        return held

    def _with(self, key: tuple[str, str], held: Held, content: bytes) -> Held:
        """What is known with what a worker has counted, which is kept."""
        found = _found.decode(content)
        changed = {}
        for number, more in found.days.items():
            day = decoded(held.days[number]) if number in held.days else {}
            merge(day, more)
            changed[number] = encoded(day)
        oldest = time.time_ns() // DAY_NS - MOST_DAYS - 1
        days = {number: day for number, day in {**held.days, **changed}.items() if number >= oldest}
        if self._state is not None:
            gone = held.days.keys() - days.keys()
            self._state.save(*key, msgspec.msgpack.encode(found.known), changed, gone)
        return replace(held, known=found.known, days=days, read_s=time.time())

    def _loaded(self, key: tuple[str, str]) -> Held:
        if self._state is None:
            return Held()
        content, days = self._state.load(*key)
        try:
            known = msgspec.msgpack.decode(content, type=Known)
            for day in days.values():
                decoded(day)
        except msgspec.DecodeError:
            return Held()
        return Held(known, days, read_s=known.last_ns / 1e9) if known.version == VERSION else Held()
