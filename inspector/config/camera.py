"""Section ``cameras``: where frames come from and the size of a pixel on the sheet."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.names import Name
from engines.files.paths import FilePath
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.fit import FitConfig
from inspector.config.frame_check import FrameCheckConfig
from inspector.config.genicam import GenicamConfig
from inspector.config.opencv import OpenCvConfig
from inspector.config.positions import EncoderConfig, LineScanConfig, PlacementConfig
from inspector.config.recording import RecordedSource
from inspector.config.replay import ReplayConfig
from inspector.config.section import AtLeastOne, Positive, Section
from inspector.config.simulator import SimulatorConfig
from inspector.config.verdicts import Scale

SourceConfig = ReplayConfig | SimulatorConfig | RecordedSource | OpenCvConfig | GenicamConfig


class CameraConfig(Section, frozen=True, kw_only=True):
    """One camera of the line."""

    name: Annotated[Name, Meta(description="Name of the camera, unique on the line; part of the topic.")]
    source: Annotated[SourceConfig, Meta(description="What delivers the frames; `kind` selects it.")]
    scale: Annotated[
        Scale | None, Meta(description="Millimetres per pixel. Null: that of `scale_file`, or figures in pixels only.")
    ] = None
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
    realtime_priority: Annotated[
        Annotated[int, Meta(ge=1, le=99)] | None,
        Meta(
            description="Real-time priority (SCHED_FIFO) of the threads that take the frames of a live camera, so that other programs do not "
            "delay them. The system has to allow it (systemd/camera.conf); otherwise a line in the log says so. Null: the usual priority."
        ),
    ] = None
    flat_field: Annotated[
        FilePath | None,
        Meta(
            description="Flat field, as `inspector calibrate flat-field` writes it, relative to this file. It is applied while a frame is copied "
            "into its slot, so engines and pictures see corrected frames; the frame check sees them as the camera delivers them. Null: none."
        ),
    ] = None
    scale_file: Annotated[
        FilePath | None,
        Meta(
            description="Scale and distortion of the lens, as `inspector calibrate scale` writes them, relative to this file, in place of "
            "`scale`. Lengths, widths, areas and places in mm are corrected by it. Null: `scale` holds."
        ),
    ] = None
    encoder: Annotated[
        EncoderConfig | None,
        Meta(
            description="The encoder of which the camera sends the count. Positions then come from it alone. Null: from the frames' numbers."
        ),
    ] = None
    line_scan: Annotated[
        LineScanConfig | None,
        Meta(description="Instead of `travel_um_per_frame`, for a line-scan camera without an encoder."),
    ] = None
    placement: Annotated[
        PlacementConfig | None,
        Meta(description="Where on the strip the camera looks. Null: as the defaults of its keys say."),
    ] = None
    fit: FitConfig = FitConfig()

    def __post_init__(self) -> None:
        """Raises ValueError for two scales, and for a fit that does not say the size of a camera's frames: a recording knows it, and only
        files can each have their own."""
        if self.scale_file is not None and self.scale is not None and not isinstance(self.scale, CalibratedScale):
            raise ValueError("scale and scale_file are both given; leave one of them out")
        if self.fit.mode == "refuse" or self.fit.size is not None or isinstance(self.source, RecordedSource):
            return
        if self.fit.mode == "tile" or not isinstance(self.source, ReplayConfig):
            raise ValueError(
                f"fit: mode {self.fit.mode} needs the size of the camera's frames before they come: add size: "
                "{height: ..., width: ...}"
            )

    @property
    def um_per_frame(self) -> float | None:
        """How far the sheet moves from one frame to the next, um; None where it is not known."""
        return self.line_scan.um_per_frame if self.line_scan else self.travel_um_per_frame
