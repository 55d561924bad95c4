"""The messages between the line and the encoder process. They name slots of the ring; pixels stay there until the process copies them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from inspector.archive.entry import Facts
from inspector.config.archive import ArchiveConfig
from inspector.frames.layout import Layout
from inspector.frames.size import FrameSize

PART_BYTES = 64 << 10
"""A message is sent in parts of this size: masks of noise are larger than what a socket takes at once."""


class EncoderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the process needs to start."""

    archive: ArchiveConfig


class Keep(msgspec.Struct, frozen=True, array_like=True):
    """A frame to be archived."""

    number: int
    """Of this frame, in what the process answers."""
    slot: int
    size: FrameSize
    """Of the frame that was judged."""
    layout: Layout | None
    """How it lies in the slot; None: at its beginning."""
    facts: Facts
    quality: int
    """Of a JPEG."""
    mask: bytes | None
    """As it is published: run-length encoded, empty where no pixel is set. None: the segmenter did not run."""


class Part(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Line to process: a part of a ``Keep``."""

    data: bytes
    last: bool


class Stop(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Line to process: archive what was sent, and end."""


class Opened(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Process to line: the archive is open; ``mended`` says what had to be mended, empty where nothing had."""

    mended: str


class Unusable(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Process to line, the last message: why the archive cannot be opened, or the process cannot go on."""

    why: str
    traceback: str = ""
    """Of an internal error."""


class Copied(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Process to line: the pixels of the frame are copied, its slot is not needed any more."""

    number: int


class Archived(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Process to line: the frame is in the archive."""

    number: int


class NotArchived(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Process to line: the frame is not in the archive."""

    number: int
    why: str
    full: bool
    """Whether there is no room for it."""
    rests: bool
    """Whether the disk refused it, so that others are not tried for a while."""


class ClassStanding(msgspec.Struct, frozen=True, array_like=True):
    """How much of one class of evidence is kept."""

    entries: int
    bytes: int
    days: float | None
    """Until its quota is filled, at the present rate; None: not known."""


class Standing(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Process to line: how full the archive is, also to say that the process lives."""

    classes: dict[str, ClassStanding]
    days: float | None
    """Until all of it is full."""


ToEncoder: TypeAlias = Part | Stop
FromEncoder: TypeAlias = Opened | Unusable | Copied | Archived | NotArchived | Standing


def parts_of(keep: Keep) -> Iterator[Part]:
    """The parts in which it is sent."""
    data = msgspec.msgpack.encode(keep)
    for begin in range(0, len(data), PART_BYTES):
        yield Part(data[begin : begin + PART_BYTES], begin + PART_BYTES >= len(data))
