"""The recording camera: plays what ``inspector record`` wrote, with the original numbers, gaps, times, positions and parts.

``camera.py`` is the source, ``recorded.py`` what the line is told of it beforehand, ``reading.py`` reads ahead of it, and ``playback.py`` is what the cameras of one recording share: the time, and
the changes of run and pause, which come between the same frames as they did.
"""

from __future__ import annotations

from inspector.capture.recording.camera import RecordingCamera, notes
from inspector.capture.recording.playback import Playback
from inspector.capture.recording.recorded import Recorded, recorded_camera

__all__ = ["Playback", "Recorded", "RecordingCamera", "notes", "recorded_camera"]
