"""A run that never ends: the same frames again and again, further along. For measuring what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from inspector.protocol.codec import Packet
from tests.coil.strip import UM_ALONG, Camera, Line, Mask


def endless(camera: Camera, masks: Sequence[Mask]) -> Iterator[Packet]:
    """The start of a run, then results: frame n shows mask n modulo their number, uint8 ``[height, width]`` of the frame."""
    line = Line([camera])
    line.start()
    for number, mask in enumerate(masks):
        line.inspect(line.capture(camera.name, number * camera.lines), mask)
    start, *results = line.packets
    yield start
    number = 0
    while True:
        for packet in results:
            position = number * camera.lines * UM_ALONG
            header = msgspec.structs.replace(
                packet.header, frame=number, resolved_through=number, position_um=position, travel_um=position
            )
            yield Packet(header, packet.body, packet.blob)
            number += 1
