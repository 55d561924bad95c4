"""What a coil makes of messages in any order, with any numbers and places, also of those that no line sends."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator
from itertools import chain

import msgspec
import numpy as np

from inspector.coil.coil import Coil
from inspector.frames.coil import CoilDefect, Unknown
from inspector.protocol.codec import MalformedError, Packet, decode_body
from inspector.protocol.messages import StartBody
from inspector.protocol.settings import Geometry, Placement, StripFrame
from inspector.protocol.values import LARGEST
from tests.coil.strip import RUN, Camera, Plan, run_of
from tests.fuzz.target import Target, promised, require

_STEP = struct.Struct("<BBBB")
_FAR = (0, -1, 1, 7000, 12_000, 12_500, 2**31, LARGEST, -LARGEST)
"""Places that a message may name, um."""
_EDGES = ((0.0, 0.0), (0.0, 12.0), (-5.0, 1e9), (3.0, 1.0), (1e-9, 2e-9))


@functools.cache
def _messages() -> list[Packet]:
    """Those of a run with two cameras, lost and missed frames, with masks and without."""
    strip = np.zeros((144, 40), dtype=np.uint8)
    strip[:, 18:22], strip[30:60, 5:9] = 2, 1
    line = [Camera("a", (0, 24)), Camera("b", (16, 40), overlap=5, flip_along=True, flip_across=True, axis="y")]
    plans = [Plan(lost=frozenset({("a", 2)}), missed=frozenset({("b", 3)})), Plan(masks=False)]
    return list(chain.from_iterable(run_of(strip, line, plan) for plan in plans))


def messages(data: bytes) -> None:
    """Steps of four bytes: which message, what of it is changed, and to what. What is found keeps to its bounds, and can be written as JSON."""
    made, found = Coil(RUN), []
    for which, how, one, two in _STEP.iter_unpack(data[: len(data) // _STEP.size * _STEP.size]):
        known = _messages()
        with promised(MalformedError):
            packet = _changed(known[(which + 256 * (two & 1)) % len(known)], how, one, two)
            found += made.feed(packet)
    found += made.finish()
    msgspec.json.encode(made.findings)
    require(len(found) == len(made.findings.defects) + len(made.findings.unknowns), "something is told twice, or never")
    for finding in found:
        _check(finding)


def _changed(packet: Packet, how: int, one: int, two: int) -> Packet:
    """The message with other numbers. Raises MalformedError where a receiver would refuse it."""
    header, body, blob = packet.header, packet.body, packet.blob
    far = _FAR[one % len(_FAR)]
    if how & 1 and header.frame is not None:
        header = msgspec.structs.replace(header, position_um=far, travel_um=_FAR[two % len(_FAR)])
    if how & 2:
        header = msgspec.structs.replace(header, resolved_through=one - 1)
    if how & 4:
        header = msgspec.structs.replace(header, epoch=f"e{two % 3}")
    if how & 8:
        header = msgspec.structs.replace(header, run=(RUN, "other", None)[two % 3])
    if how & 16 and header.frame is not None:
        header = msgspec.structs.replace(header, frame=one)
    if how & 32 and blob:
        blob = blob[: 8 * (one % 8)] + bytes((two,)) + blob[8 * (one % 8) + 1 :]
    if how & 64 and isinstance(body, StartBody):
        body = _otherwise(body, one, two)
    return decode_body(header, msgspec.json.encode(body), blob)


def _otherwise(body: StartBody, one: int, two: int) -> StartBody:
    along, across = _EDGES[one % len(_EDGES)], _EDGES[two % len(_EDGES)]
    edges = StripFrame(x_from_mm=across[0], x_to_mm=across[1], from_mm=along[0], to_mm=along[1])
    placement = Placement(
        travel_axis=("x", "y")[one & 1], face="top", flip_across=bool(two & 1), flip_along=False, frame=edges if one & 2 else None
    )  # fmt: skip
    geometry = Geometry(height_px=65_536, width_px=65_536) if two & 4 else body.geometry
    return msgspec.structs.replace(body, placement=placement, geometry=geometry)


def _check(finding: CoilDefect | Unknown) -> None:
    area = finding.area
    require(area.from_mm <= area.to_mm and area.x_from_mm <= area.x_to_mm, "a box the wrong way round")
    if isinstance(finding, CoilDefect):
        require(finding.area_mm2 >= 0 and finding.pieces >= 1 and bool(finding.frames), "a defect of nothing")
        require(0 <= finding.score <= 1, "a score that is no probability")
    else:
        require(finding.frames >= 0, "fewer frames than none")


def seeds() -> Iterator[bytes]:
    """A run as it was, and with what may happen to it."""
    count = len(_messages())
    yield b"".join(_STEP.pack(number % 256, 0, 0, number // 256) for number in range(count))
    yield b"".join(_STEP.pack(number % 256, number & 0x7F, number, number // 256) for number in range(count))


TARGETS = (Target("coil_messages", messages, seeds),)
