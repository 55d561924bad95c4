"""What is shown every frame of the cameras as it arrives, before anything is done with it: a recorder."""

from __future__ import annotations

from typing import Protocol

from inspector.capture.source import Arrival
from inspector.frames.meta import FrameMeta
from inspector.line.setup import Entry


class Tap(Protocol):
    """Called in the threads of the cameras: it must be quick, and must not raise."""

    def captured(self, meta: FrameMeta, arrival: Arrival, entry: Entry) -> None:
        """A frame of ``entry`` has arrived, with or without pixels; these are valid during the call only."""

    def lost(self, meta: FrameMeta, count: int, entry: Entry) -> None:
        """``count`` frames from ``meta.frame`` on were lost. Called under the lock under which frames get their numbers."""
