"""The recording camera: plays what ``inspector record`` wrote, with the original numbers, gaps, times, positions and parts.

``camera.py`` is the source, ``reading.py`` reads ahead of it, and ``playback.py`` is what the cameras of one recording share: the time, and
the changes of run and pause, which come between the same frames as they did.
"""

from __future__ import annotations

from inspector.capture.recording.camera import RecordingCamera
from inspector.capture.recording.playback import Playback

__all__ = ["Playback", "RecordingCamera"]
