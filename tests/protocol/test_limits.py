"""No message is larger than the protocol says, whatever the line has to tell."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inspector.config.results import ResultsConfig
from inspector.config.tree import LineConfig
from inspector.config.verdicts import VerdictsConfig
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Defect, Outcome, Reason, Settled, Verdict
from inspector.frames.sheet import MOST_SIGHTINGS, FrameOfCamera, SettledSheet, SheetDefect, SheetFrame
from inspector.protocol import limits
from inspector.protocol.codec import decode
from inspector.protocol.messages import HealthReason, LateBody, LineState, ResultBody, SheetBody, Signal, StatusBody
from inspector.protocol.settings import Thresholds
from inspector.protocol.values import LARGEST
from inspector.results.identity import Identity, StartInfo
from inspector.results.sheet_stream import SheetStream
from inspector.results.status import Status
from inspector.results.stream import Stream
from tests.protocol.scene import SIZE, Scene

NAME = "n" * 63
WIDE = "\N{MATHEMATICAL BOLD CAPITAL A}"
"""Four bytes in UTF-8."""
CONTROL = "\x01"
"""Six bytes in JSON."""
CLASSES = tuple(f"{k}{WIDE * 59}" for k in range(8))
BUNDLE = BundleIdentity(bundle=CONTROL * 256, operating_point=CONTROL * 256, classes=CLASSES, size=SIZE)
FIGURE = 123456.7890123456
META = FrameMeta(
    camera=NAME, frame=LARGEST, captured_ns=0, deadline_ns=2**62, position_um=-LARGEST, travel_um=-LARGEST, encoder=-LARGEST,
    camera_ns=-(2**63), camera_clock=CONTROL * 64, flat_field=CONTROL * 256, run=CONTROL * 64, recipe=CONTROL * 64, part=CONTROL * 9999,
    calibration=CONTROL * 256, name=WIDE * 9999,
)  # fmt: skip


def defect(**more: object) -> Defect:
    keys = {
        "class_name": CLASSES[0], "score": 0.123456, "area_px": LARGEST, "bbox_px": (65535, 65535, 65536, 65536),
        "centroid_px": (FIGURE, FIGURE), "length_px": FIGURE, "width_px": FIGURE, "area_mm2": FIGURE, "length_mm": FIGURE, "width_mm": FIGURE,
        "x_mm": -FIGURE, "position_um": -LARGEST,
    }  # fmt: skip
    return Defect(**keys, **more)  # type: ignore[arg-type]


def rejected(defects: tuple[Defect, ...], **more: object) -> Outcome:
    keys = {"detail": WIDE * 9999, "gate_score": 0.123456789, "pixels": (LARGEST,) * 8, "defect_pixels": (LARGEST,) * 8}
    return Outcome(
        verdict=Verdict.REJECT, reason=Reason.DEFECT, defects=defects, bundle=BUNDLE, **(keys | more)  # type: ignore[arg-type]
    )  # fmt: skip


def a_stream(kind: type[Stream] = Stream) -> Stream:
    identity = Identity(line=NAME, cameras=(NAME,), epoch="e" * 64, sheets=True)
    return kind(identity, NAME if kind is Stream else "sheet", heartbeat_ms=250, masks=True)


def test_the_configuration_allows_no_more() -> None:
    """A line whose configuration is accepted can say what it has to say."""

    def bounds(section: type, key: str) -> Any:
        (field,) = (one for one in msgspec.inspect.type_info(section).fields if one.name == key)  # type: ignore[attr-defined]
        return getattr(field.type, "type", field.type)

    assert bounds(VerdictsConfig, "max_defects").le == limits.MOST_DEFECTS
    assert bounds(VerdictsConfig, "rules").max_length == limits.MOST_RULES
    assert bounds(LineConfig, "cameras").max_length == limits.MOST_CAMERAS
    heartbeat = bounds(ResultsConfig, "heartbeat_ms")
    assert (heartbeat.ge, heartbeat.le) == limits.HEARTBEAT_MS


@pytest.mark.parametrize("late", [False, True])
def test_a_result_with_every_defect_that_may_be_listed_is_sent_whole(late: bool) -> None:
    stream, outcome = a_stream(), rejected((defect(),) * limits.MOST_DEFECTS, mask=b"\1\0\0\0\1\0\0\0")
    settled = Settled(meta=META, outcome=outcome, settled_ns=10**18, resolved_through=-1)
    said = stream.late(META, outcome) if late else stream.settled(settled)
    assert limits.LARGEST_HEADER / 2 < len(said.header) <= limits.LARGEST_HEADER
    assert limits.LARGEST_BODY / 2 < len(said.body) <= limits.LARGEST_BODY
    packet = decode(said.parts())
    assert isinstance(packet.body, ResultBody | LateBody)
    assert len(packet.body.defects) == limits.MOST_DEFECTS
    assert (len(packet.body.detail), len(packet.body.name)) == (limits.LONGEST_TEXT, limits.LONGEST_FILE_NAME)
    assert packet.header.part == CONTROL * limits.LONGEST_WORD


def test_a_sheet_that_would_be_too_large_lists_fewer_defects_and_says_so() -> None:
    seen = (FrameOfCamera(camera=NAME, frame=LARGEST),) * (MOST_SIGHTINGS // 4)
    one = defect()
    shown = SheetDefect(**msgspec.structs.asdict(one), camera=NAME, frame=LARGEST, face="bottom", also_in=seen)
    frame = SheetFrame(camera=NAME, frame=LARGEST, verdict=Verdict.UNINSPECTED, reason=Reason.ENGINE_STARTING)
    sheet = SettledSheet(
        meta=META, outcome=rejected((shown,) * limits.MOST_DEFECTS), settled_ns=10**18, resolved_through=-1,
        frames=(frame,) * limits.MOST_SHEET_FRAMES, missing=(NAME,) * limits.MOST_CAMERAS,
    )  # fmt: skip
    stream = a_stream(SheetStream)
    said = stream.settled(sheet)
    assert limits.LARGEST_BODY / 4 < len(said.body) <= limits.LARGEST_BODY
    body = decode(said.parts()).body
    assert isinstance(body, SheetBody)
    assert 1000 < len(body.defects) < limits.MOST_DEFECTS
    assert body.detail.endswith("; further defects are not listed, because the message would be too large")
    assert stream.last_seq == 0


def test_long_texts_are_cut_in_every_other_message() -> None:
    stream = a_stream()
    info = StartInfo(
        bundle=BUNDLE, size=SIZE, thresholds=Thresholds(gate=0.5, mask=dict.fromkeys(CLASSES, 0.5), minimum_area_px=dict.fromkeys(CLASSES, 1)),
        rules=(WIDE * 9999,) * limits.MOST_RULES, source="s" * 9999,
    )  # fmt: skip
    long = "\N{REPLACEMENT CHARACTER}" * 9999
    one = HealthReason(part=long, code="part_failed", text=long, signal=Signal.FAILURE)
    scene = Scene()
    for number in range(limits.MOST_REASONS + 5):
        scene.status.trouble(f"{number} {long}", "camera_failed", long)
    scene.status.enter(LineState.RUNNING, "running", long)
    health = msgspec.structs.replace(scene.status.health, reasons=(one,) * limits.MOST_REASONS)
    gap = Settled(
        meta=META, outcome=Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.CAMERA_LOST, detail=long), settled_ns=0, resolved_through=0
    )  # fmt: skip
    said = [
        stream.start(CONTROL * 64, info), stream.change(info, long), stream.settled(gap), stream.end(CONTROL * 64),
        stream.status(Status(state=LineState.RUNNING, code="running", text=long, engines=long, health=health)), scene.published[-1],
    ]  # fmt: skip
    for publication in said:
        decode(publication.parts())
        assert len(publication.header) <= limits.LARGEST_HEADER
        assert len(publication.body) < limits.LARGEST_BODY / 8
    body = decode(said[-1].parts()).body
    assert isinstance(body, StatusBody)
    assert len(body.health.reasons) == limits.MOST_REASONS
