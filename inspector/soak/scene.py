"""What the faults act on, and what has been heard so far."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from inspector.soak.children import Child
from inspector.soak.plan import Places

_LOOK_S = 0.02
_CODES_KEPT = 2000


class Broken(Exception):  # noqa: N818 - a promise, no error of the program
    """Something that must happen did not. The text is one line."""


class Over(Exception):  # noqa: N818
    """The soak ends."""


@dataclass
class Heard:
    """What the soak's own thread heard; the director's thread reads it."""

    codes: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=_CODES_KEPT))
    """Codes of statuses, numbered."""
    told: int = 0
    """How many there were."""
    epochs: int = 0
    kills: int = 0
    """By the director's thread."""
    inspected: int = 0
    """Frames with a verdict on their pixels."""
    passed: int = 0
    """Sheets that the controller passed."""
    well: bool = False
    """The line runs, and its health is normal or asks for maintenance only."""
    standing: str = ""
    """Line and controller in words, for whoever waits."""
    faults: dict[str, str] = field(default_factory=dict)
    """Of the controller."""
    stream: tuple[str, str] = ("", "")
    """Camera and epoch."""
    seq: int = -1
    """Last number of that stream."""
    second: tuple[str, int] = ("", -1)
    """Epoch and number of the second subscriber."""


class Scene:
    """The processes, and waiting for what they say. For the director's thread."""

    def __init__(
        self,
        places: Places,
        heard: Heard,
        daemon: Child,
        listener: Child,
        gate: Child,
        stop: threading.Event,
        patience_s: float,
    ) -> None:
        self.places, self.heard = places, heard
        self.daemon, self.listener, self.gate = daemon, listener, gate
        self._stop, self._patience_s = stop, patience_s

    def mark(self) -> int:
        """For ``until_told``: what is told from now on."""
        return self.heard.told

    def pause(self, seconds: float) -> None:
        """Let the fault last. Raises Over."""
        if self._stop.wait(seconds):
            raise Over

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until it holds. Raises Broken where it does not in time, and Over."""
        until_s = time.monotonic() + self._patience_s
        while not holds():
            if time.monotonic() > until_s:
                raise Broken(f"not within {self._patience_s:g} s: {what}; {self.heard.standing}")
            self.pause(_LOOK_S)

    def until_told(self, code: str, since: int) -> None:
        """Wait until a status with this code was published. Raises Broken and Over."""
        self.until(
            lambda: any(number > since and told == code for number, told in tuple(self.heard.codes)), f"status {code}"
        )
