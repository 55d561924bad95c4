"""Makes the source of a camera from its configuration."""

from __future__ import annotations

import msgspec

from inspector.capture.replay import ReplayCamera
from inspector.capture.source import FrameSource
from inspector.config.camera import SourceConfig
from inspector.config.replay import ReplayConfig
from inspector.config.simulator import SimulatorConfig

SOFTWARE = (ReplayConfig, SimulatorConfig)
"""Sources without a real sheet: their results are marked as simulated."""


def make_source(config: SourceConfig, height: int, width: int, *, any_size: bool = False) -> FrameSource:
    """The source for ``config``, with frames of ``height`` x ``width`` px; not opened yet. ``any_size``: files may have other sizes too."""
    if isinstance(config, ReplayConfig):
        return ReplayCamera(config, None if any_size else height, None if any_size else width)
    from inspector.capture.simulator import SimulatorCamera  # brings the whole renderer

    return SimulatorCamera(config, height, width)


def source_kind(config: SourceConfig) -> str:
    """The source's ``kind``, as written in the configuration."""
    return str(msgspec.to_builtins(config)["kind"])
