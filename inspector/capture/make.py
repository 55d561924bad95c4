"""Makes the source of a camera from its configuration."""

from __future__ import annotations

from typing import Literal

import msgspec

from inspector.capture.opencv import OpenCvCamera, VideoFile
from inspector.capture.recording import Playback, RecordingCamera
from inspector.capture.replay import ReplayCamera
from inspector.capture.source import FrameSource
from inspector.config.camera import CameraConfig, SourceConfig
from inspector.config.genicam import GenicamConfig
from inspector.config.opencv import OpenCvConfig
from inspector.config.recording import RecordedSource
from inspector.config.replay import ReplayConfig
from inspector.config.simulator import SimulatorConfig


def is_software(config: SourceConfig) -> bool:
    """Whether a source shows no real sheet, so that its results are marked as simulated."""
    if isinstance(config, OpenCvConfig):
        return config.recorded
    return isinstance(config, (ReplayConfig, RecordedSource, SimulatorConfig))


def make_source(
    config: SourceConfig, height: int, width: int, playback: Playback | None = None, *, any_size: bool = False
) -> FrameSource:
    """The source for ``config``, with frames of ``height`` x ``width`` px; not opened yet. ``any_size``: files may have other sizes too.
    Cameras of one recording share ``playback``."""
    if isinstance(config, RecordedSource):
        return RecordingCamera(config, playback or Playback())
    if isinstance(config, ReplayConfig):
        return ReplayCamera(config, None if any_size else height, None if any_size else width)
    if isinstance(config, OpenCvConfig):
        return VideoFile(config) if config.recorded else OpenCvCamera(config)
    if isinstance(config, GenicamConfig):
        from inspector.capture.genicam import GenicamSource  # loads what other sources do without

        return GenicamSource(config, height, width)
    from inspector.capture.simulator import SimulatorCamera  # brings the whole renderer

    return SimulatorCamera(config, height, width)


def source_of(
    camera: CameraConfig,
    travel_axis: Literal["x", "y"],
    height: int,
    width: int,
    playback: Playback | None = None,
    *,
    any_size: bool = False,
) -> FrameSource:
    """The source of ``camera``, as ``make_source`` makes it; one that simulates a strip is told how the camera sees it. Raises UserError where
    the configuration does not say that."""
    config = camera.source
    if not isinstance(config, SimulatorConfig) or config.strip is None:
        return make_source(config, height, width, playback, any_size=any_size)
    from inspector.capture.simulator import SimulatorCamera, strip_view

    return SimulatorCamera(config, height, width, view=strip_view(camera, travel_axis, height, width))


def source_kind(config: SourceConfig) -> str:
    """The source's ``kind``, as written in the configuration."""
    return str(msgspec.to_builtins(config)["kind"])
