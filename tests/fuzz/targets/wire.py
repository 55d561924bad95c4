"""What a subscriber receives: messages, masks, and their order."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator

import msgspec
import numpy as np

from inspector.cli.result_lines import line_of
from inspector.client.completeness import MOST_HOLES, MOST_OPEN_RUNS, Completeness, OutOfOrderError
from inspector.client.events import StreamKey
from inspector.client.mask import mask_of
from inspector.frames.outcome import Reason, Verdict
from inspector.protocol import masks
from inspector.protocol.codec import MalformedError, Packet, decode, decode_header, encode, stream_prefix
from inspector.protocol.messages import BODIES, EndBody, GapBody, Header, HeartbeatBody, LineState, MessageType
from inspector.results.publication import Publication
from inspector.results.stream import Stream
from tests.fuzz.mutation import json_changed
from tests.fuzz.target import Target, joined, parts_of, promised, require
from tests.results.publishing import LOST, REJECTED, RUN, START, make_identity, make_meta, make_settled, mask_pixels

_MOST_PIXELS = 1 << 22
"""Of a mask that is decoded here; larger ones only take longer."""


def messages() -> list[Publication]:
    """One of each type."""
    stream = Stream(make_identity(epoch="0" * 8), "cam1", heartbeat_ms=200, masks=True)
    return [
        stream.start(RUN, START), stream.settled(make_settled(0, REJECTED)), stream.settled(make_settled(1, LOST, count=4)),
        stream.late(make_meta(0), REJECTED), stream.change(START, "other rules"), stream.end(RUN), stream.heartbeat(),
    ]  # fmt: skip


def message_seeds() -> Iterator[bytes]:
    """The parts of each message."""
    for publication in messages():
        yield joined(*publication.parts())
        yield joined(b"", *publication.parts()[1:])


def message(data: bytes) -> None:
    """A message in its parts: decoded, shown, and encoded again to the same."""
    parts = parts_of(data, 5)
    with promised(MalformedError):
        if not parts[0] and len(parts) > 1:  # an input without a topic gets that of its header
            header = decode_header(parts[1])
            parts[0] = f"{stream_prefix(header.line, header.camera)}{header.type.value}".encode()
        packet = decode(parts)
        again = decode([*encode(packet.header, packet.body), *([packet.blob] if packet.blob else [])])
        require(again == packet, "a message that is encoded and decoded is another one")
        require(line_of(packet).plain.isprintable(), "a line for a person that steers a terminal")
        _mask(packet)


def _mask(packet: Packet) -> None:
    announced = getattr(packet.body, "mask", None)
    if announced is not None and announced.height_px * announced.width_px <= _MOST_PIXELS:
        with promised(ValueError):
            mask_of(packet)


def mask_seeds() -> Iterator[bytes]:
    """Height, width and the runs."""
    yield struct.pack("<HH", 8, 16) + masks.encode(mask_pixels())
    yield struct.pack("<HH", 2, 3)
    yield struct.pack("<HH", 1, 5) + struct.pack("<IIII", 2, 1, 3, 255)


def mask(data: bytes) -> None:
    """Runs of a mask of up to 2048 x 2048 px: decoded, encoded, and decoded to the same."""
    height, width = (int(side) % 2049 for side in struct.unpack_from("<HH", data.ljust(4, b"\0")))
    with promised(ValueError):
        pixels = masks.decode(data[4:], height, width)
        require(pixels.shape == (height, width) and pixels.dtype == np.uint8, "a mask of another shape")
        runs = masks.encode(pixels)
        require(len(runs) <= max(len(data) - 4, 0), "an encoding that is longer than one that was decoded")
        require(np.array_equal(masks.decode(runs, height, width), pixels), "a mask that comes back as another one")


_STEP = struct.Struct("<BBHB")
"""Kind, run, number, and how many more frames."""


def order_seeds() -> Iterator[bytes]:
    """A run without and with missing numbers."""
    whole = [(0, 0, 0, 0), *((1, 0, seq, 0) for seq in range(1, 6)), (2, 0, 6, 3), (3, 0, 7, 0), (4, 0, 7, 0)]
    yield b"".join(_STEP.pack(*step) for step in whole)
    yield b"".join(_STEP.pack(1, 0, seq, 0) for seq in (0, 5, 6, 9, 2000))
    yield b"".join(_STEP.pack(1, 0, 2 * seq, 0) for seq in range(1100))
    yield b"".join(_STEP.pack(0, run, run, 0) for run in range(40))


def order(data: bytes) -> None:
    """Messages in any order: what is missing is counted as a set of numbers would."""
    counted, seen, newest = Completeness(StreamKey("line1", "cam1", "e")), set[int](), -1
    for kind, run, any_number, more in _STEP.iter_unpack(data[: len(data) // _STEP.size * _STEP.size]):
        number = any_number % 4096
        packet = _packet(kind % 5, run % 64, number, more)
        with contextlib.suppress(OutOfOrderError):
            counted.take(packet)
            if packet.header.seq is not None:
                require(number > newest, "a number that is not higher was taken")
                seen.add(number)
            newest = max(newest, number)
    require(counted.received == len(seen), "another count of what arrived")
    require(counted.last_seq == newest, "another newest number")
    require(counted.missed == newest + 1 - len(seen), "another count of what is missing")
    require(len(counted.missing) <= MOST_HOLES and len(counted.runs) <= MOST_OPEN_RUNS, "memory that grows")
    covered = {seq for first, last in counted.missing for seq in range(first, last + 1)}
    require(set(range(newest + 1)) - seen <= covered, "a missing number in no range")
    require(counted.summary().isprintable(), "a summary that cannot be printed")


def _packet(kind: int, run: int, number: int, more: int) -> Packet:
    """A message of a kind: start, result, gap, end, heartbeat."""
    types = (MessageType.START, MessageType.RESULT, MessageType.GAP, MessageType.END, MessageType.HEARTBEAT)
    header, body = _PACKETS[types[kind]]
    header = msgspec.structs.replace(header, run=f"run{run}", seq=None if kind == 4 else number)
    if isinstance(body, GapBody):
        body = msgspec.structs.replace(body, first=number, last=number + more)
    elif isinstance(body, EndBody):
        body = msgspec.structs.replace(
            body, frames=more, verdicts={Verdict.PASS: more}, reasons={Reason.GATE_CLEAN: more}
        )
    elif isinstance(body, HeartbeatBody):
        body = msgspec.structs.replace(body, last_seq=number, state=list(LineState)[more % len(LineState)])
    return Packet(header, body)


def _by_type() -> dict[MessageType, tuple[Header, msgspec.Struct]]:
    found = {}
    for publication in messages():
        packet = decode(publication.parts())
        found[packet.header.type] = packet.header, packet.body
    return found


_PACKETS = _by_type()
_WORDS = (
    *(f'"{key}":'.encode() for kind in (Header, *BODIES.values()) for key in kind.__struct_fields__),
    *(f'"{one.value}"'.encode() for choices in (MessageType, LineState, Verdict, Reason) for one in choices),
)
_JSON = (
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"1e400",
    b"-0",
    b"9007199254740993",
    rb'"\ud800"',
    rb'"\u001b[2J"',
    rb'"\n"',
    b"[" * 1500,
)

TARGETS = (
    Target("message", message, message_seeds, tuple(dict.fromkeys((*_WORDS, *_JSON))), json_changed, longest=1 << 13),
    Target("mask", mask, mask_seeds, longest=1 << 12),
    Target("order", order, order_seeds, longest=1 << 13),
)
