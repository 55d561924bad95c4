"""What comes to the child's main loop: messages of the parent and finished batches, which it waits for in one call.

A thread that reads the messages into a queue would do as well, but its work for every frame, and the wait until it lets the loop run, cost
a fifth of the way of a frame to and from the child.
"""

from __future__ import annotations

import os
import select
import threading
from typing import NamedTuple, TypeAlias

from engines.runtime.engine import GateOutput, SegmenterOutput
from inspector.frames.mailbox import Mailbox
from inspector.inference.cascade import Batch
from inspector.inference.channel import Channel
from inspector.inference.messages import ToChild


class Done(NamedTuple):
    """A finished batch."""

    batch: Batch
    output: GateOutput | SegmenterOutput | Exception
    enqueued_ns: int
    """When it was given to the engine, monotonic ns."""
    done_ns: int


Mail: TypeAlias = ToChild | Done


class Inbox:
    """The mail of the main loop. ``done`` may be called from any thread, ``take`` from one."""

    def __init__(self, channel: Channel[ToChild]) -> None:
        """``channel`` is the child's end."""
        self._channel = channel
        self._done: Mailbox[Done] = Mailbox()

    def done(self, done: Done) -> None:
        """A batch is finished."""
        self._done.put(done)

    def take(self, timeout_s: float | None) -> list[Mail]:
        """All mail that is there; where there is none, what comes first within ``timeout_s``, else none. Raises ClosedError where the parent
        has ended."""
        readable = [self._channel.fileno()]
        if self._done.rest():
            # Not poll: it counts in milliseconds, and a partial batch waits for fewer.
            readable, _, _ = select.select((*readable, self._done.fileno()), (), (), timeout_s)
            self._done.awake()
        mail: list[Mail] = []
        while (done := self._done.take()) is not None:
            mail.append(done)
        if self._channel.fileno() in readable:
            while (message := self._channel.receive(wait=False)) is not None:
                mail.append(message)
        return mail


def exit_with(channel: Channel[ToChild]) -> None:
    """End this process at once when the parent has ended, whatever its threads do: an engine may hang."""

    def watch() -> None:
        poll = select.poll()
        poll.register(channel.fileno(), 0)  # only the end of the other side is told
        poll.poll()
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
