"""The coil: its configuration, and messages of a line in any order and with any places."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from functools import cache

import msgspec
import numpy as np

from inspector.coil.coil import Coil
from inspector.coil.config import CoilConfig
from inspector.coil.load import load_coil, parse_coil
from inspector.errors import UserError
from inspector.follow.following import Following, over
from inspector.protocol.codec import Packet, decode_body
from inspector.protocol.coil import CoilBody, CoilState
from inspector.protocol.messages import GapBody
from inspector.report.coil.make import made
from tests.coil.strip import RUN, Camera, Plan, run_of
from tests.fuzz.limits import ROOT
from tests.fuzz.mutation import yaml_changed
from tests.fuzz.target import Target, promised, require
from tests.fuzz.targets import scratch


def config(data: bytes) -> None:
    """A configuration file."""
    path = scratch.put("coil/coil.yaml", data)
    with promised(UserError):
        load_coil(path)


def config_seeds() -> Iterator[bytes]:
    """The example."""
    text = (ROOT / "configs" / "coil.yaml").read_text(encoding="utf-8")
    yield re.sub(r"(?m) *#.*$", "", text).replace("\n\n", "\n").encode()


_STEP = struct.Struct("<BBhB")
"""Which message; how far its frame number is moved; its place, and how far all frames have their verdict."""


@cache
def _packets() -> list[Packet]:
    strip = np.zeros((400, 70), np.uint8)
    strip[30:200, 10:14] = 2
    strip[50:80, 35:60] = 1
    strip[::40, 50] = 1
    cameras = [Camera("a", (0, 40)), Camera("b", (30, 70), lines=32)]
    return run_of(strip, cameras, Plan(missed=frozenset({("a", 5)}), lost=frozenset({("b", 3), ("b", 4)})))


@cache
def _config() -> CoilConfig:
    return parse_coil((ROOT / "configs" / "coil.yaml").read_text(encoding="utf-8"), "coil.yaml")


def stream_seeds() -> Iterator[bytes]:
    """The run as it was published, and the same turned round."""
    steps = [_STEP.pack(number, 0, 0, 0) for number in range(len(_packets()))]
    yield b"".join(steps)
    yield b"".join(reversed(steps))


def stream(data: bytes) -> None:
    """Whatever comes in whatever order: a coil is made of it, graded, and can be sent."""
    packets = _packets()
    following, coil = Following(RUN, _config()), Coil(RUN)
    for which, further, place, through in _STEP.iter_unpack(data[: len(data) // _STEP.size * _STEP.size]):
        packet = _moved(packets[which % len(packets)], further, place, through)
        coil.feed(packet)
        list(following.feed(packet))
        list(following.look())
    bodies, report = list(following.finish()), following.report()
    for body in [*bodies, over(report, following.state(CoilState.OVER), None)]:
        require(
            msgspec.json.decode(msgspec.json.encode(body), type=type(body)) == body,
            "a body that is read as another one",
        )
    require(isinstance(over(report, following.state(CoilState.OVER), None), CoilBody), "no last message")
    coil.finish()
    found = coil.findings
    require(
        found.defects == tuple(sorted(found.defects, key=lambda one: (one.area.from_mm, one.area.x_from_mm))), "order"
    )
    require(made(found, _config()).defects_in_all == report.defects_in_all, "a follower and a report that disagree")
    for one in found.defects:
        box = (one.area.to_mm - one.area.from_mm) * (one.area.x_to_mm - one.area.x_from_mm)
        require(0 < one.area_mm2 <= box + 0.01 * max(1.0, box), f"{one.area_mm2} mm2 in a box of {box} mm2")


def _moved(packet: Packet, further: int, place: int, through: int) -> Packet:
    header, body = packet.header, packet.body
    changes: dict[str, int] = {"resolved_through": header.resolved_through + through}
    if header.frame is not None:
        changes["frame"] = header.frame + further
        if isinstance(body, GapBody):
            body = msgspec.structs.replace(body, first=body.first + further, last=body.last + further)
    for key in ("position_um", "travel_um"):
        at = getattr(header, key)
        if at is not None:
            changes[key] = at + 100 * place
    header = msgspec.structs.replace(header, **changes)
    return decode_body(header, msgspec.json.encode(body), packet.blob)


TARGETS = (
    Target(
        "coil_config",
        config,
        config_seeds,
        (b"~", b".nan", b"-1", b"9" * 40, b"most: 0", b"[]"),
        yaml_changed,
        longest=1 << 12,
    ),
    Target("coil_stream", stream, stream_seeds, longest=1 << 10, cpu_s=10.0),
)
