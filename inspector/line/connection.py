"""The connection to one camera: its state, and how it is opened again after it was lost.

Every change of state is told: to the log, in the line's status and health, in its report and in its metrics.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from inspector.capture.source import Arrival, CameraLostError, FrameSource
from inspector.errors import UserError
from inspector.frames.camera_state import FOLLOWING, CameraState
from inspector.line.camera_condition import CameraCondition

log = logging.getLogger(__name__)

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0
"""A lost camera is opened again after the first time, then each time after twice the time before, up to the longest. A frame that
arrives begins this anew."""


class _OtherDeviceError(UserError):
    """Not the device that it should be."""


class Connection:
    """One camera's connection. Its camera's thread calls everything but ``stalled``, ``closed`` and the properties."""

    def __init__(
        self,
        source: FrameSource,
        condition: CameraCondition,
        stopping: threading.Event,
        opened: Callable[[str | None], str] = lambda serial: "",
    ) -> None:
        """Once ``stopping`` is set, the camera is not opened again, and nothing is told but the end. ``opened(serial)`` says why the device that
        was opened is the wrong one, one line; empty where it is not."""
        self._opened = opened
        self._source = source
        self._condition = condition
        self._stopping = stopping
        self._lock = threading.Lock()
        self._state = CameraState.CLOSED
        self._wait_s = FIRST_WAIT_S
        self.reconnects = 0
        """How often the camera was opened again after it had been lost."""

    @property
    def state(self) -> CameraState:
        """The state now. From any thread."""
        return self._state

    def open(self) -> None:
        """Open the camera for the first time. Raises UserError where it cannot be used."""
        self._enter(CameraState.OPENING)
        try:
            self._open()
        except BaseException:
            self._enter(CameraState.FAILED)
            raise
        self._enter(CameraState.STREAMING)
        if self._source.live:
            counters = self._source.counters()
            unproved = (
                "; it numbers no frames, so a loss cannot be proved" if counters and counters.lost is None else ""
            )
            log.info("camera %s is open%s", self._condition.camera, unproved, extra={"camera": self._condition.camera})

    def next(self) -> Arrival | None:
        """The source's next arrival."""
        arrival = self._source.next()
        self._wait_s = FIRST_WAIT_S
        return arrival

    def stalled(self, text: str) -> None:
        """A frame is due and none comes. From any thread."""
        self._enter(CameraState.STALLED, False, "camera_silent", text)

    def delivers(self, text: str) -> None:
        """The camera is not stalled any more."""
        self._enter(CameraState.STREAMING, True, "camera_delivers", text)

    def lost(self, error: CameraLostError) -> None:
        """The camera has to be opened again."""
        if error.stalled and self._state is CameraState.STREAMING:
            self.stalled(f": {error}")
        self._enter(CameraState.RECONNECTING, False, "camera_reconnecting", f" is lost: {error}")

    def reopen(self) -> bool:
        """Open the camera until it answers. False where the line stops; after that the camera may be open."""
        said = ""
        while True:
            self._source.close()
            if self._stopping.wait(self._wait_s):
                return False
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
            try:
                self._open()
            except UserError as error:
                if str(error) != said:
                    said = str(error)
                    self._tell_not_yet(error)
                continue
            return not self._stopping.is_set()

    def back(self, text: str) -> None:
        """The camera that was lost is open again."""
        self.reconnects += 1
        self._enter(CameraState.STREAMING, True, "camera_back", text)

    def failed(self) -> None:
        """An error has ended the camera; whoever calls this tells it."""
        self._enter(CameraState.FAILED)

    def closed(self) -> None:
        """The camera has ended or is stopped; one that has failed stays so. From any thread."""
        with self._lock:
            if self._state is not CameraState.FAILED:
                self._state = CameraState.CLOSED

    def _open(self) -> None:
        """Raises UserError, also where it is another device than it should be."""
        self._source.open()
        if wrong := self._opened(self._source.serial):
            self._source.close()
            raise _OtherDeviceError(wrong)

    def _tell_not_yet(self, error: UserError) -> None:
        """That it cannot be opened is to be expected while it is away; that another device answers is not."""
        text = f" cannot be opened again yet: {error}"
        if not isinstance(error, _OtherDeviceError):
            log.warning("camera %s%s", self._condition.camera, text)
            return
        with self._lock:
            if not self._stopping.is_set():
                self._condition.tell("", False, "camera_reconnecting", text)

    def _enter(self, state: CameraState, well: bool = True, code: str = "", text: str = "") -> None:
        """``code`` and ``text`` are told; without a code nothing is. Told under the lock, so that states are told in their order."""
        with self._lock:
            if self._stopping.is_set():
                return
            if state not in FOLLOWING[self._state]:
                raise AssertionError(f"a camera cannot go from {self._state.value} to {state.value}")
            self._state = state
            if code:
                self._condition.tell("", well, code, text)
