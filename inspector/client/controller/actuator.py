"""The seam between decisions and what moves the gate. ``log_actuator.py`` and ``modbus.py`` stand behind it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Protocol

from inspector.client.controller.gate import Decision


class State(Enum):
    """State of the controller, as a PLC is told it; 0 is that of a controller that has stopped."""

    STOPPED = 0
    NOT_ARMED = 1
    ARMED = 2
    FAULT = 3


class Confirmed(NamedTuple):
    """The decision of this sequence has been taken: of a PLC, it has echoed it."""

    sequence: int


class Failed(NamedTuple):
    """The actuator cannot be relied on. It goes on trying; nothing passes until a person has armed the controller again."""

    code: str
    text: str


class Pressed(NamedTuple):
    """A person at the PLC asks to arm the controller again."""


Told = Confirmed | Failed | Pressed


class Actuator(Protocol):
    """What moves the gate. Its own state is REJECT, before ``show`` and after ``close``, and wherever ``show`` is not called for a while. No
    method waits for the device."""

    def decide(self, decision: Decision) -> None:
        """Take the decision of a sheet; ``Confirmed`` follows, or ``Failed``."""

    def show(self, is_open: bool, state: State) -> None:
        """The output that holds now. To be called many times a second, which also says that the controller lives."""

    def told(self) -> list[Told]:
        """What has happened since the last call."""

    def close(self) -> None:
        """Output REJECT, and let go."""
