"""Coils of the demo: every few minutes another one begins, so that there are some that are over."""

from __future__ import annotations

import time

from inspector.client.control import ControlClient, KeyRefused, NoAnswer
from inspector.errors import UserError
from inspector.protocol.control import RunStart
from inspector.protocol.control_messages import Outcome

LENGTH_S = 180.0
_AGAIN_S = 10.0


def coil_name() -> str:
    """Of a coil that begins now; another one than those that the folder has already."""
    return time.strftime("C%H%M%S")


class Coils:
    """Begins the next coil when it is time."""

    def __init__(self, control: str) -> None:
        """``control``: the line's socket."""
        self._control = control
        self._next_s = time.monotonic() + LENGTH_S

    def turn(self) -> str | None:
        """The name of the coil that was begun; None: it is not time, or the line does not do it now."""
        if time.monotonic() < self._next_s:
            return None
        self._next_s = time.monotonic() + LENGTH_S
        name = coil_name()
        try:
            with ControlClient(self._control, on_behalf_of="demo-view", timeout_s=2) as client:
                reply = client.ask(RunStart(run=name), longest_s=2)
        except (NoAnswer, KeyRefused, UserError):
            self._next_s = time.monotonic() + _AGAIN_S
            return None
        return name if reply.outcome is Outcome.DONE else None
