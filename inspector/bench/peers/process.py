"""A loop in a process of its own, which does slices when told to."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol, TypeAlias

from inspector.bench.peers.arms import Pool, Slice, SliceOrder, Task
from inspector.bench.peers.tally import Tally
from inspector.errors import UserError


class Loop(Protocol):
    """A user's loop, its networks loaded."""

    def run(self, order: SliceOrder, tally: Tally) -> None:
        """Score every frame of ``order``, segment those that the tally lets through, and tell the tally of both."""


MakeLoop: TypeAlias = Callable[[Task, Pool], Loop]
"""Loads a loop's networks. It must be something that can be pickled."""
Reply: TypeAlias = "Slice | str | None"
"""A slice; an error's text; None: the networks are loaded."""


class LoopProcess:
    """A spawned process with a loop. Use as a context manager."""

    def __init__(self, name: str, make: MakeLoop, task: Task, pool: Pool) -> None:
        self._name = name
        context = multiprocessing.get_context("spawn")
        self._loaded = False
        self._end, self._far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._far_end, make, task, pool), name=name, daemon=True)

    @property
    def name(self) -> str:
        """See ``Arm``."""
        return self._name

    def __enter__(self) -> LoopProcess:
        self._process.start()
        self._far_end.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        self._process.join(5)
        self._process.kill()
        self._process.join()

    def run(self, order: SliceOrder) -> Slice:
        """See ``Arm``. The first call waits until the networks are loaded, so that several processes load them at the same time."""
        if not self._loaded:
            self._reply()
            self._loaded = True
        with contextlib.suppress(OSError):  # a process that has ended is noticed by the reply that does not come
            self._end.send(order)
        found = self._reply()
        assert isinstance(found, Slice)
        return found

    def _reply(self) -> Slice | None:
        try:
            reply: Reply = self._end.recv()
        except (EOFError, OSError):
            self._process.join()
            raise UserError(f"the loop {self.name!r} ended with code {self._process.exitcode}") from None
        if isinstance(reply, str):
            raise UserError(f"the loop {self.name!r} failed: {reply}")
        return reply


def _serve(end: Connection, make: MakeLoop, task: Task, pool: Pool) -> None:
    """Entry point of the process; it ends when the other end of the connection is closed."""
    # A Ctrl-C on the terminal reaches the whole process group; the parent decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        try:
            loop = make(task, pool)
            end.send(None)
            while True:
                end.send(_slice(loop, end.recv(), task))
        except (EOFError, OSError):
            raise
        except Exception as error:
            end.send(f"{type(error).__name__}: {error}")


def _slice(loop: Loop, order: SliceOrder, task: Task) -> Slice:
    tally = Tally(order, task)
    cpu_s = time.process_time()
    loop.run(order, tally)
    return tally.slice(time.process_time() - cpu_s)
