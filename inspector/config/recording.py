"""Recordings: how a line records (section ``recording``), and a camera that plays a recording."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from engines.files.names import Name
from engines.files.paths import FilePath
from inspector.config.section import AtLeastOne, Section

PixelFormat = Literal["raw", "png"]
Pace = Literal["recorded", "max"]


class RecordingConfig(Section, frozen=True, kw_only=True):
    """How `inspector record` records the line, see `docs/recording.md`."""

    format: Annotated[
        PixelFormat,
        Meta(description="raw: pixels as they are, the least work. png: lossless compression, a file for each frame."),
    ] = "raw"
    buffer_mib: Annotated[
        AtLeastOne,
        Meta(
            description="Memory for frames that wait for the disk, MiB, taken while a recording is on. Frames for which it is full are not "
            "recorded, which is counted; they are inspected all the same.",
            le=65_536,
        ),
    ] = 128
    free_mib: Annotated[
        AtLeastOne,
        Meta(description="A recording ends before less than this is free on its disk, MiB.", le=2**31),
    ] = 1024
    segment_mib: Annotated[
        AtLeastOne, Meta(description="Longest file of raw pixels, MiB; then the next one is begun.", le=65_536)
    ] = 256


class RecordedSource(Section, frozen=True, kw_only=True, tag_field="kind", tag="recording"):
    """A camera that plays what `inspector record` recorded: the same frames, losses, positions, parts, runs and pauses."""

    path: Annotated[FilePath, Meta(description="Folder of the recording, relative to this file.")]
    camera: Annotated[
        Name | None, Meta(description="Which of its cameras. Null: the only one that the recording has.")
    ] = None
    pace: Annotated[
        Pace,
        Meta(
            description="recorded: frames come as far apart as they did. max: as fast as the line takes them; with `overload: wait` and "
            "`deadline_ms: null` none is dropped."
        ),
    ] = "recorded"
