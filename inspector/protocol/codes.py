"""What a ``status`` may be about, for programs. The list is open: a later version 1 may add codes, and a receiver goes by the state and the
health then."""

from __future__ import annotations

OTHER = "other"
"""In the place of a code that is not listed."""

CODES: dict[str, str] = {
    # The line.
    "starting": "the line starts; only among the reasons for the health",
    "engines_loading": "engines are loaded or built; while the line starts, at most every 2 s",
    "running": "the line runs",
    "paused": "frames are not inspected, because somebody said so",
    "resumed": "frames are inspected again",
    "draining": "no further frame is taken",
    "stopped": "the line has stopped, or could not start; `text` says why",
    "part_failed": "a part stopped early; only among the reasons for the health",
    # Inference, of the active bundle.
    "inference_starting": "the inference process starts again",
    "inference_restarting": "the inference process failed and is restarted",
    "inference_ready": "the inference process is ready",
    "inference_given_up": "the inference process failed too often",
    "engine_silent": "a deadline has passed without an answer",
    "engine_answers": "results come again",
    "self_test_wrong": "a golden frame was answered wrong while the line runs",
    "self_test_right": "golden frames are answered right again",
    "cpu_fallback": "a CPU computes in the place of a GPU",
    "gpu_back": "the GPU computes again",
    # Bundles beside it, and changes.
    "bundle_starting": "a bundle that is loaded beside the active one starts",
    "bundle_restarting": "its process failed and is restarted",
    "bundle_ready": "it is loaded",
    "bundle_given_up": "its process failed too often",
    "bundle_stopped": "it was released",
    "bundle_activated": "it gives the verdicts from now on",
    "bundle_put_back": "the new bundle failed; the one before gives the verdicts again",
    "change_refused": "nothing was changed, and `text` says why",
    "shadow_started": "a candidate inspects frames beside the active bundle",
    "shadow_refused": "it could not be loaded",
    "shadow_stopped": "it was ended",
    # Cameras.
    "camera_failed": "the camera ended, and is not opened again",
    "camera_silent": "connected, but a frame is due and none comes",
    "camera_delivers": "frames come again",
    "camera_reconnecting": "the camera is lost; it is opened again until it answers",
    "camera_back": "it answers again",
    "camera_clock": "the camera's clock does not fit this machine's",
    "camera_clock_well": "it fits again",
    "bad_frames": "many frames cannot be used",
    "frames_usable": "frames can be used again",
    "encoder_back": "the sheet moves backwards",
    "encoder_jumped": "the count has jumped; positions are unknown until the next run",
    "encoder_missing": "frames carry no count",
    "encoder_well": "the encoder counts again, after any of the three",
    # Drift.
    "lamp_dimming": "frames have become darker",
    "lamp_dimming_cleared": "no longer",
    "dirty_columns": "columns of the picture are dirty",
    "dirty_columns_cleared": "no longer",
    "dead_columns": "columns of the picture do not change",
    "dead_columns_cleared": "no longer",
    "drift_brightness": "brightness is distributed otherwise than in the reference",
    "drift_brightness_cleared": "no longer",
    "drift_contrast": "so is contrast",
    "drift_contrast_cleared": "no longer",
    "drift_sharpness": "so is sharpness",
    "drift_sharpness_cleared": "no longer",
    "drift_gate_score": "so are the gate's scores",
    "drift_gate_score_cleared": "no longer",
    # Journal and recording.
    "journal_failing": "publications cannot be stored",
    "journal_set_aside": "the file was damaged; a new one is begun",
    "clock_jumped": "the machine's clock has jumped, and the times of messages with it",
    "journal_recovered": "the journal is well again, after any of the three",
    "recording_begun": "a recording was begun",
    "recording_ended": "it ended early",
    # Archive.
    "archive_failing": "frames cannot be archived",
    "archive_full": "there is no room for them",
    "archive_skipping": "frames come faster than they are archived, and some are left out",
    "archive_filling": "a quota of the archive will be filled in a few days",
    "archive_well": "no longer, after any of the four",
    # Subscribers.
    "peers_cut_off": "connections are closed for what they ask or send",
    "peers_calm": "no longer, for 10 s",
    # Whatever else.
    OTHER: "something that has no code; `text` says what",
}
"""Each code with what it means, in the order in which the document shows them."""


def listed(code: str) -> str:
    """The code as it may be published."""
    return code if code in CODES else OTHER
