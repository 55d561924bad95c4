"""What codes of the protocol mean, in plain words on the pages."""

from __future__ import annotations

import re

from inspector.frames.outcome import Reason
from inspector.protocol.messages import LineState, Signal

STATES: dict[LineState, str] = {
    LineState.STARTING: "Inspection starting",
    LineState.RUNNING: "Inspection running",
    LineState.DEGRADED: "Inspection running with trouble",
    LineState.PAUSED: "Inspection paused",
    LineState.DRAINING: "Inspection stopping",
    LineState.STOPPED: "Inspection stopped",
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
TROUBLES: dict[str, str] = {
    "inference_starting": "Inspection is starting",
    "inference_restarting": "Inspection failed and is starting again",
    "inference_given_up": "Inspection failed and was given up: the line must be started again",
    "engine_silent": "Inspection gives no results",
    "self_test_wrong": "The self-test gave a wrong result",
    "archive_failing": "Pictures of defects cannot be archived",
    "archive_full": "The archive of pictures is full",
    "archive_skipping": "Some pictures of defects are left out of the archive",
    "archive_filling": "The archive of pictures will be full soon",
    "cpu_fallback": "Inspection runs on the processor, not on a GPU: slower",
    "bundle_put_back": "A new model failed; the one before is back",
    "camera_failed": "A camera failed",
    "camera_silent": "A camera sends no pictures",
    "camera_reconnecting": "A camera was lost; it is being connected again",
    "camera_clock": "The clock of a camera is wrong",
    "bad_frames": "Pictures of a camera are unusable",
    "encoder_back": "The encoder counts backwards",
    "encoder_jumped": "The encoder jumped",
    "encoder_missing": "The encoder sends nothing",
    "drift_brightness": "Pictures became brighter or darker than they were",
    "drift_contrast": "Pictures have another contrast than they had",
    "drift_sharpness": "Pictures are less sharp than they were, or sharper",
    "drift_gate_score": "The strip looks unlike that for which the model was made",
    "dead_columns": "The camera has dead pixels",
    "dirty_columns": "Dirt on the lens or the window: clean it",
    "lamp_dimming": "The lamp becomes weaker: replace it before long",
    "journal_failing": "Results cannot be stored",
    "journal_set_aside": "Stored results were damaged; they are kept aside",
    "clock_jumped": "The clock of the computer jumped",
    "recording_ended": "The recording ended",
    "peers_cut_off": "A receiver of the results was cut off",
    "part_failed": "A part of the program failed",
}
"""What is wrong, for each code that the health of a line may have; the line's own text has the details."""
STANDING = frozenset({"cpu_fallback"})
"""How the line was set up: nobody at the line can mend it, so it is told after what somebody can."""
_PICTURE = re.compile(r"; picture: .*$", re.DOTALL)


def details(part: str, text: str) -> tuple[str, str]:
    """Part and text of a trouble as a page shows them side by side: the place is named once, and no file of the line's machine is."""
    text = _PICTURE.sub("", text)
    place, colon, rest = text.partition(": ")
    if colon and place and part.endswith(place):
        return part, rest
    return ("" if text.startswith(part) else part), text


def said(text: str) -> str:
    """What the line said, without the file of a picture on its machine."""
    return _PICTURE.sub("", text)
