"""Work that pages wait for, done by processes of their own: each piece once however many ask for it, given up when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from inspector.errors import UserError
from inspector.view.answers import RefusedError
from inspector.view.worker import END, MESSAGE, PROGRESS, TROUBLE, Progress

NOBODY_WAITS_S = 5.0
"""What nobody has asked for so long is not made to its end."""
_ROOT = Path(__file__).resolve().parents[2]
"""Where the package is, so that the worker is of this program, however it was started. Paths in a job are absolute."""
R = TypeVar("R")
W = TypeVar("W", bound="Work[Any]")


class BusyError(RefusedError):
    """Too much is asked for."""

    def __init__(self, text: str) -> None:
        super().__init__(503, text)


class Work(Generic[R]):
    """A piece of work, while it is done."""

    def __init__(self) -> None:
        self.task: asyncio.Task[R]
        self.progress = Progress(done=0, of=1)
        self.waiting = 0
        self.end: asyncio.TimerHandle | None = None


class Workshop(Generic[W]):
    """Does pieces of work; used in one event loop."""

    def __init__(self, workers: int, nobody_waits_s: float = NOBODY_WAITS_S) -> None:
        """``workers``: so many are done at the same time, and others wait."""
        self.works: dict[Hashable, W] = {}
        self._free = asyncio.Semaphore(workers)
        self._nobody_waits_s = nobody_waits_s

    def begin(self, key: Hashable, work: W, do: Callable[[W], Awaitable[Any]], most: int) -> W:
        """Begin a piece. Raises BusyError where ``most`` are being done, or wait."""
        if len(self.works) >= most:
            raise BusyError("too much is asked for at the same time; ask again in a while")
        self.works[key] = work
        work.task = asyncio.create_task(self._done(key, work, do))
        work.task.add_done_callback(_told)
        return work

    async def wait(self, work: W, also: set[asyncio.Future[Any]], wait_s: float) -> bool:
        """Wait for a piece, or for one of ``also``; whether one of them is there."""
        work.waiting += 1
        if work.end is not None:
            work.end.cancel()
            work.end = None
        try:
            wanted = {work.task, *also}
            done, _ = await asyncio.wait(wanted, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            return bool(done)
        finally:
            work.waiting -= 1
            if work.waiting == 0 and not work.task.done():
                work.end = asyncio.get_running_loop().call_later(self._nobody_waits_s, work.task.cancel)

    async def close(self) -> None:
        """Give up what is being done."""
        tasks = [one.task for one in self.works.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _done(self, key: Hashable, work: W, do: Callable[[W], Awaitable[Any]]) -> Any:
        try:
            async with self._free:
                return await do(work)
        finally:
            if work.end is not None:
                work.end.cancel()
            if self.works.get(key) is work:
                del self.works[key]


def result_of(work: Work[R]) -> R:
    """What came of a piece that is over. Raises what prevented it, and BusyError where it was given up."""
    if work.task.cancelled():
        raise BusyError("the work was given up; ask for it again")
    return work.task.result()


class Worker:
    """A process that does a piece of work."""

    def __init__(self, stream: asyncio.StreamReader, work: Work[Any], what: str, most_bytes: int) -> None:
        self._stream, self._work, self._what = stream, work, what
        self._left = self._most = most_bytes

    async def message(self) -> tuple[bytes, bytes] | None:
        """What it says next, beside its progress; None at its end. Raises UserError where it says that it cannot, and for more than so many bytes."""
        while True:
            try:
                kind, length = MESSAGE.unpack(await self._stream.readexactly(MESSAGE.size))
                if length > self._left:
                    raise UserError(f"{self._what} takes more than {self._most >> 20} MiB")
                content = await self._stream.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                raise UserError(
                    f"the process that makes {self._what} ended before it was done; the viewer's log may say why"
                ) from None
            if kind == PROGRESS:
                self._work.progress = msgspec.json.decode(content, type=Progress)
                continue
            self._left -= length
            if kind == TROUBLE:
                raise UserError(content.decode())
            return None if kind == END else (kind, content)


@asynccontextmanager
async def working(module: str, job: bytes, work: Work[Any], what: str, most_bytes: int) -> AsyncIterator[Worker]:
    """A worker at this job (one line), which is ended in any case; ``what`` names what it makes. Raises UserError."""
    pipe = asyncio.subprocess.PIPE
    # In a session of its own: Ctrl-C is for the viewer, at whose end the worker finds the end of its input.
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, cwd=_ROOT, stdin=pipe, stdout=pipe, start_new_session=True
        )
    except OSError as error:
        raise UserError(f"the process that makes {what} cannot be started ({error.strerror})") from None
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(ConnectionError):  # it has ended: that is found when it is read
            process.stdin.write(job + b"\n")
            await process.stdin.drain()
        yield Worker(process.stdout, work, what, most_bytes)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.stdin.close()
        await process.wait()


def _told(task: asyncio.Task[Any]) -> None:
    """Its error was told to those who waited; where nobody did, it is of no interest."""
    if not task.cancelled():
        task.exception()
