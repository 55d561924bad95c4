"""The strip of the simulated camera, published as a line does it with a segmenter that makes no mistake: masks are those of the truth, and judge, ledger
and stream are the real ones. So what is found on the coil differs from the truth by nothing but the road between."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

import numpy as np

from inspector.capture.simulator import CLASS_NAMES, StripView, strip_view
from inspector.capture.simulator.strip import Overlay
from inspector.config.camera import CameraConfig
from inspector.config.positions import PlacementConfig
from inspector.config.simulated_strip import StripConfig
from inspector.config.simulator import SimulatorConfig
from inspector.config.verdicts import Rule, Scale, VerdictsConfig
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Outcome, Reason, Settled, Verdict
from inspector.frames.position import PositionSource
from inspector.frames.size import FrameSize
from inspector.protocol.codec import Packet, decode
from inspector.protocol.settings import Thresholds
from inspector.results.identity import Identity, StartInfo
from inspector.results.publication import Publication
from inspector.results.stream import Stream
from inspector.verdicts.judge import Judge
from inspector.verdicts.ledger import Ledger
from inspector.verdicts.places import Places

RUN = "simulated"
MINIMUM_PX = 8
_OPEN = 4
"""Frames of a camera that are open at a time; their verdicts come in any order."""
_PLACED = PlacementConfig(lateral_mm=-50.0)
_SCORES = (0.9,) * len(CLASS_NAMES)


@dataclass(frozen=True, kw_only=True)
class View:
    """A camera over the strip."""

    name: str = "a"
    lines: int = 256
    """Pixels of a frame along the strip."""
    columns: int = 800
    mm_per_line: float = 1.0
    mm_per_column: float = 2.0
    travel_mm: float | None = None
    """From frame to frame; None: as far as a frame shows."""
    placement: PlacementConfig = _PLACED

    def config(self, strip: StripConfig, axis: Literal["x", "y"]) -> CameraConfig:
        """As a line's file has it."""
        x, y = (self.mm_per_line, self.mm_per_column) if axis == "x" else (self.mm_per_column, self.mm_per_line)
        travel_mm = self.lines * self.mm_per_line if self.travel_mm is None else self.travel_mm
        return CameraConfig(
            name=self.name,
            source=SimulatorConfig(defect_rate=0, look_alike_rate=0, strip=strip),
            scale=Scale(mm_per_px_x=x, mm_per_px_y=y),
            travel_um_per_frame=round(travel_mm * 1000),
            placement=self.placement,
        )


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A line over a strip."""

    name: str
    cameras: tuple[View, ...] = (View(),)
    axis: Literal["x", "y"] = "y"
    missed: float = 0.0
    """Share of the frames that are not inspected: half of them the camera loses, of the others the time is over."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a camera saw of the strip."""

    overlay: Overlay
    mm_per_line: float
    mm_per_column: float
    frames: int
    inspected: tuple[int, ...]
    """Numbers of the frames that have a mask."""

    @property
    def view(self) -> StripView:
        """Where each frame lies."""
        return self.overlay.view


@dataclass
class _Camera:
    view: StripView
    overlay: Overlay
    judge: Judge
    info: StartInfo
    stream: Stream
    random: Random
    missed: float
    inspected: list[int]


def publish(setup: Setup, strip: StripConfig, length_mm: float, seed: int = 0) -> tuple[list[Packet], list[Seen]]:
    """All that a line publishes of a run over so much of the strip, and what each camera saw of it."""
    line = _Line(setup, strip, seed)
    frames = {name: int(length_mm * 1000 / camera.view.um_per_frame) for name, camera in line.cameras.items()}
    line.run(frames)
    seen = [
        Seen(
            overlay=line.cameras[one.name].overlay,
            mm_per_line=one.mm_per_line,
            mm_per_column=one.mm_per_column,
            frames=frames[one.name],
            inspected=tuple(sorted(line.cameras[one.name].inspected)),
        )
        for one in setup.cameras
    ]
    return line.packets, seen


class _Line:
    def __init__(self, setup: Setup, strip: StripConfig, seed: int) -> None:
        self.packets: list[Packet] = []
        self._now_ns = 10**12
        self._random = Random(seed)
        names = tuple(one.name for one in setup.cameras)
        self._identity = Identity(line="line1", cameras=names, epoch=f"0f8fad5b-d9cb-469f-a165-{seed:012x}", simulated=True)  # fmt: skip
        self._ledger = Ledger(self._settled, lambda: self._now_ns)
        self.cameras = {one.name: self._camera(one, setup, strip) for one in setup.cameras}

    def run(self, frames: dict[str, int]) -> None:
        for camera in self.cameras.values():
            self._say(camera.stream.start(RUN, camera.info))
        for first in range(0, max(frames.values()), _OPEN):
            open_ = [
                meta
                for number in range(first, first + _OPEN)
                for name in self.cameras
                if number < frames[name] and (meta := self._capture(name, number)) is not None
            ]
            self._random.shuffle(open_)
            for meta in open_:
                self._judged(meta)
        for camera in self.cameras.values():
            self._say(camera.stream.end(RUN))

    def _camera(self, one: View, setup: Setup, strip: StripConfig) -> _Camera:
        config = one.config(strip, setup.axis)
        size = FrameSize(one.columns, one.lines) if setup.axis == "x" else FrameSize(one.lines, one.columns)
        view = strip_view(config, setup.axis, size.height, size.width)
        assert view is not None
        assert config.scale is not None
        verdicts = VerdictsConfig(rules=(Rule(),), travel_axis=setup.axis, max_defects=10_000)
        bundle = BundleIdentity(bundle="exact", operating_point="p", classes=CLASS_NAMES, size=size)
        places = Places(config.placement or PlacementConfig(), verdicts, size, config.scale)
        minimum = (MINIMUM_PX,) * len(CLASS_NAMES)
        info = StartInfo(
            bundle=bundle,
            size=size,
            thresholds=Thresholds(
                gate=0.5, mask=dict.fromkeys(CLASS_NAMES, 0.5), minimum_area_px=dict.fromkeys(CLASS_NAMES, MINIMUM_PX)
            ),
            scale_mm_per_px=(config.scale.mm_per_px_x, config.scale.mm_per_px_y),
            placement=places.message,
            source="simulator",
        )
        return _Camera(
            view=view,
            overlay=Overlay(strip, view),
            judge=Judge(verdicts, bundle, minimum, config.scale, places),
            info=info,
            stream=Stream(
                self._identity, one.name, heartbeat_ms=200, masks=True, clocks=lambda: (10**18 + self._now_ns, self._now_ns)
            ),
            random=Random(f"{one.name} {self._identity.epoch}"),
            missed=setup.missed,
            inspected=[],
        )  # fmt: skip

    def _capture(self, name: str, number: int) -> FrameMeta | None:
        """Opens a frame; None for one that the camera loses."""
        camera = self.cameras[name]
        self._now_ns += 1_000_000
        where = round(number * camera.view.um_per_frame)
        meta = FrameMeta(
            name, number, self._now_ns, position_um=where, travel_um=where, position_source=PositionSource.FRAME_COUNT, run=RUN
        )  # fmt: skip
        if camera.random.random() < camera.missed / 2:
            self._ledger.lost(meta, 1, "the camera lost 1 frame")
            return None
        self._ledger.open(meta)
        return meta

    def _judged(self, meta: FrameMeta) -> None:
        camera = self.cameras[meta.camera]
        if camera.random.random() < camera.missed / 2:
            outcome = Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.DEADLINE)
        else:
            camera.inspected.append(meta.frame)
            clean = np.zeros((camera.view.height, camera.view.width), np.uint8)
            mask, classes = camera.overlay.mark(meta.frame, clean)
            outcome = camera.judge.segmented(0.9, mask, None, _SCORES, meta.position_um) if classes else camera.judge.clean(0.01)  # fmt: skip
        self._ledger.settle(meta.camera, meta.frame, outcome)

    def _settled(self, settled: Settled) -> None:
        self._say(self.cameras[settled.meta.camera].stream.settled(settled))

    def _say(self, publication: Publication) -> None:
        self.packets.append(decode(publication.parts()))
