"""One encoder process, as the line sees it: its channel, its start and its end."""

from __future__ import annotations

import multiprocessing

from inspector.archive import spawned
from inspector.archive.messages import EncoderSettings, FromEncoder, Keep, Stop, parts_of
from inspector.frames.channel import Channel, ClosedError, socket_pair
from inspector.frames.planes import SharedPlanes
from inspector.frames.spawned_process import exit_text, start_unsignalled

PATIENCE_S = 0.25
"""How long ``receive`` waits."""
_KILLED_S = 1.0
"""By then a process that was killed has ended, unless it waits for a disk that hangs."""


class Ended(Exception):  # noqa: N818 - it is how every process ends
    """The process has ended; the text says how."""


class EncoderChild:
    """A spawned encoder process. One thread sends, one receives; ``kill`` may be called from any."""

    def __init__(self, frames: SharedPlanes, settings: EncoderSettings) -> None:
        near_end, self._far_end = socket_pair()
        self._channel: Channel[FromEncoder] = Channel(near_end, FromEncoder)
        self._channel.patience(PATIENCE_S)
        self._process = multiprocessing.get_context("spawn").Process(
            target=spawned.main, args=(self._far_end, frames, settings), name="inspector-archive", daemon=True
        )

    def start(self) -> None:
        """Spawn the process. Raises OSError where the system refuses (memory, limits)."""
        try:
            start_unsignalled(self._process)
        finally:
            self._far_end.close()

    @property
    def pid(self) -> int | None:
        """Process id; None before the start."""
        return self._process.pid

    def send(self, keep: Keep) -> bool:
        """Send a frame; waits while the process takes nothing, until it has ended. False where it has."""
        return all(self._channel.send(part) for part in parts_of(keep))

    def ask_to_stop(self) -> None:
        """Tell it to archive what it has, and end. Waits as ``send`` does."""
        self._channel.send(Stop())

    def receive(self) -> FromEncoder | None:
        """The next message; None where none came for ``PATIENCE_S``. Raises Ended where the process has ended."""
        try:
            return self._channel.receive()
        except ClosedError:
            self._process.join(1.0)
            raise Ended(exit_text(self._process.exitcode)) from None

    def kill(self) -> None:
        """End the process by force. Whoever sends or receives learns of it."""
        if self._process.pid is not None:
            self._process.kill()

    def end(self, grace_s: float) -> bool:
        """Wait ``grace_s`` for its end, then end it by force; False where even that takes longer, as with a disk that hangs."""
        gone = True
        if self._process.pid is not None:
            if grace_s:
                self._process.join(grace_s)
            self._process.kill()
            self._process.join(_KILLED_S)
            gone = self._process.exitcode is not None
        self._channel.close()
        return gone
