"""An actuator that moves nothing: for a trial, and to look at what would be decided."""

from __future__ import annotations

from inspector.client.controller.actuator import Confirmed, State, Told
from inspector.client.controller.gate import Decision


class LogActuator:
    """Takes every decision at once. What is decided is in the controller's own log."""

    def __init__(self) -> None:
        self._told: list[Told] = []

    def decide(self, decision: Decision) -> None:
        """Take it."""
        self._told.append(Confirmed(decision.sequence))

    def show(self, is_open: bool, state: State) -> None:
        """Nothing moves."""

    def told(self) -> list[Told]:
        """What was taken."""
        told, self._told = self._told, []
        return told

    def close(self) -> None:
        """Nothing to let go."""
