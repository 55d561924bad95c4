"""A camera that OpenCV reads, as far as it can be looked at without opening it: a line that runs may hold it."""

from __future__ import annotations

import os
from pathlib import Path

from engines.errors import BadFrameError
from inspector.capture.preparation import preparation_of
from inspector.config.camera import CameraConfig
from inspector.config.opencv import OpenCvConfig
from inspector.doctor.finding import Finding, Subject
from inspector.errors import UserError
from inspector.frames.size import FrameSize


def opencv_finding(camera: CameraConfig, config: OpenCvConfig, subject: Subject, inspected: FrameSize) -> Finding:
    """About the source of a camera; ``inspected`` is the size of the bundle's frames."""
    if config.file is not None:
        return _file(camera, config, subject, inspected)
    if config.credentials is not None and not os.access(config.credentials, os.R_OK):
        return subject.wrong(
            f"{config.credentials}: cannot be read", "credentials names a file with one line USER:PASSWORD"
        )
    unproved = "it numbers no frames, so a loss cannot be proved"
    if config.url is not None:
        return subject.ok(f"stream {config.url}, not opened", f"the line opens it when it starts; {unproved}")
    path = Path(config.shown)
    if not path.exists():
        return subject.wrong(
            f"{path}: there is no such device", "`ls /dev/video* /dev/v4l/by-id` shows those that are there"
        )
    if not os.access(path, os.R_OK | os.W_OK):
        return subject.wrong(
            f"{path}: not allowed", "be a member of the group video; a service has systemd/camera.conf"
        )
    return subject.ok(f"device {path}, not opened", f"the line opens it when it starts; {unproved}")


def _file(camera: CameraConfig, config: OpenCvConfig, subject: Subject, inspected: FrameSize) -> Finding:
    """The first frame is read."""
    from inspector.capture.opencv import VideoFile

    source = VideoFile(config)
    try:
        preparation = preparation_of(camera, inspected)
        source.open()
        first = source.next()
    except (UserError, BadFrameError) as error:
        return subject.wrong(str(error), "no frame can be read")
    finally:
        source.close()
    if first is None or first.pixels is None:
        return subject.wrong(f"{config.file}: holds no frame", "no frame can be read")
    if refused := preparation.refusal(first.pixels):
        return subject.wrong(f"{config.file}: {refused}", "such frames are UNINSPECTED (bad_frame) with this bundle")
    return subject.ok(f"video {config.file}", "frames are there, and the first one can be used")
