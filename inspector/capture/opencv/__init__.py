"""The OpenCV camera: V4L2 devices, network streams and video files.

OpenCV is called in a thread of its own for each connection (``reader.py``), since opening and reading may hang. Of a live camera the line gets
the latest frame; those that it replaces are numbered, and so known as lost.
"""

from __future__ import annotations

from inspector.capture.opencv.camera import OpenCvCamera
from inspector.capture.opencv.video_file import VideoFile

__all__ = ["OpenCvCamera", "VideoFile"]
