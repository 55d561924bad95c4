"""The last rejected frames, whatever the memory of those before them is used for again."""

from __future__ import annotations

import itertools

import msgspec

from inspector.protocol.codec import Packet
from inspector.protocol.messages import ResultBody
from inspector.view.live.rejects import MOST, Rejects
from tests.coil.strip import Camera, Line
from tests.view.making import painted


def rejected() -> Packet:
    camera = Camera("a", (0, 40))
    line = Line([camera])
    line.start()
    line.inspect(line.capture("a", 24), camera.mask(painted(), 24))
    return next(packet for packet in line.packets if isinstance(packet.body, ResultBody))


def test_the_last_ones_are_listed_the_newest_first() -> None:
    one, rejects, numbers = rejected(), Rejects(), itertools.count()
    for _ in range(20):
        for _ in range(MOST):
            last = next(numbers)
            header = msgspec.structs.replace(one.header, frame=last)
            rejects.add(msgspec.structs.replace(one, header=header))
        assert [each["frame"] for each in rejects.listed()] == list(range(last, last - MOST, -1))
