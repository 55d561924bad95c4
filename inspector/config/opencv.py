"""The OpenCV camera: a video device, a network stream or a video file."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from engines.files.paths import FilePath
from inspector.config.section import AtLeastOne, Positive, Section

SCHEMES = ("rtsp", "rtsps", "http", "https")


class OpenCvConfig(Section, frozen=True, kw_only=True, tag_field="kind", tag="opencv"):
    """A camera that OpenCV reads, by exactly one of `device`, `url` and `file`. A device or a stream numbers no frames, so a frame that is
    lost before it reaches this machine cannot be noticed; use it for tests and where that does not matter. Colour becomes grey (0.299 R +
    0.587 G + 0.114 B). A file is a recording: it ends, and its results are marked as simulated."""

    device: Annotated[
        Annotated[int, Meta(ge=0, le=1023)] | Annotated[str, Meta(pattern="^/dev/")] | None,
        Meta(
            description="A V4L2 device: 0 for /dev/video0, or its path, such as /dev/v4l/by-id/..., which stays the same."
        ),
    ] = None
    url: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            description="A stream: rtsp://, rtsps://, http:// or https://. Without user and password: see `credentials`."
        ),
    ] = None
    file: Annotated[FilePath | None, Meta(description="A video file, relative to this file.")] = None
    credentials: Annotated[
        FilePath | None,
        Meta(description="File with one line USER:PASSWORD for the url, relative to this file. Null: none are needed."),
    ] = None
    rate_hz: Annotated[
        Positive | None,
        Meta(
            description="Frames per second. Of a device or stream: what it delivers by itself; frames missed while it is away are counted by it, "
            "and a device is asked for it. Null: their number is then unknown. Of a file: how fast it is played; null: as fast as the line takes it."
        ),
    ] = None
    height: Annotated[
        AtLeastOne | None,
        Meta(description="Rows that a device is asked for, with `width`. Null: what it delivers by itself."),
    ] = None
    width: Annotated[
        AtLeastOne | None,
        Meta(description="Columns that a device is asked for, with `height`. Null: what it delivers by itself."),
    ] = None
    pixel_format: Annotated[
        Annotated[str, Meta(pattern="^[ -~]{4}$")] | None,
        Meta(
            description="Four letters of the pixel format that a device is asked for, e.g. MJPG, YUYV or GREY. Null: its own choice."
        ),
    ] = None
    open_timeout_s: Annotated[Positive, Meta(description="Longest time that a device or stream takes to open.")] = 10.0
    read_timeout_s: Annotated[
        Positive,
        Meta(
            description="Longest wait for a frame of a device or stream; then it is opened again. Longer than the longest pause that is no fault."
        ),
    ] = 5.0

    def __post_init__(self) -> None:
        """Raise ValueError where it is not clear what to read."""
        given = [name for name in ("device", "url", "file") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"{' and '.join(given) or 'nothing'} to read; expected exactly one of device, url and file"
            )
        if self.url is not None:
            _check_url(self.url)
        elif self.credentials is not None:
            raise ValueError(f"credentials are for a url, and this is a {given[0]}; remove the key")
        asked = [name for name in ("height", "width", "pixel_format") if getattr(self, name) is not None]
        if asked and self.device is None:
            raise ValueError(f"{asked[0]} is asked of a device, and this is a {given[0]}; remove the key")
        if (self.height is None) != (self.width is None):
            raise ValueError("height and width go together; give both or none")

    @property
    def recorded(self) -> bool:
        """Whether it is a recording."""
        return self.file is not None

    @property
    def shown(self) -> str:
        """What is read, for a person."""
        if self.device is not None:
            return f"/dev/video{self.device}" if isinstance(self.device, int) else self.device
        return self.url or str(self.file)


def _check_url(url: str) -> None:
    """The address is not shown where it holds a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"url is no address ({error}); expected e.g. rtsp://192.168.1.20/stream") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "url holds a user or password, which would be shown; write USER:PASSWORD into a file and name it in credentials"
        )
    if parts.scheme == "file":
        raise ValueError(f"url {url}: a video file is given as file: PATH")
    if parts.scheme not in SCHEMES or not host or port == 0:
        raise ValueError(
            f"url {url}: expected {', '.join(f'{one}://' for one in SCHEMES)} with a host, e.g. rtsp://192.168.1.20/stream"
        )
