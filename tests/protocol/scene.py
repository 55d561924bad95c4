"""A line whose clock stands still until it is moved: what it publishes is the same in every run, so that the document and the vectors are made of it.

Everything between a frame and its message is that of the line: positions, judge, ledger, status, streams. Only frames, masks and times are made up.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.capture.source import Arrival
from inspector.config.camera import CameraConfig
from inspector.config.genicam import GenicamConfig
from inspector.config.positions import PlacementConfig
from inspector.config.verdicts import Rule, Scale, VerdictsConfig
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Outcome, Settled
from inspector.frames.size import FrameSize
from inspector.line.positions import Positions
from inspector.line.status import LineStatus
from inspector.protocol.settings import Placement, StripFrame, Thresholds
from inspector.results.identity import Identity, StartInfo
from inspector.results.publication import Publication
from inspector.results.sheet_stream import SheetStream
from inspector.results.stream import Stream
from inspector.verdicts.judge import Judge
from inspector.verdicts.ledger import Ledger
from inspector.verdicts.places import Places
from inspector.verdicts.wording import rule_in_words

Mask = NDArray[np.uint8]

MS = 1_000_000
EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
NEXT_EPOCH = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
BEGINS_UNIX_NS = 1_795_471_200_000_000_000
_BEGINS_NS = 1_000_000_000_000
RUN = "coil-4711"
CLASSES = ("pitting", "inclusion", "scratches", "corrosion")
SIZE = FrameSize(256, 1600)
SCALE = Scale(mm_per_px_x=0.4, mm_per_px_y=0.4)
MINIMUM_AREAS = (40, 40, 60, 200)
DEADLINE_MS = 100.0
PERIOD_NS = 20 * MS
"""From one frame to the next."""
RULES = VerdictsConfig(
    rules=(
        Rule(class_name="scratches", min_area_mm2=20, verdict="reject"),
        Rule(class_name="corrosion", verdict="scrap"),
    )
)


def bundle_of(version: str, operating_point: str) -> BundleIdentity:
    return BundleIdentity(
        bundle=f"demo-{version}-5d8a41f0", operating_point=operating_point, classes=CLASSES, size=SIZE
    )


BUNDLE = bundle_of("1.0", "3f2a9c1e77b0")
NEXT_BUNDLE = bundle_of("1.1", "77b0d2a43f2a")


def thresholds(gate: float) -> Thresholds:
    return Thresholds(
        gate=gate,
        mask=dict(zip(CLASSES, (0.5, 0.45, 0.5, 0.6), strict=True)),
        minimum_area_px=dict(zip(CLASSES, MINIMUM_AREAS, strict=True)),
    )


PLACEMENT = Placement(
    travel_axis="x", face="top", flip_across=False, flip_along=False,
    frame=StripFrame(x_from_mm=0.0, x_to_mm=102.4, from_mm=0.0, to_mm=640.0),
)  # fmt: skip
START = StartInfo(
    bundle=BUNDLE, size=SIZE, thresholds=thresholds(0.031), scale_mm_per_px=(0.4, 0.4), placement=PLACEMENT, rules=tuple(map(rule_in_words, RULES.rules)),
    deadline_ms=DEADLINE_MS, source="genicam",
)  # fmt: skip


class Clock:
    """Both clocks of the machine, which go on only when they are told to."""

    def __init__(self) -> None:
        self.passed_ns = 0

    def now_ns(self) -> int:
        """Monotonic time."""
        return _BEGINS_NS + self.passed_ns

    def both(self) -> tuple[int, int]:
        """Unix time and monotonic time."""
        return BEGINS_UNIX_NS + self.passed_ns, self.now_ns()

    def at(self, ms: float) -> None:
        """Move to so many ms after the beginning."""
        self.passed_ns = round(ms * MS)


class Scene:
    """One camera, its ledger and its stream, with a status of the line; ``published`` holds what was published, in order."""

    def __init__(
        self,
        camera: str = "cam1",
        *,
        line: str = "line1",
        epoch: str = EPOCH,
        clock: Clock | None = None,
        placement: PlacementConfig | None = None,
        durable: Callable[[], bool] = lambda: True,
        masks: bool = True,
    ) -> None:
        self.clock = clock or Clock()
        self.camera = camera
        self.published: list[Publication] = []
        identity = Identity(line=line, cameras=(camera,), epoch=epoch)
        self.stream = Stream(identity, camera, heartbeat_ms=200, masks=masks, durable=durable, clocks=self.clock.both)
        self.settled: list[Settled] = []
        self.ledger = Ledger(self._take, self.clock.now_ns)
        self.status = LineStatus(lambda status: self.say(self.stream.status(status)))
        config = CameraConfig(name=camera, source=GenicamConfig(), scale=SCALE, travel_um_per_frame=640_000)
        self.stream.recovery = "tcp://*:5551"
        self._positions = Positions(config)
        places = Places(placement or PlacementConfig(), RULES, SIZE, SCALE)
        self.judge = Judge(RULES, BUNDLE, MINIMUM_AREAS, SCALE, places)
        self._next = 0

    def say(self, publication: Publication) -> Publication:
        self.published.append(publication)
        return publication

    def _take(self, settled: Settled) -> None:
        self.settled.append(settled)
        self.say(self.stream.settled(settled))

    def begin(self, info: StartInfo = START, run: str = RUN) -> Publication:
        return self.say(self.stream.start(run, info))

    def capture(self, run: str = RUN, **more: object) -> FrameMeta:
        """The next frame, now."""
        meta = self._meta(run, Arrival(self._next, self.clock.now_ns(), None), **more)
        self.ledger.open(meta)
        self._next += 1
        return meta

    def lose(self, count: int, run: str = RUN) -> None:
        """The next frames never came."""
        meta = msgspec.structs.replace(self._meta(run, None), deadline_ns=None)
        self._next += count
        self.ledger.lost(meta, count, f"the camera lost {count} frames")

    def settle(self, meta: FrameMeta, outcome: Outcome) -> None:
        """What the engines' result is judged to be; published as late where the frame has its verdict."""
        if not self.ledger.settle(meta.camera, meta.frame, outcome):
            self.say(self.stream.late(meta, outcome))

    def segmented(self, mask: Mask, gate_score: float, meta: FrameMeta) -> Outcome:
        """The judgement of a mask."""
        pixels = [int((mask >> k & 1).sum()) for k in range(len(CLASSES))]
        return self.judge.segmented(gate_score, mask, pixels, (0.6124, 0.5, 0.9412, 0.5), meta.position_um)

    def _meta(self, run: str, arrival: Arrival | None, **more: object) -> FrameMeta:
        now = self.clock.now_ns()
        where = self._positions.of(self._next, arrival, run)
        keys: dict[str, object] = {
            "deadline_ns": now + round(DEADLINE_MS * MS),
            "position_um": where.position_um,
            "travel_um": where.travel_um,
            "position_source": where.source,
            "encoder": where.encoder,
            "run": run,
        }
        return FrameMeta(self.camera, self._next, now, **(keys | more))  # type: ignore[arg-type]


def blank() -> Mask:
    return np.zeros(SIZE, dtype=np.uint8)


def scratched(x: int = 200, y: int = 100) -> Mask:
    """A scratch of 72 x 3 px."""
    mask = blank()
    mask[y : y + 3, x : x + 72] = 1 << 2
    return mask


def speckled() -> Mask:
    """A pit of 8 x 6 px, and two specks: one pit of 12 px, one scratch of 5."""
    mask = blank()
    mask[40:46, 300:308] = 1
    mask[90:93, 900:904] = 1
    mask[200, 1000:1005] = 1 << 2
    return mask


def sheet_stream(clock: Clock, cameras: tuple[str, ...]) -> SheetStream:
    """The stream of sheets that these cameras see."""
    identity = Identity(line="line1", cameras=cameras, epoch=EPOCH, sheets=True)
    return SheetStream(identity, "sheet", heartbeat_ms=200, masks=True, durable=lambda: True, clocks=clock.both)
