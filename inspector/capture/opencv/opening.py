"""Opens a device, a stream or a file with OpenCV."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import cv2

from inspector.config.opencv import OpenCvConfig
from inspector.errors import UserError

_LATER_S = 1.0
"""Whoever waits for a frame gives up first, and knows then that the stream is silent; this ends the read itself."""


def open_capture(config: OpenCvConfig) -> cv2.VideoCapture:
    """The opened capture. May take long, or hang. Raises UserError."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # what cannot be opened is told here
    if config.device is not None:
        return _device(config, config.device)
    if config.url is not None:
        return _stream(config, config.url)
    return _file(str(config.file))


def _device(config: OpenCvConfig, device: int | str) -> cv2.VideoCapture:
    path = Path(config.shown)
    if not path.exists():
        raise UserError(f"{path}: there is no such device; `ls /dev/video* /dev/v4l/by-id` shows those that are there")
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise UserError(
            f"{path}: cannot be opened: no video device, used by another program, or not allowed (group video, systemd/camera.conf)"
        )
    if config.pixel_format is not None:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*config.pixel_format))
    if config.height is not None and config.width is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, config.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, config.height)
        given = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        if given != (config.height, config.width):
            capture.release()
            raise UserError(
                f"{path}: delivers {given[0]}x{given[1]} px when asked for {config.height}x{config.width}; "
                "`v4l2-ctl --list-formats-ext` shows what it can"
            )
    if config.rate_hz is not None:
        capture.set(cv2.CAP_PROP_FPS, config.rate_hz)
    return capture


def _stream(config: OpenCvConfig, url: str) -> cv2.VideoCapture:
    limits = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        _milliseconds(config.open_timeout_s),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        _milliseconds(config.read_timeout_s + _LATER_S),
    ]
    capture = cv2.VideoCapture(_with_credentials(url, config.credentials), cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise UserError(f"{url}: cannot be opened; look whether the camera is on, at the address and at `credentials`")
    return capture


def _file(path: str) -> cv2.VideoCapture:
    if not Path(path).is_file():
        raise UserError(f"{path}: there is no such file; file names a video")
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise UserError(f"{path}: is no video that OpenCV can read; images are replayed with kind: replay")
    return capture


def _with_credentials(url: str, file: str | None) -> str:
    if file is None:
        return url
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file}: cannot be read ({error}); credentials names a file with one line USER:PASSWORD"
        ) from None
    user, colon, password = text.partition(":")
    if not user or not colon or "\n" in text:
        raise UserError(f"{file}: expected one line USER:PASSWORD")
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"))


def _milliseconds(seconds: float) -> int:
    return min(2**31 - 1, max(1, round(seconds * 1000)))
