"""Health in the words of NAMUR NE 107: what a trouble of a part means for the line, and how the line is then.

``SIGNALS`` is the one place where a code gets its category, and ``docs/protocol.md`` shows the same table; a test compares the two.
``LineStatus`` keeps the troubles and asks here.
"""

from __future__ import annotations

from collections.abc import Iterable

from engines.files.text import brief
from inspector.protocol.limits import LONGEST_PART, MOST_REASONS
from inspector.protocol.messages import WELL, Health, HealthReason, Signal

_LONGEST_TEXT = 400
"""Characters; a message carries several reasons."""

SIGNALS: dict[str, Signal] = {
    # Inference.
    "inference_starting": Signal.FAILURE,
    "inference_restarting": Signal.FAILURE,
    "inference_given_up": Signal.FAILURE,
    "engine_silent": Signal.FAILURE,
    "self_test_wrong": Signal.FAILURE,
    "cpu_fallback": Signal.MAINTENANCE_REQUIRED,
    "bundle_put_back": Signal.MAINTENANCE_REQUIRED,
    # Cameras.
    "camera_failed": Signal.FAILURE,
    "camera_silent": Signal.FAILURE,
    "camera_reconnecting": Signal.FAILURE,
    "camera_clock": Signal.OUT_OF_SPECIFICATION,
    "bad_frames": Signal.OUT_OF_SPECIFICATION,
    "encoder_back": Signal.OUT_OF_SPECIFICATION,
    "encoder_jumped": Signal.OUT_OF_SPECIFICATION,
    "encoder_missing": Signal.OUT_OF_SPECIFICATION,
    # Drift: verdicts go on as before.
    "drift_brightness": Signal.MAINTENANCE_REQUIRED,
    "drift_contrast": Signal.MAINTENANCE_REQUIRED,
    "drift_sharpness": Signal.MAINTENANCE_REQUIRED,
    "drift_gate_score": Signal.MAINTENANCE_REQUIRED,
    "dead_columns": Signal.MAINTENANCE_REQUIRED,
    "dirty_columns": Signal.MAINTENANCE_REQUIRED,
    "lamp_dimming": Signal.MAINTENANCE_REQUIRED,
    # Journal: the verdicts are published all the same, but what a subscriber misses cannot be had later.
    "journal_failing": Signal.OUT_OF_SPECIFICATION,
    "journal_set_aside": Signal.MAINTENANCE_REQUIRED,
    "clock_jumped": Signal.MAINTENANCE_REQUIRED,
    # Recording: inspection goes on.
    "recording_ended": Signal.MAINTENANCE_REQUIRED,
    # Archive: verdicts are given as before.
    "archive_failing": Signal.MAINTENANCE_REQUIRED,
    "archive_full": Signal.MAINTENANCE_REQUIRED,
    "archive_skipping": Signal.MAINTENANCE_REQUIRED,
    "archive_filling": Signal.MAINTENANCE_REQUIRED,
    # Subscribers.
    "peers_cut_off": Signal.OUT_OF_SPECIFICATION,
    # Whatever stopped early, where no code says more.
    "part_failed": Signal.FAILURE,
}
"""The category of each code that a part in trouble may have. A line that starts, is paused or stops is under FUNCTION_CHECK, whatever the code."""

_SEVERITY = {signal: place for place, signal in enumerate(Signal)}


def signal_of(code: str) -> Signal:
    """The category of a code. One that is not in the table is a failure: to call for a person too early is the safe mistake."""
    return SIGNALS.get(code, Signal.FAILURE)


def reason(part: str, code: str, text: str, signal: Signal | None = None) -> HealthReason:
    """A reason of bounded length, in one printable line; ``signal`` is that of the code unless given."""
    return HealthReason(
        part=brief(part, LONGEST_PART),
        code=code,
        text=brief(text, _LONGEST_TEXT),
        signal=signal or signal_of(code),
    )


def health_of(reasons: Iterable[HealthReason]) -> Health:
    """The health of a line for these reasons: the worst decides. Those of the same category keep their order."""
    worst_first = sorted(reasons, key=lambda one: _SEVERITY[one.signal])
    if not worst_first:
        return WELL
    return Health(signal=worst_first[0].signal, reasons=tuple(worst_first[:MOST_REASONS]))
