"""Commands that pages have given to one line: each done once, a few at the same time, remembered for a while. For one event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec

from engines.files.text import brief
from inspector.protocol.control import LOOKS, SLOW
from inspector.protocol.control_messages import name_of
from inspector.view.answers import RefusedError
from inspector.view.commands.line import Now, Offered, Place, Told, give, look

log = logging.getLogger(__name__)

MOST_OF_A_KIND = {"look": 4, "quick": 4, "slow": 2}
"""At the same time at one line. They are counted apart, so that a line can be paused whatever else it does."""
REMEMBERED = 50
"""Commands that are over."""
FRESH_S = 1.0
"""What was seen of a line is told again for so long, however many pages ask."""
T = TypeVar("T")


class Given(msgspec.Struct, kw_only=True):
    """A command from a page."""

    id: str
    command: str
    arguments: dict[str, Any]
    kind: str
    """look, quick, slow."""
    by: str
    """The person."""
    begun_ms: int
    told: Told | None = None
    """None: it is being done."""
    ended_ms: int | None = None


class LineDesk:
    """The commands of one line."""

    def __init__(self, line: str, place: Place) -> None:
        self._line, self._place = line, place
        self._given: OrderedDict[str, Given] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.finished = 0
        """Commands so far."""
        self._now: Now | None = None
        self._looked_s, self._looked_after = 0.0, 0
        """When, and after how many commands."""
        self._looking: asyncio.Task[tuple[Now, int]] | None = None

    @property
    def under_way(self) -> list[Given]:
        """What is being done and changes something, the oldest first."""
        return [one for one in self._given.values() if one.told is None and one.kind != "look"]

    @property
    def over(self) -> list[Given]:
        """What was done, refused or failed and was to change something, the newest first."""
        return [one for one in reversed(self._given.values()) if one.told is not None and one.kind != "look"]

    def begin(self, command: Offered, author: str, request_id: str, seen: dict[str, str | None]) -> Given:
        """Have the line do it. The same id again is the command that was given before. Raises RefusedError."""
        name, arguments = name_of(command), msgspec.to_builtins(command)
        del arguments["command"]
        before = self._given.get(request_id)
        if before is not None:
            if (before.command, before.arguments, before.by) != (name, arguments, author):
                raise RefusedError(409, f"this id was used before, for another command ({before.command})")
            return before
        kind = "slow" if type(command) in SLOW else "look" if type(command) in LOOKS else "quick"
        if sum(one.kind == kind and one.told is None for one in self._given.values()) >= MOST_OF_A_KIND[kind]:
            raise RefusedError(503, "too many commands are under way at this line; give it again when one is done")
        given = Given(
            id=request_id, command=name, arguments=arguments, kind=kind, by=author, begun_ms=time.time_ns() // 10**6
        )
        self._given[request_id] = given
        work = self._in_thread(lambda: give(self._place, command, author, request_id, seen))
        self._tasks[request_id] = asyncio.get_running_loop().create_task(self._finish(given, work))
        return given

    async def find(self, request_id: str, wait_s: float) -> Given | None:
        """The command with this id, as it is when it is over, or after ``wait_s``; None where it is not known, or no longer."""
        task = self._tasks.get(request_id)
        if task is not None:
            await asyncio.wait({task}, timeout=wait_s)
        return self._given.get(request_id)

    async def now(self) -> Now:
        """How the line is, as it was at most ``FRESH_S`` ago and not before the last command was done."""
        while True:
            fresh = time.monotonic() - self._looked_s < FRESH_S and self._looked_after == self.finished
            if self._now is not None and fresh:
                return self._now
            if self._looking is None:
                self._looking = asyncio.get_running_loop().create_task(self._look())
            seen, after = await asyncio.shield(self._looking)
            if after == self.finished:
                return seen

    async def _look(self) -> tuple[Now, int]:
        after = self.finished
        try:
            now = await self._in_thread(lambda: look(self._place))
        except Exception as error:
            log.exception("line %s cannot be looked at", self._line)
            now = Now(why=brief(f"an error in the viewer: {error}", 300))
        finally:
            self._looking = None
        self._now, self._looked_s, self._looked_after = now, time.monotonic(), after
        return now, after

    async def _finish(self, given: Given, work: asyncio.Future[Told]) -> None:
        try:
            given.told = await work
        except Exception as error:
            log.exception("line %s: %s failed", self._line, given.command)
            given.told = Told(outcome="failed", code="internal", text=brief(f"an error in the viewer: {error}", 300))
        finally:
            given.ended_ms = time.time_ns() // 10**6
            self.finished += 1
            self._tasks.pop(given.id, None)
            for old in [one.id for one in self._given.values() if one.told is not None][:-REMEMBERED]:
                del self._given[old]

    def _in_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """A thread for this alone, as a command may take minutes; it never delays the end of the viewer."""
        future: Future[T] = Future()
        threading.Thread(target=_worked, args=(future, work), name=f"control-{self._line}", daemon=True).start()
        return asyncio.wrap_future(future)


def _worked(future: Future[T], work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
