"""Builds the acquisition of one camera of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.capture.make import source_of
from inspector.capture.source import FrameSource
from inspector.config.camera import CameraConfig
from inspector.line.acquisition import Acquisition

if TYPE_CHECKING:
    from inspector.line.line import Line


def acquisition_of(line: Line, camera: CameraConfig, source: FrameSource | None) -> Acquisition:
    """The acquisition of ``camera``, by ``source`` where one is given, else by the one that the configuration names."""
    preparation = line.fits.of(camera.name)
    if source is None:
        size = preparation.camera or line.size
        source = source_of(
            camera,
            line.config.verdicts.travel_axis,
            *size,
            line.playback,
            any_size=preparation.camera is None,
        )
    return Acquisition(
        camera,
        source,
        preparation,
        line.runs,
        line.ledger,
        line.ring,
        line.inference,
        deadline_ms=line.config.deadline_ms,
        overload=line.config.overload,
        tap=line.recorder,
        opened=line.camera_opened,
        failed=line.camera_failed,
        condition=line.status.condition,
    )
