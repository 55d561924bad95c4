"""A painted strip, cut into frames as cameras see it, and what a line publishes of them: judge, ledger and stream are the real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.config.positions import PlacementConfig
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

Mask = NDArray[np.uint8]

CLASSES = ("pitting", "scratches")
MINIMUM_PX = (4, 6)
SCORES = (0.75, 0.875)
RUN = "coil"
EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
UM_ALONG, UM_ACROSS = 500, 250
"""Of a pixel of the strip."""


@dataclass(frozen=True)
class Camera:
    """Pixels are those of the strip: ``[along, across]``."""

    name: str = "a"
    columns: tuple[int, int] = (0, 40)
    """What it sees across the strip."""
    lines: int = 24
    """Of a frame, along the strip."""
    overlap: int = 0
    """Lines of a frame that the next one shows again."""
    begins: int = 0
    """Line of the strip at which its first frame begins."""
    downstream: int = 0
    """How much further down it stands, lines."""
    axis: Literal["x", "y"] = "x"
    face: Literal["top", "bottom"] = "top"
    flip_along: bool = False
    flip_across: bool = False
    source: PositionSource | None = PositionSource.ENCODER
    """None: positions are unknown."""
    scaled: bool = True
    calibration: str = ""
    travel_from: int = 0
    """Line at which its travel counts from 0."""

    @property
    def size(self) -> FrameSize:
        """Of its frames, px."""
        across = self.columns[1] - self.columns[0]
        return FrameSize(across, self.lines) if self.axis == "x" else FrameSize(self.lines, across)

    def frames(self, length: int) -> list[int]:
        """The first line of each frame that begins on a strip of so many lines."""
        return list(range(self.begins, length, self.lines - self.overlap))

    def mask(self, strip: Mask, first: int) -> Mask:
        """What it sees of the strip; nothing beyond its ends."""
        seen = np.zeros((self.lines, self.columns[1] - self.columns[0]), dtype=np.uint8)
        there = strip[max(0, first) : first + self.lines, slice(*self.columns)]
        at = max(0, -first)
        seen[at : at + len(there)] = there
        seen = seen[::-1] if self.flip_along else seen
        seen = seen[:, ::-1] if self.flip_across else seen
        return np.ascontiguousarray(seen.T if self.axis == "x" else seen)


class Line:
    """The cameras of a line and what it publishes, as packets in the order of publication."""

    def __init__(self, cameras: Sequence[Camera], *, epoch: str = EPOCH, masks: bool = True) -> None:
        self.packets: list[Packet] = []
        self.now_ns = 10**12
        names = tuple(camera.name for camera in cameras)
        identity = Identity(line="line1", cameras=names, epoch=epoch, simulated=True)
        self.ledger = Ledger(self._settled, lambda: self.now_ns)
        self.streams = {
            name: Stream(
                identity, name, heartbeat_ms=200, masks=masks, clocks=lambda: (10**18 + self.now_ns, self.now_ns)
            )
            for name in names
        }
        self.cameras = {camera.name: camera for camera in cameras}
        self.judges = {camera.name: _judge(camera) for camera in cameras}
        self._numbers = dict.fromkeys(names, 0)

    def start(self, run: str = RUN) -> None:
        """A run begins."""
        for name, camera in self.cameras.items():
            self._say(self.streams[name].start(run, start_info(camera, self.judges[name].places)))

    def change(self, camera: Camera, why: str = "another scale") -> None:
        """A camera sees the strip otherwise from now on."""
        self.cameras[camera.name] = camera
        self.judges[camera.name] = _judge(camera)
        info = start_info(camera, self.judges[camera.name].places)
        self._say(self.streams[camera.name].change(info, why))

    def end(self, run: str = RUN) -> None:
        """The run is over."""
        for stream in self.streams.values():
            self._say(stream.end(run))

    def capture(self, name: str, first: int, run: str = RUN) -> FrameMeta:
        """A frame that begins at this line of the strip."""
        meta = self._meta(name, first, run)
        self.ledger.open(meta)
        return meta

    def lose(self, name: str, first: int, count: int, run: str = RUN) -> None:
        """The camera loses frames, of which the first would have begun there."""
        meta = self._meta(name, first, run)
        self._numbers[name] += count - 1
        if meta.position_source is PositionSource.ENCODER:
            meta = FrameMeta(camera=name, frame=meta.frame, captured_ns=meta.captured_ns, run=run)
        self.ledger.lost(meta, count, f"the camera lost {count} frames")

    def inspect(self, meta: FrameMeta, mask: Mask) -> None:
        """A frame has its verdict."""
        judge = self.judges[meta.camera]
        clean = not mask.any()
        outcome = judge.clean(0.01) if clean else judge.segmented(0.9, mask, None, SCORES, meta.position_um)
        self.ledger.settle(meta.camera, meta.frame, outcome)

    def give_up(self, meta: FrameMeta, reason: Reason = Reason.DEADLINE) -> None:
        """A frame is not inspected."""
        self.ledger.settle(meta.camera, meta.frame, Outcome(verdict=Verdict.UNINSPECTED, reason=reason))

    def show(self, name: str, strip: Mask, *firsts: int) -> None:
        """Frames that begin at these lines of the strip, each inspected at once."""
        for first in firsts:
            self.inspect(self.capture(name, first), self.cameras[name].mask(strip, first))

    def _meta(self, name: str, first: int, run: str) -> FrameMeta:
        camera = self.cameras[name]
        self.now_ns += 1_000_000
        number = self._numbers[name]
        self._numbers[name] = number + 1
        position = None if camera.source is None else (first + camera.downstream) * UM_ALONG
        travel = None if position is None else position - camera.travel_from * UM_ALONG
        return FrameMeta(
            name, number, self.now_ns, position_um=position, travel_um=travel, position_source=camera.source, run=run,
            calibration=camera.calibration,
        )  # fmt: skip

    def _settled(self, settled: Settled) -> None:
        self._say(self.streams[settled.meta.camera].settled(settled))

    def _say(self, publication: Publication) -> None:
        self.packets.append(decode(publication.parts()))


def _judge(camera: Camera) -> Judge:
    config = VerdictsConfig(rules=(Rule(),), travel_axis=camera.axis, max_defects=10_000)
    along, across = UM_ALONG / 1000, UM_ACROSS / 1000
    x, y = (along, across) if camera.axis == "x" else (across, along)
    scale = Scale(mm_per_px_x=x, mm_per_px_y=y) if camera.scaled else None
    placement = PlacementConfig(
        lateral_mm=camera.columns[0] * across,
        along_mm=camera.downstream * along,
        face=camera.face,
        flip_across=camera.flip_across,
        flip_along=camera.flip_along,
    )
    bundle = BundleIdentity(bundle="b", operating_point="p", classes=CLASSES, size=camera.size)
    return Judge(config, bundle, MINIMUM_PX, scale, Places(placement, config, camera.size, scale))


def start_info(camera: Camera, places: Places) -> StartInfo:
    """What the line says when a run begins."""
    return StartInfo(
        bundle=BundleIdentity(bundle="b", operating_point="p", classes=CLASSES, size=camera.size),
        size=camera.size,
        thresholds=Thresholds(
            gate=0.5,
            mask=dict(zip(CLASSES, (0.5, 0.5), strict=True)),
            minimum_area_px=dict(zip(CLASSES, MINIMUM_PX, strict=True)),
        ),
        scale_mm_per_px=None if places.scale is None else (places.scale.mm_per_px_x, places.scale.mm_per_px_y),
        placement=places.message,
        calibration=camera.calibration or None,
        source="simulator",
    )


@dataclass
class Plan:
    """How the frames of a strip come: ``missed`` are not inspected, by camera and number of the frame; at most ``in_flight`` frames of a
    camera are open at a time."""

    missed: frozenset[tuple[str, int]] = frozenset()
    lost: frozenset[tuple[str, int]] = frozenset()
    """Those that the camera loses."""
    in_flight: int = 4
    seed: int = 0
    masks: bool = True
    ended: bool = True
    seen: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Filled in: the lines that each camera showed."""


def run_of(strip: Mask, cameras: Sequence[Camera], plan: Plan | None = None) -> list[Packet]:
    """All that a line publishes of one run over the strip."""
    plan = plan or Plan()
    line = Line(cameras, masks=plan.masks)
    random = Random(plan.seed)
    line.start()
    to_come = {camera.name: camera.frames(len(strip)) for camera in cameras}
    open_: list[tuple[FrameMeta, int]] = []
    while any(to_come.values()) or open_:
        able = [
            name
            for name, firsts in to_come.items()
            if firsts and sum(meta.camera == name for meta, _ in open_) < plan.in_flight
        ]
        if able and (not open_ or random.random() < 0.5):
            name = random.choice(able)
            first, number = to_come[name].pop(0), line._numbers[name]
            if (name, number) in plan.lost:
                line.lose(name, first, 1)
            else:
                open_.append((line.capture(name, first), first))
        else:
            meta, first = open_.pop(random.randrange(len(open_)))
            if (meta.camera, meta.frame) in plan.missed:
                line.give_up(meta)
            else:
                camera = line.cameras[meta.camera]
                plan.seen.setdefault(meta.camera, []).append((first, first + camera.lines))
                line.inspect(meta, camera.mask(strip, first))
    if plan.ended:
        line.end()
    return line.packets


def other(camera: Camera, **changes: object) -> Camera:
    """The camera with other properties."""
    return replace(camera, **changes)  # type: ignore[arg-type]
