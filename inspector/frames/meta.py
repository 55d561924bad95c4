"""The identity of one captured frame, fixed at capture and carried unchanged to its verdict."""

from __future__ import annotations

import msgspec

from inspector.frames.position import PositionSource


class FrameMeta(msgspec.Struct, frozen=True):
    """Identity of a frame: (camera, frame) is unique within an epoch."""

    camera: str
    """Name of the camera in the configuration."""
    frame: int
    """Number of the frame from 0, without a gap per camera (frames the camera lost are numbered too)."""
    captured_ns: int
    """Capture time, monotonic ns."""
    deadline_ns: int | None = None
    """When the verdict is due, monotonic ns; None where a run has no deadline (offline replay)."""
    position_um: int | None = None
    """Position of the frame's leading edge, um of travel since the counting began; None where unknown."""
    travel_um: int | None = None
    """The same since the run began; None where unknown."""
    position_source: PositionSource | None = None
    """What both are computed from; None where they are unknown."""
    encoder: int | None = None
    """Raw count of the encoder; None where the camera sends none."""
    camera_ns: int | None = None
    """Capture time by the camera's own clock, ns; None where it has none."""
    camera_clock: str = ""
    """Name of that clock; empty where there is none."""
    flat_field: str = ""
    """Identity of the flat field that was applied to the pixels; empty where there is none."""
    run: str = ""
    """Name of the run in which the frame was captured."""
    recipe: str = ""
    """Name of the recipe it is inspected with; empty where there is none."""
    part: str = ""
    """Id of the sheet, where it was told; else empty."""
    calibration: str = ""
    """Identity of the camera's calibration; empty where there is none."""
    name: str = ""
    """In a replay the file name, with the folders that tell it from others of that name; else empty."""
    uncounted: bool = False
    """Of lost frames: how many they were is not known, so that later numbers are not those of other cameras."""
