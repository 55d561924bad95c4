"""One child process: its channel, its start and its end."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass

from inspector.frames.channel import Channel, ClosedError, socket_pair
from inspector.frames.planes import SharedPlanes
from inspector.frames.spawned_process import exit_text, start_unsignalled
from inspector.inference import spawned
from inspector.inference.messages import FromChild, Stop, Work, WorkerSettings, WorkItem


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """How a child ended."""

    reason: str
    mendable: bool
    """True where a restart cannot help, but the user can: by correcting bundle or configuration."""


class Child:
    """A spawned inference process. ``submit`` and ``ask_to_stop`` may be called from any thread, one at a time."""

    def __init__(self, frames: SharedPlanes, masks: SharedPlanes, settings: WorkerSettings, patience_s: float) -> None:
        """``patience_s`` is how long ``receive`` waits, seconds."""
        near_end, self._far_end = socket_pair()
        self._channel: Channel[FromChild] = Channel(near_end, FromChild)
        self._channel.patience(patience_s)
        self._process = multiprocessing.get_context("spawn").Process(
            target=spawned.main, args=(self._far_end, frames, masks, settings), name="inspector-inference", daemon=True
        )

    def start(self) -> None:
        """Spawn the process. Raises OSError where the system refuses (memory, limits)."""
        try:
            start_unsignalled(self._process)
        finally:
            # Only the child may hold its end, or its death would never close the channel.
            self._far_end.close()

    @property
    def pid(self) -> int | None:
        """Process id; None before the start."""
        return self._process.pid

    def submit(self, items: Sequence[WorkItem]) -> bool:
        """Send windows to the child; never waits. False where it does not take them: it has ended, which ``receive`` reports, or it
        hangs and the channel is full."""
        return self._channel.send(Work(list(items)), wait=False)

    def ask_to_stop(self) -> None:
        """Tell the child to finish what it computes and end."""
        self._channel.send(Stop(), wait=False)

    def receive(self) -> FromChild | ChildEnded | None:
        """The next message; ``ChildEnded`` where the child has ended; None where nothing came within ``patience_s``."""
        try:
            return self._channel.receive()
        except ClosedError:
            self._process.join(5.0)
            return ChildEnded(exit_text(self._process.exitcode), mendable=False)

    def kill(self) -> None:
        """End the process by force."""
        if self._process.pid is not None:
            self._process.kill()

    def end(self, grace_s: float) -> None:
        """Wait until the process has ended, kill it after ``grace_s`` seconds, and close the channel."""
        if self._process.pid is not None:
            if grace_s:
                self._process.join(grace_s)
            self._process.kill()
            self._process.join()
        self._channel.close()
