"""Tells that something about a camera is not as it should be, or is well again: to the log and to the line's status."""

from __future__ import annotations

import logging
from typing import Protocol

log = logging.getLogger(__name__)

_ACTIONS = {
    "camera_silent": "; look at its cable, its power and its trigger",
    "camera_reconnecting": "; it is opened again and again until it answers; look at its cable and its power",
    "encoder_back": "; positions are as measured: the same stretch of the sheet comes again",
    "encoder_jumped": "; begin a run once the sheet is where it should be",
    "bad_frames": "; look at camera and light, or at frame_check in the configuration where the frames are good",
    "camera_clock": "; look at the camera's clock source, and at PTP and NTP on this machine",
}
"""What to do about a condition, for the log."""


class Condition(Protocol):
    """``LineStatus.condition``."""

    def __call__(self, part: str, well: bool, code: str, text: str, *, degrades: bool = True) -> None:
        """``part`` is in trouble, or well again; without ``degrades`` the line's state stays as it is."""


class CameraCondition:
    """What is told of one camera. May be used from any thread."""

    def __init__(self, camera: str, condition: Condition) -> None:
        self.camera = camera
        self._condition = condition

    def tell(self, subject: str, well: bool, code: str, text: str, *, degrades: bool = True) -> None:
        """``subject`` is what of the camera it is about, such as ``frames of``; empty for the camera itself. ``text`` begins behind the name."""
        part = f"{subject} camera {self.camera}".lstrip()
        told = f"camera {self.camera}{text}"
        log.log(
            logging.INFO if well else logging.WARNING,
            "%s%s",
            told,
            "" if well else _ACTIONS.get(code, ""),
            extra={"code": code, "camera": self.camera},
        )
        self._condition(part, well, code, told, degrades=degrades)
