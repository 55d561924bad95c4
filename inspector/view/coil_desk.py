"""Coils that pages have asked for: each made once, in a process of its own, given up when nobody waits for it, kept for a while."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from inspector.errors import UserError
from inspector.view.answers import RefusedError
from inspector.view.arrays import Facts
from inspector.view.coil_worker import MESSAGE, Job, Progress
from inspector.view.runs import Run

WORKERS = 2
"""Coils that are made at the same time."""
MOST_JOBS = 16
"""Those that are made or wait for it; one more is refused."""
MOST_BYTES = 128 << 20
"""Of coils that are kept."""
LARGEST_BYTES = 256 << 20
"""Of one coil, as its worker says it."""
NOBODY_WAITS_S = 5.0
"""A coil that nobody has asked for so long is not made to its end."""
LONGEST_S = 1800.0
LONGEST_JUDGING_S = 180.0
"""For roll marks and grade. On a coil with very many defects the search for roll marks takes longer; the map does not wait for it."""
LEAST_AGE_S = 10.0
"""A coil that goes on is made again when it is asked for and is older than this, and than 5 times the time that it took."""

_WORKER = "inspector.view.coil_worker"
_ROOT = Path(__file__).resolve().parents[2]
"""Where the package is, so that the worker is of this program, however it was started. Paths in a job are absolute."""


class BusyError(RefusedError):
    """Too many coils are asked for."""

    def __init__(self, text: str) -> None:
        super().__init__(503, text)


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


@dataclass
class _Making:
    job: Job
    mapped: asyncio.Future[MadeCoil]
    """What a map needs."""
    task: asyncio.Task[MadeCoil] | None = None
    """All of it."""
    progress: Progress = field(default_factory=lambda: Progress(done=0, of=1))
    waiting: int = 0
    end: asyncio.TimerHandle | None = None


class CoilDesk:
    """Makes coils and keeps them; used in one event loop."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, nobody_waits_s: float = NOBODY_WAITS_S) -> None:
        self._made: OrderedDict[tuple[str, int, bool], MadeCoil] = OrderedDict()
        self._making: dict[tuple[str, int, bool], _Making] = {}
        self._most_bytes, self._nobody_waits_s = most_bytes, nobody_waits_s
        self._free = asyncio.Semaphore(WORKERS)
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
        making = self._making.get(key) or self._begin(key, job)
        assert making.task is not None
        making.waiting += 1
        if making.end is not None:
            making.end.cancel()
            making.end = None
        try:
            wanted: set[asyncio.Future[MadeCoil]] = (
                {making.task} if judged or job.report else {making.mapped, making.task}
            )
            done, _ = await asyncio.wait(wanted, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                return making.progress
            if making.mapped in done:
                return making.mapped.result()
            if making.task.cancelled():
                raise BusyError("the coil was given up; ask for it again")
            return making.task.result()
        finally:
            making.waiting -= 1
            if making.waiting == 0 and not making.task.done():
                making.end = asyncio.get_running_loop().call_later(self._nobody_waits_s, making.task.cancel)

    def _begin(self, key: tuple[str, int, bool], job: Job) -> _Making:
        if len(self._making) >= MOST_JOBS:
            raise BusyError("too many coils are asked for at the same time; ask again in a while")
        making = self._making[key] = _Making(job, asyncio.get_running_loop().create_future())
        making.task = asyncio.create_task(self._make(key, making))
        making.task.add_done_callback(_told)
        return making

    async def close(self) -> None:
        """Give up what is being made."""
        tasks = [one.task for one in self._making.values() if one.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make(self, key: tuple[str, int, bool], making: _Making) -> MadeCoil:
        try:
            async with self._free:
                self.started += 1
                made = await asyncio.wait_for(_worked(making, lambda one: self._keep(key, one)), LONGEST_S)
            self._keep(key, made)
            return made
        except asyncio.TimeoutError:
            raise UserError(f"the coil was not made within {LONGEST_S:g} s, and is given up") from None
        finally:
            if making.end is not None:
                making.end.cancel()
            if self._making.get(key) is making:
                del self._making[key]

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


def _told(task: asyncio.Task[MadeCoil]) -> None:
    """Its error was told to those who waited; where nobody did, it is of no interest."""
    if not task.cancelled():
        task.exception()


async def _worked(making: _Making, keep: Callable[[MadeCoil], None]) -> MadeCoil:
    """What a worker says; ``keep`` is given what a map needs as soon as it is there. The worker is ended in any case."""
    pipe = asyncio.subprocess.PIPE
    # In a session of its own: Ctrl-C is for the viewer, at whose end the worker finds the end of its input.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _WORKER, cwd=_ROOT, stdin=pipe, stdout=pipe, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(making.job) + b"\n")
        await process.stdin.drain()
        return await _read(process.stdout, making, keep)
    except (asyncio.IncompleteReadError, ConnectionError):
        raise UserError(
            "the process that makes the coil ended before it was done; the viewer's log may say why"
        ) from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.stdin.close()
        await process.wait()


async def _read(stream: asyncio.StreamReader, making: _Making, keep: Callable[[MadeCoil], None]) -> MadeCoil:
    parts: dict[bytes, bytes] = {}
    chunks: list[bytes] = []
    began, size, limit_s = time.monotonic(), 0, LONGEST_S
    while True:
        try:
            kind, content = await asyncio.wait_for(_message(stream, LARGEST_BYTES - size), limit_s)
        except asyncio.TimeoutError:
            raise UserError(
                f"roll marks and grade were not found within {limit_s:g} s; `inspector coil report` takes the time that it needs"
            ) from None
        if kind == b"p":
            making.progress = msgspec.json.decode(content, type=Progress)
            continue
        size += len(content)
        if kind == b"e":
            raise UserError(content.decode())
        if kind == b"f":
            chunks.append(content)
        elif kind in (b"m", b"."):
            now = time.monotonic()
            head, judgement = parts.get(b"h") or parts.get(b"r", b""), parts.get(b"j")
            made = MadeCoil(making.job.run, head, parts.get(b"b", b""), Facts(chunks), judgement, now, now - began)
            if kind == b".":
                return made
            keep(made)
            making.mapped.set_result(made)
            limit_s = LONGEST_JUDGING_S
        else:
            parts[kind] = content


async def _message(stream: asyncio.StreamReader, most_bytes: int) -> tuple[bytes, bytes]:
    kind, length = MESSAGE.unpack(await stream.readexactly(MESSAGE.size))
    if length > most_bytes:
        raise UserError(f"the coil takes more than {LARGEST_BYTES >> 20} MiB")
    return kind, await stream.readexactly(length)
