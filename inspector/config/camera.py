"""Section ``cameras``: where frames come from and the size of a pixel on the sheet."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.names import Name
from inspector.config.fit import FitConfig
from inspector.config.frame_check import FrameCheckConfig
from inspector.config.replay import ReplayConfig
from inspector.config.section import AtLeastOne, Positive, Section
from inspector.config.simulator import SimulatorConfig
from inspector.config.verdicts import Scale

SourceConfig = ReplayConfig | SimulatorConfig


class CameraConfig(Section, frozen=True, kw_only=True):
    """One camera of the line."""

    name: Annotated[Name, Meta(description="Name of the camera, unique on the line; part of the topic.")]
    source: Annotated[SourceConfig, Meta(description="What delivers the frames; `kind` selects it.")]
    scale: Annotated[Scale | None, Meta(description="Millimetres per pixel. Null: figures in pixels only.")] = None
    travel_um_per_frame: Annotated[
        AtLeastOne | None,
        Meta(description="How far the sheet moves from one frame to the next, um. Null: positions are unknown."),
    ] = None
    frame_check: FrameCheckConfig = FrameCheckConfig()
    silent_after_s: Annotated[
        Positive | None,
        Meta(
            description="Longest time without a frame although one is due. Then the line is degraded until the camera delivers again, and "
            "the frames due meanwhile at its rate are UNINSPECTED (camera_lost). Without a rate a frame is due whenever the line can take "
            "one. Null: no limit, for a camera that is triggered by the sheets."
        ),
    ] = 2.0
    fit: FitConfig = FitConfig()

    def __post_init__(self) -> None:
        """Raises ValueError for a fit that does not say the size of a camera's frames: only files can each have their own."""
        if self.fit.mode != "refuse" and self.fit.size is None and not isinstance(self.source, ReplayConfig):
            raise ValueError(
                f"fit: mode {self.fit.mode} needs the size of the camera's frames: add size: {{height: ..., width: ...}}"
            )
