"""Messages that every receiver must accept: as the line publishes them, and with what a receiver must not be surprised by."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator

import msgspec
import numpy as np

from inspector.frames.outcome import BundleIdentity, Outcome, Reason, Settled, Verdict
from inspector.frames.position import PositionSource
from inspector.frames.size import FrameSize
from inspector.protocol.limits import LONGEST_TEXT
from inspector.protocol.masks import encode
from inspector.results.publication import Publication
from inspector.results.stream import Stream
from inspector.sheets.combining import skipped
from tests.protocol.examples import run_of_a_camera, sheet_of_two_cameras, stream_of_a_coil
from tests.protocol.scene import RUN, Clock, Scene, sheet_stream
from tests.protocol.vectors.case import Case, accepted, altered

LARGEST = 2**53 - 1
EIGHT = tuple(f"class{k}" for k in range(8))
SMALL = FrameSize(2, 3)


def good_cases() -> Iterator[Case]:
    scene, shown = run_of_a_camera()
    for publication in scene.published:
        yield accepted(f"run: {publication.type.value} {publication.seq}", publication.parts())
    for name in ("heartbeat before the first run", "heartbeat", "start, repeated"):
        yield accepted(name, shown[name].parts())
    for publication in sheet_of_two_cameras()[0]:
        yield accepted(f"sheets: {publication.type.value} {publication.seq}", publication.parts())
    for name, publication in stream_of_a_coil().items():
        yield accepted(f"coil: {name}", publication.parts())
    yield accepted("sheets: gap", _sheet_gap().parts())
    yield from _every_reason()
    yield from _every_place()
    yield from _masks()
    yield from _unusual(shown["result, scratch"].parts(), shown["result, clean"].parts(), shown["status"].parts())


def _sheet_gap() -> Publication:
    clock = Clock()
    clock.at(2000)
    return sheet_stream(clock, ("left", "right")).settled(
        skipped(4, 900, RUN, "left: the camera lost 897 frames", clock.now_ns(), 900)
    )


def _every_reason() -> Iterator[Case]:
    """Each reason for which a frame is not inspected, and SCRAP."""
    scene = Scene("cam2")
    for reason in Reason:
        if reason in (Reason.GATE_CLEAN, Reason.NO_DEFECT, Reason.DEFECT, Reason.CAMERA_LOST):
            continue
        scene.settle(
            scene.capture(), Outcome(verdict=Verdict.UNINSPECTED, reason=reason, detail=f"because of {reason.value}")
        )
        yield accepted(f"UNINSPECTED, {reason.value}", scene.published[-1].parts())
    mask = np.zeros((256, 1600), np.uint8)
    mask[:20, :20] = 1 << 3
    meta = scene.capture()
    scene.settle(meta, scene.segmented(mask, 1.0, meta))
    yield accepted("SCRAP", scene.published[-1].parts())


def _every_place() -> Iterator[Case]:
    """What a header may say of a frame."""
    scene = Scene("cam-3", line="Line_1.b", durable=lambda: False)
    meta = scene.capture(
        position_um=-1500, travel_um=-1500, position_source=PositionSource.ENCODER, encoder=2**32 - 75, camera_ns=2**63 - 1,
        camera_clock="ptp", flat_field="top-2026-0a1b2c3d", recipe="DX51D", part="00012345", calibration="top-1b2c3d4e",
    )  # fmt: skip
    scene.settle(meta, scene.judge.clean(0.0))
    yield accepted("a header with all that a camera can tell, not durable", scene.published[-1].parts())
    meta = scene.capture(run="", deadline_ns=None, position_um=None, travel_um=None, position_source=None)
    scene.settle(meta, scene.judge.clean(0.5))
    yield accepted("a frame outside a run, without a deadline and a position", scene.published[-1].parts())
    meta = scene.capture(
        name="lot 7/\N{LATIN SMALL LETTER A WITH DIAERESIS}.png", position_um=LARGEST, travel_um=-LARGEST
    )
    scene.settle(meta, scene.judge.clean(1.0))
    yield accepted("a file name that is not ASCII, and the largest position", scene.published[-1].parts())
    yield accepted("simulated", altered(scene.published[-1].parts(), 1, simulated=True))


def _masks() -> Iterator[Case]:
    bundle = BundleIdentity(bundle="b", operating_point="o", classes=EIGHT, size=SMALL)
    mask = np.array([[255, 0, 1], [1, 0, 128]], np.uint8)
    counts = tuple(int((mask >> k & 1).sum()) for k in range(8))
    clock = Clock()
    stream = Scene("cam4", clock=clock).stream
    yield accepted("mask: eight classes, a run over two rows", _small(stream, bundle, counts, encode(mask)))
    parts = _small(stream, bundle, counts, struct.pack("<12I", 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 7))
    yield accepted("mask: neighbouring runs of one value", parts)
    for what, blob in {
        "not whole runs": struct.pack("<II", 6, 1)[:-1],
        "a run of no pixels": struct.pack("<4I", 0, 1, 6, 1),
        "a value above 255": struct.pack("<II", 6, 256),
        "too few pixels": struct.pack("<II", 5, 1),
        "too many pixels": struct.pack("<II", 7, 1),
        "lengths that overflow 32 bits": struct.pack("<4I", 2**31, 1, 2**31 + 6, 1),
    }.items():
        yield accepted(f"mask, bad: {what}", _small(stream, bundle, counts, blob), mask="refuse")


def _small(stream: Stream, bundle: BundleIdentity, pixels: tuple[int, ...], blob: bytes) -> list[bytes]:
    """A PASS of a tiny frame, all pixels specks."""
    meta = msgspec.structs.replace(Scene("cam4").capture(), frame=stream.last_seq + 1)
    outcome = Outcome(
        verdict=Verdict.PASS, reason=Reason.NO_DEFECT, gate_score=0.5, pixels=pixels, defect_pixels=(0,) * 8, mask=blob, bundle=bundle
    )  # fmt: skip
    settled = Settled(meta=meta, outcome=outcome, settled_ns=meta.captured_ns, resolved_through=meta.frame)
    return stream.settled(settled).parts()


def _unusual(scratch: list[bytes], clean: list[bytes], status: list[bytes]) -> Iterator[Case]:
    """What version 1 allows, though no publisher of today sends it."""
    yield accepted("unknown keys in header and body", altered(altered(clean, 1, later={"a": [1]}), 2, later=None))
    yield accepted(
        "an unknown key in a defect", altered(scratch, 2, defects=lambda found: [{**found[0], "depth_um": 12.5}])
    )
    yield accepted("a code that is not known", altered(status, 2, code="a_code_of_tomorrow"))
    yield accepted("an empty blob where there is no mask", [*clean, b""])
    reversed_keys = json.dumps(dict(reversed(json.loads(clean[1]).items())), indent=1).encode()
    yield accepted("keys in another order, with blanks and line ends", [clean[0], reversed_keys, clean[2]])
    yield accepted(
        "escaped characters",
        [clean[0], clean[1], clean[2].replace(b'"detail":""', b'"detail":"\\u00e4\\ud835\\udc00\\n\\t"')],
    )
    yield accepted(
        "a text of the greatest length", altered(clean, 2, detail="\N{MATHEMATICAL BOLD CAPITAL A}" * LONGEST_TEXT)
    )
    yield accepted(
        "the largest numbers", altered(clean, 1, seq=LARGEST, frame=LARGEST, resolved_through=LARGEST, encoder=-LARGEST)
    )
    yield accepted("seq ahead of everything", altered(clean, 1, seq=9))
    yield accepted("a defect without a scale", altered(scratch, 2, defects=lambda found: [_without_mm(found[0])]))
    yield accepted(
        "a whole number for a figure",
        altered(scratch, 2, gate_score=1, defects=lambda found: [{**found[0], "length_px": 72}]),
    )
    stranger = altered(clean, 2, frames=[], missing=["cam2"])
    yield accepted("keys of a sheet in the result of a camera, which are not known there", stranger)


def _without_mm(defect: dict[str, object]) -> dict[str, object]:
    return defect | dict.fromkeys(("area_mm2", "length_mm", "width_mm", "x_mm", "position_um"))
