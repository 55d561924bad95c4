"""What codes of the protocol mean, in plain words on the pages."""

from __future__ import annotations

from inspector.frames.outcome import Reason
from inspector.protocol.messages import LineState, Signal

STATES: dict[LineState, str] = {
    LineState.STARTING: "Starting",
    LineState.RUNNING: "Running",
    LineState.DEGRADED: "Running with trouble",
    LineState.PAUSED: "Paused",
    LineState.DRAINING: "Stopping",
    LineState.STOPPED: "Stopped",
}
SIGNALS: dict[Signal, str] = {
    Signal.FAILURE: "Failure",
    Signal.FUNCTION_CHECK: "Function check",
    Signal.OUT_OF_SPECIFICATION: "Out of specification",
    Signal.MAINTENANCE_REQUIRED: "Maintenance required",
    Signal.NORMAL: "Normal",
}
"""As NAMUR NE 107 names them."""
REASONS: dict[Reason, str] = {
    Reason.CAMERA_LOST: "lost by the camera",
    Reason.BAD_FRAME: "picture unusable",
    Reason.NO_SHEET: "no sheet there",
    Reason.PAUSED: "line paused",
    Reason.OVERLOAD: "too many frames at once",
    Reason.DEADLINE: "result too late",
    Reason.ENGINE_DOWN: "inference was down",
    Reason.ENGINE_STARTING: "inference was starting",
    Reason.SHUTDOWN: "line was stopping",
    Reason.INTERNAL: "internal error",
}
"""Why a frame was not inspected."""
