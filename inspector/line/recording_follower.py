"""Makes runs and pauses of a line those of the recording that its cameras play."""

from __future__ import annotations

from inspector.errors import UserError
from inspector.line.runs import Runs
from inspector.line.status import LineStatus
from inspector.protocol.messages import LineState


class RecordingFollower:
    """A ``Follower``."""

    def __init__(self, runs: Runs, status: LineStatus) -> None:
        self._runs, self._status = runs, status

    def follow(self, run: str, paused: bool) -> bool:
        """Between two frames; False where a run of this name still has frames without a verdict."""
        now = self._runs.now
        if run and run != now.run:
            try:
                self._runs.begin(run)
            except UserError:
                return False
        elif run != now.run:
            self._runs.end()
        if paused != self._runs.pause(paused) and self._status.started:
            if paused:
                self._status.enter(LineState.PAUSED, "paused", "the line was paused when this was recorded")
            else:
                self._status.enter(LineState.RUNNING, "resumed", "the line was no longer paused when this was recorded")
        return True
