"""A loop in a process of its own, which does slices when told to."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeAlias

from inspector.bench.peers.arms import Loop, Pool, Slice, SliceOrder, Task
from inspector.errors import UserError

MakeLoop: TypeAlias = Callable[[Task, Pool], Loop]
"""Loads a loop's networks. It must be something that can be pickled."""
Reply: TypeAlias = "Slice | str | None"
"""A slice; an error's text; None: the networks are loaded."""


class LoopProcess:
    """A spawned process with a loop. Use as a context manager."""

    def __init__(self, name: str, make: MakeLoop, task: Task, pool: Pool) -> None:
        self._name = name
        context = multiprocessing.get_context("spawn")
        self._end, self._far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._far_end, make, task, pool), name=name, daemon=True)

    @property
    def name(self) -> str:
        """See ``Arm``."""
        return self._name

    def __enter__(self) -> LoopProcess:
        self._process.start()
        self._far_end.close()
        try:
            self._reply()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self, order: SliceOrder) -> Slice:
        """See ``Arm``."""
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

    def _close(self) -> None:
        self._end.close()
        self._process.join(5)
        self._process.kill()
        self._process.join()


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
    tally = order.tally(task)
    cpu_s = time.process_time()
    loop.run(order.first, tally)
    return Slice(
        rate_hz=tally.rate_hz(), frames=tally.frames, cpu_s=time.process_time() - cpu_s, answers=tally.answers()
    )
