"""The last frames that were rejected or scrapped, with the outlines of what was found, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from inspector.client.mask import mask_of
from inspector.errors import UserError
from inspector.frames.outcome import Defect
from inspector.protocol.codec import Packet
from inspector.protocol.messages import ResultBody

MOST = 12
_CONSECUTIVE = 3
"""Frames of a camera whose numbers differ by at most so much follow each other."""
_MOST_OUTLINES = 60
_MOST_POINTS = 4000
_LISTED = 3
Outline = tuple[str, list[int]]
"""Class, and x, y of its corners in turn, px of the frame."""


@dataclass
class _Kept:
    packet: Packet
    number: int
    """That none had before."""
    follows: bool = False
    """Whether it shows a defect that went on from the one kept before it."""
    alike: int = 0
    """Frames between the two that show the same and are not kept."""


class Rejects:
    """Of a long defect the first frame and the newest one are kept, so that one scratch does not fill the list. For one thread at a time."""

    def __init__(self) -> None:
        self.changed = 0
        """Rises with every frame."""
        self.across: dict[str, int] = {}
        """Of a camera that says how its frames lie: which axis of the frame is across the strip, 0 for x."""
        self._last: list[_Kept] = []
        self._drawn: dict[int, dict[str, Any]] = {}

    def add(self, packet: Packet) -> None:
        """A result with REJECT or SCRAP."""
        self.changed += 1
        kept = _Kept(packet, self.changed)
        before = next((one for one in reversed(self._last) if self._goes_on(one.packet, packet)), None)
        if before is not None:
            kept.follows = True
            if before.follows and _classes(before.packet) <= _classes(packet):
                kept.alike = before.alike + 1
                self._last.remove(before)
        self._last = [*self._last, kept][-MOST:]

    def listed(self) -> list[dict[str, Any]]:
        """The last ones, the newest first."""
        self._drawn = {one.number: self._drawn.get(one.number) or _drawn(one.packet) for one in self._last}
        return [{**self._drawn[one.number], "alike": one.alike} for one in reversed(self._last)]

    def _goes_on(self, before: Packet, packet: Packet) -> bool:
        """Whether two frames that follow each other have the same verdict and a defect of one class at the same place across the strip."""
        one, other, axis = before.header, packet.header, self.across.get(packet.header.camera)
        if axis is None or (one.epoch, one.camera, one.run) != (other.epoch, other.camera, other.run):
            return False
        assert isinstance(before.body, ResultBody)
        assert isinstance(packet.body, ResultBody)
        if before.body.verdict is not packet.body.verdict:
            return False
        if not 0 < (other.frame or 0) - (one.frame or 0) <= _CONSECUTIVE:
            return False
        return any(
            a.class_name == b.class_name
            and a.bbox_px[axis] < b.bbox_px[axis] + b.bbox_px[axis + 2]
            and b.bbox_px[axis] < a.bbox_px[axis] + a.bbox_px[axis + 2]
            for a in before.body.defects
            for b in packet.body.defects
        )


def _classes(packet: Packet) -> set[str]:
    assert isinstance(packet.body, ResultBody)
    return {one.class_name for one in packet.body.defects}


def _drawn(packet: Packet) -> dict[str, Any]:
    header, body = packet.header, packet.body
    assert isinstance(body, ResultBody)
    width = max((defect.bbox_px[0] + defect.bbox_px[2] for defect in body.defects), default=1)
    height = max((defect.bbox_px[1] + defect.bbox_px[3] for defect in body.defects), default=1)
    if body.mask is not None:
        width, height = body.mask.width_px, body.mask.height_px
    return {
        "epoch": header.epoch,
        "camera": header.camera,
        "frame": header.frame,
        "run": header.run,
        "captured_ms": (header.captured_unix_ns or 0) // 10**6,
        "travel_m": None if header.travel_um is None else header.travel_um / 1e6,
        "verdict": body.verdict.value,
        "detail": body.detail,
        "defects": [_in_words(defect) for defect in body.defects[:_LISTED]],
        "more": max(0, len(body.defects) - _LISTED),
        "size": [width, height],
        "outlines": outlines(packet, body),
    }


def _in_words(defect: Defect) -> dict[str, Any]:
    unit, length, width = "mm", defect.length_mm, defect.width_mm
    if length is None or width is None:
        unit, length, width = "px", defect.length_px, defect.width_px
    return {
        "class": defect.class_name,
        "score": defect.score,
        "length": length,
        "width": width,
        "unit": unit,
        "x_mm": defect.x_mm,
    }


def outlines(packet: Packet, body: ResultBody) -> list[Outline]:
    """Of the regions of the mask, the largest first; boxes of the defects where there is no mask that can be used."""
    try:
        mask = mask_of(packet)
    except (ValueError, UserError):
        mask = None
    if mask is None or body.mask is None:
        return [(one.class_name, _corners(one)) for one in body.defects[:_MOST_OUTLINES]]
    found: list[tuple[float, Outline]] = []
    for bit, name in enumerate(body.mask.bits):
        plane = np.ascontiguousarray(mask >> bit & 1)
        contours, _ = cv2.findContours(plane, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            corners = cv2.approxPolyDP(contour, 1.0, closed=True)[:, 0, :]
            found.append((cv2.contourArea(contour), (name, [int(one) for one in corners.reshape(-1)])))
    found.sort(key=lambda one: -one[0])
    chosen: list[Outline] = []
    points = 0
    for _, outline in found[:_MOST_OUTLINES]:
        points += len(outline[1]) // 2
        if points > _MOST_POINTS:
            break
        chosen.append(outline)
    return chosen


def _corners(defect: Defect) -> list[int]:
    x, y, width, height = defect.bbox_px
    return [x, y, x + width, y, x + width, y + height, x, y + height]
