"""A sheet with its verdict: what several frames, mostly of several cameras, say together."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engines.files.names import Name
from inspector.frames.outcome import Defect, Reason, Settled, Verdict

SHEET = "sheet"
"""In the place of a camera's name, in topics and headers. No camera may have this name."""

MOST_SIGHTINGS = 100
"""Further frames named for one defect of a sheet."""
FrameNumber = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class FrameOfCamera(msgspec.Struct, frozen=True, kw_only=True):
    """Identity of a frame within an epoch."""

    camera: Name
    frame: FrameNumber


class SheetFrame(FrameOfCamera, frozen=True, kw_only=True):
    """A frame that a sheet is made of, with its own verdict."""

    verdict: Verdict
    reason: Reason


class SheetDefect(Defect, frozen=True, kw_only=True):
    """A defect of a sheet. What is measured in px is measured in the frame named here; the same defect may be in further frames."""

    camera: Name
    frame: FrameNumber
    face: Literal["top", "bottom"]
    also_in: Annotated[tuple[FrameOfCamera, ...], Meta(max_length=MOST_SIGHTINGS)]
    """The other frames in which it was seen, where they overlap."""


class SettledSheet(Settled, frozen=True, kw_only=True):
    """A sheet with its verdict; ``meta.camera`` is ``SHEET``, and ``meta.frame`` the number of the sheet."""

    frames: tuple[SheetFrame, ...] = ()
    missing: tuple[str, ...] = ()
    """Cameras of which not every frame of the sheet is there."""
