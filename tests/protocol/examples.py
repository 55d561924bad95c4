"""The messages that ``docs/protocol.md`` shows, as the line publishes them."""

from __future__ import annotations

import msgspec

from inspector.config.positions import PlacementConfig
from inspector.frames.coil import Area, CoilDefect, Cut, RollFit, RollMark
from inspector.frames.sheet import FrameOfCamera
from inspector.protocol.coil import COIL, CoilBody, CoilDefectBody, CoilState, MarkState, RollMarkBody
from inspector.protocol.messages import LineState
from inspector.protocol.settings import SheetSettings
from inspector.results.coil_stream import CoilStream
from inspector.results.identity import Identity
from inspector.results.publication import Publication
from inspector.sheets.by_frame import ByFrame
from inspector.sheets.combining import Limits, combined
from tests.protocol.scene import (
    BEGINS_UNIX_NS,
    MS,
    NEXT_BUNDLE,
    PERIOD_NS,
    RUN,
    START,
    Clock,
    Scene,
    scratched,
    sheet_stream,
    speckled,
    thresholds,
)

assert BEGINS_UNIX_NS % 1_000_000_000 == 0
FOLLOWER_EPOCH = "5b0e7c52-6a1d-4d0c-9c39-0a6f1f6be2d4"
_PERIOD_MS = PERIOD_NS / MS
NEXT = msgspec.structs.replace(START, bundle=NEXT_BUNDLE, thresholds=thresholds(0.028))


def run_of_a_camera() -> tuple[Scene, dict[str, Publication]]:
    """A short run, with the messages that the document shows, by name."""
    scene = Scene()
    clock, stream = scene.clock, scene.stream
    shown: dict[str, Publication] = {}
    scene.status.engines("NVIDIA RTX 4000 Ada, tensorrt_rtx 1.7.1, batches up to 8")
    shown["heartbeat before the first run"] = stream.heartbeat()
    clock.at(1000)
    shown["start"] = scene.begin()
    scene.status.enter(LineState.RUNNING, "running", "engines run on NVIDIA RTX 4000 Ada")
    clean, scratch, specks = (_captured(scene, number) for number in range(3))
    clock.at(1050)
    scene.settle(clean, scene.judge.clean(0.0123))
    shown["result, clean"] = scene.published[-1]
    clock.at(1071)
    scene.settle(scratch, scene.segmented(scratched(), 0.9731, scratch))
    shown["result, scratch"] = scene.published[-1]
    clock.at(1088)
    scene.settle(specks, scene.segmented(speckled(), 0.4402, specks))
    shown["result, specks"] = scene.published[-1]
    clock.at(1120)
    scene.lose(3)
    shown["gap"] = scene.published[-1]
    overdue = _captured(scene, 6)
    clock.at(1220.2)
    scene.ledger.expire(clock.now_ns())
    shown["result, deadline"] = scene.published[-1]
    clock.at(1234)
    scene.settle(overdue, scene.judge.clean(0.0246))
    shown["late"] = scene.published[-1]
    clock.at(1240)
    scene.status.trouble(
        "frames of camera cam1",
        "bad_frames",
        "camera cam1: 50 of the last 100 frames cannot be used; frame 99: the picture is black",
    )
    shown["status"] = scene.published[-1]
    clock.at(1300)
    shown["change"] = scene.say(stream.change(NEXT, "bundle demo-1.1-5d8a41f0 takes over"))
    stream.joined()
    shown["start, repeated"] = _said(stream.repeat())
    shown["heartbeat"] = stream.heartbeat()
    clock.at(1400)
    shown["end"] = scene.say(stream.end(RUN))
    return scene, shown


def sheet_of_two_cameras() -> tuple[list[Publication], Publication]:
    """Everything in the stream of sheets, and the one sheet of it that is shown: a scratch in the overlap of two cameras."""
    clock = Clock()
    left = Scene("left", clock=clock)
    right = Scene("right", clock=clock, placement=PlacementConfig(lateral_mm=56.0))
    sheets = sheet_stream(clock, ("left", "right"))
    settings = SheetSettings(by="frame", length_mm=None, cameras=("left", "right"))
    info = msgspec.structs.replace(
        START, scale_mm_per_px=None, placement=None, deadline_ms=500.0, source="sheets", sheets=settings
    )
    gathering = ByFrame(("left", "right"), 500 * MS)
    clock.at(1000)
    said = [sheets.start(RUN, info)]
    for number in range(2):
        clock.at(1000 + number * _PERIOD_MS)
        frames = [camera.capture() for camera in (left, right)]
        clock.at(1045 + number * _PERIOD_MS)
        for camera, meta, y in zip((left, right), frames, (240, 100), strict=True):
            clean = camera.judge.clean(0.0123)
            camera.settle(meta, camera.segmented(scratched(y=y), 0.9731, meta) if number else clean)
            for one in gathering.add(camera.settled[-1]):
                assert one.sheet is not None
                now = clock.now_ns()
                said.append(
                    sheets.settled(combined(one.sheet, one.missing, one.why, now, one.through, Limits(0.0, 100)))
                )
    said.append(sheets.end(RUN))
    return said, said[2]


def stream_of_a_coil() -> dict[str, Publication]:
    """The messages about a coil, by name: a scratch of nine frames, and a roll mark."""
    clock = Clock()
    identity = Identity(line="line1", cameras=(COIL,), epoch=FOLLOWER_EPOCH)
    stream = CoilStream(identity, COIL, heartbeat_ms=200, masks=False, clocks=clock.both)
    frames = tuple(FrameOfCamera(camera="cam1", frame=frame) for frame in range(200, 209))
    scratch = CoilDefect(
        class_name="scratches", area=Area(face="top", from_mm=128_231.2, to_mm=133_410.0, x_from_mm=40.0, x_to_mm=43.6),
        along_mm=130_812.4, x_mm=41.9, length_mm=5178.8, width_mm=3.6, area_mm2=6214.5, score=0.9412, near_edge_mm=40.0,
        far_edge_mm=58.8, pieces=9, frames=frames, head=Cut.WHOLE, tail=Cut.UNKNOWN,
    )  # fmt: skip
    mark = RollMark(
        class_name="pitting", area=Area(face="top", from_mm=3120.0, to_mm=148_220.0, x_from_mm=61.0, x_to_mm=66.5),
        period_mm=2073.9, period_low_mm=2073.2, period_high_mm=2074.6, phase_mm=1046.1, count=61, possible=71, p_value=4e-9,
        rolls=(RollFit(roll="F5 top", turns=1, expected_mm=2071.5, off_percent=0.12),),
    )  # fmt: skip
    following = CoilBody(
        state=CoilState.FOLLOWING, length_mm=151_040.0, uninspected_mm=1920.0, defects={"scratches": 4, "pitting": 88}, roll_marks=1,
        grade=None, why=(), complete=None, report=None,
    )  # fmt: skip
    over = msgspec.structs.replace(
        following, state=CoilState.OVER, length_mm=502_400.0, grade="B", complete=True, report="reports/coil-4711",
        why=("A: scratches of length >= 500 mm: 1, at most 0",),
    )  # fmt: skip
    shown = {}
    for at_ms, name, body in (
        (6000, "coil defect", CoilDefectBody(defect=scratch)),
        (6100, "roll mark", RollMarkBody(state=MarkState.FOUND, number=1, mark=mark)),
        (8000, "coil", following),
        (20_000, "coil, over", over),
    ):
        clock.at(at_ms)
        shown[name] = stream.coil(RUN, body)
    return shown


def examples() -> dict[str, Publication]:
    """By the name that stands in the document."""
    _, shown = run_of_a_camera()
    return {**shown, "sheet": sheet_of_two_cameras()[1], **stream_of_a_coil()}


def in_readme() -> dict[str, Publication]:
    """What the README shows: a result of a line that sends no masks, so that it has only text."""
    scene = Scene("top", masks=False)
    scene.clock.at(1000)
    scene.begin()
    scene.settle(scene.capture(), scene.judge.clean(0.0123))
    meta = _captured(scene, 1)
    scene.clock.at(1071)
    scene.settle(meta, scene.segmented(scratched(), 0.9731, meta))
    return {"result, without masks": scene.published[-1]}


def _captured(scene: Scene, number: int):  # type: ignore[no-untyped-def]
    scene.clock.at(1000 + number * _PERIOD_MS)
    return scene.capture()


def _said(publication: Publication | None) -> Publication:
    assert publication is not None
    return publication
