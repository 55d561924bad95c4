"""Packets as a publisher makes them, for the report's tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.frames.outcome import Defect, Reason, Verdict
from inspector.protocol import masks
from inspector.protocol.codec import Packet
from inspector.protocol.messages import Body, EndBody, GapBody, Header, LateBody, MaskInfo, MessageType, ResultBody

CLASSES = ("pitting", "scratches")
HEIGHT, WIDTH = 24, 60
SECOND_NS = 1_000_000_000


def region(x: int, y: int, width: int, height: int, kind: int = 0) -> NDArray[np.uint8]:
    """A mask ``uint8 [HEIGHT, WIDTH]`` with one box of one class."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    mask[y : y + height, x : x + width] = 1 << kind
    return mask


def header(kind: MessageType, frame: int | None, camera: str = "cam0", position_um: int | None = None) -> Header:
    """Frame n is published n seconds into the run."""
    return Header(
        protocol=1,
        type=kind,
        line="line",
        camera=camera,
        epoch="epoch",
        run="run",
        recipe=None,
        part=None,
        seq=0,
        frame=frame,
        position_um=position_um,
        captured_unix_ns=None,
        deadline_unix_ns=None,
        published_unix_ns=(frame or 0) * SECOND_NS,
        resolved_through=-1,
        bundle="bundle",
        operating_point="op",
        calibration=None,
        simulated=True,
        travel_um=None,
        position_source=None,
        encoder=None,
        camera_ns=None,
        camera_clock=None,
        flat_field=None,
        durable=True,
    )


def result(
    frame: int,
    verdict: Verdict = Verdict.PASS,
    reason: Reason = Reason.NO_DEFECT,
    mask: NDArray[np.uint8] | None = None,
    *,
    gate_score: float | None = 0.9,
    publish_mask: bool = True,
    latency_us: int = 10_000,
    name: str = "",
    camera: str = "cam0",
    position_um: int | None = None,
) -> Packet:
    """A result; a mask comes with one defect per class, the box around its pixels."""
    defects = []
    pixels = {}
    for k, class_name in enumerate(CLASSES):
        ys, xs = np.nonzero((np.zeros((1, 1), np.uint8) if mask is None else mask) >> k & 1)
        pixels[class_name] = len(xs)
        if len(xs):
            box = (int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
            defects.append(
                Defect(
                    class_name=class_name,
                    score=0.9,
                    area_px=len(xs),
                    bbox_px=box,
                    centroid_px=(float(xs.mean()), float(ys.mean())),
                    length_px=1.0,
                    width_px=1.0,
                    area_mm2=None,
                    length_mm=None,
                    width_mm=None,
                    x_mm=None,
                    position_um=None,
                )
            )
    blob = b"" if mask is None or not publish_mask else masks.encode(mask)
    body = ResultBody(
        verdict=verdict,
        reason=reason,
        detail="",
        gate_score=gate_score,
        pixels=pixels if gate_score is not None and reason is not Reason.GATE_CLEAN else {},
        defect_pixels=pixels if gate_score is not None and reason is not Reason.GATE_CLEAN else {},
        defects=tuple(defects),
        name=name,
        latency_us=latency_us,
        mask=MaskInfo(height_px=HEIGHT, width_px=WIDTH, bits=CLASSES) if blob else None,
    )
    return Packet(header(MessageType.RESULT, frame, camera, position_um), body, blob)


def rejected(frame: int, mask: NDArray[np.uint8], **options: object) -> Packet:
    return result(frame, Verdict.REJECT, Reason.DEFECT, mask, **options)  # type: ignore[arg-type]


def gated(frame: int, **options: object) -> Packet:
    options.setdefault("gate_score", 0.1)
    return result(frame, Verdict.PASS, Reason.GATE_CLEAN, **options)  # type: ignore[arg-type]


def gap(first: int, last: int, camera: str = "cam0") -> Packet:
    body: Body = GapBody(first=first, last=last, verdict=Verdict.UNINSPECTED, reason=Reason.CAMERA_LOST, detail="lost")
    return Packet(header(MessageType.GAP, first, camera), body)


def late(frame: int) -> Packet:
    body: Body = LateBody(
        late_verdict=Verdict.PASS,
        late_reason=Reason.NO_DEFECT,
        detail="",
        gate_score=0.5,
        pixels={},
        defect_pixels={},
        defects=(),
        name="",
        mask=None,
    )
    return Packet(header(MessageType.LATE, frame), body)


def end(frames: int, camera: str = "cam0") -> Packet:
    body: Body = EndBody(frames=frames, verdicts={}, reasons={}, late=0)
    return Packet(header(MessageType.END, None, camera), body)
