"""The last frames that were rejected or scrapped, with the outlines of what was found, ready to be drawn."""

from __future__ import annotations

from collections import deque
from typing import Any

import cv2
import numpy as np

from inspector.client.mask import mask_of
from inspector.errors import UserError
from inspector.frames.outcome import Defect
from inspector.protocol.codec import Packet
from inspector.protocol.messages import ResultBody

MOST = 12
_MOST_OUTLINES = 60
_MOST_POINTS = 4000
_LISTED = 3
Outline = tuple[str, list[int]]
"""Class, and x, y of its corners in turn, px of the frame."""


class Rejects:
    """For one thread at a time."""

    def __init__(self) -> None:
        self.changed = 0
        """Rises with every frame."""
        self._last: deque[tuple[int, Packet]] = deque(maxlen=MOST)
        """With a number that none had before."""
        self._drawn: dict[int, dict[str, Any]] = {}

    def add(self, packet: Packet) -> None:
        """A result with REJECT or SCRAP."""
        self.changed += 1
        self._last.append((self.changed, packet))

    def listed(self) -> list[dict[str, Any]]:
        """The last ones, the newest first."""
        self._drawn = {number: self._drawn.get(number) or _drawn(packet) for number, packet in self._last}
        return [self._drawn[number] for number, _ in reversed(self._last)]


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
