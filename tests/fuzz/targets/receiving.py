"""What a subscriber makes of messages and answers in any order, also of those that no line sends."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

import msgspec

from inspector.client.events import Missed
from inspector.client.reception.ordering import Room
from inspector.protocol.codec import Packet
from inspector.protocol.recovery import (
    Get,
    Outcome,
    Reply,
    StreamEntry,
    decode_request,
)
from inspector.protocol.values import LARGEST
from tests.client.reception.world import Line, World, covered, heartbeat, published
from tests.fuzz.target import Target, require

_STEP = struct.Struct("<BBBB")
_EPOCHS, _PUBLISHED = ("a", "b", "c"), 20
_FAR = (0, 1, 5, 1000, 2**31, LARGEST - 1, LARGEST)
"""Numbers that answers and heartbeats may state, though nothing of that number was published."""


def reception(data: bytes) -> None:
    """Steps of four bytes: a message, a heartbeat, time that passes, an answer that is right, one that is wrong. Every number is given once, in
    order, or reported as missed once."""
    world = World(Line(dict.fromkeys(_EPOCHS, _PUBLISHED)), patience_s=3.0, room=Room(6, 1 << 20))
    for kind, epoch_number, number, more in _STEP.iter_unpack(data[: len(data) // _STEP.size * _STEP.size]):
        epoch = _EPOCHS[epoch_number % len(_EPOCHS)]
        if kind % 6 == 0:
            world.hear(published(epoch, _PUBLISHED)[number % _PUBLISHED])
        elif kind % 6 == 1:
            world.hear(heartbeat(epoch, number % _PUBLISHED if more % 8 else _FAR[number % len(_FAR)]))
        elif kind % 6 == 2:
            world.wait(0.25 * (number % 8))
        elif world.requests and kind % 6 == 3:
            world.answer()
        elif world.requests:
            world.reception.answer(_wrong(world.requests.pop(0)[1], number, more), world.now_s)
            world.collect()
    for _ in range(400):
        world.requests.clear()
        world.wait(0.25)
        if not world.reception.asking:
            break
    require(not world.reception.asking, "it waits for ever")
    for epoch in _EPOCHS:
        given = world.given(epoch)
        covered(given, given[0] if given and isinstance(given[0], int) else 0)
    numbered = sum(isinstance(event, Packet) for event in world.events)
    missed = sum(isinstance(event, Missed) for event in world.events)
    require(missed <= len(data) + numbered, "more ranges than steps")


def _wrong(data: bytes, number: int, more: int) -> list[bytes]:
    """An answer with the right id, and else what a line would not say."""
    request, draw = decode_request(data), random.Random(256 * number + more)
    sent = []
    for parts in draw.sample(published(draw.choice(_EPOCHS), _PUBLISHED), draw.randrange(4)):
        sent += [*parts, b""][: 4 if len(parts) == 3 else 5]
    absent = tuple((draw.choice(_FAR), draw.choice(_FAR)) for _ in range(draw.randrange(4)))
    if isinstance(request.do, Get) and draw.random() < 0.5:
        absent = ((request.do.first, request.do.last), *absent)
    entries = tuple(
        StreamEntry(
            line="line1", camera="cam1", epoch=draw.choice((*_EPOCHS, "d")), order=draw.randrange(4), opened_unix_ns=1,
            oldest_available=draw.choice((None, *_FAR)), newest=draw.choice((-1, *_FAR)), simulated=True, ended=False, current=False,
        )
        for _ in range(draw.randrange(4))
    )  # fmt: skip
    reply = Reply(
        id=request.id, outcome=draw.choice(list(Outcome)), epoch="x", publications=len(sent) // 4, next=draw.choice((None, "2", *_FAR)),
        absent=absent, newest=draw.choice((-1, *_FAR)), streams=entries, retry_ms=draw.choice((None, 1, 60_000)),
    )  # fmt: skip
    return [msgspec.json.encode(reply), *sent]


def seeds() -> Iterator[bytes]:
    """Holes that are filled, an epoch that follows, and answers that are wrong."""
    yield b"".join(
        _STEP.pack(*step)
        for step in ((0, 0, 0, 0), (0, 0, 4, 0), (2, 0, 4, 0), (3, 0, 0, 0), (2, 0, 1, 0), (3, 0, 0, 0))
    )
    yield b"".join(
        _STEP.pack(*step)
        for step in ((0, 0, 0, 0), (1, 0, 5, 1), (3, 0, 0, 0), (0, 1, 3, 0), (3, 0, 0, 0), (3, 0, 0, 0))
    )
    yield b"".join(
        _STEP.pack(*step) for step in ((0, 0, 0, 0), (0, 0, 9, 0), *((4, 0, number, 7 * number) for number in range(9)))
    )


TARGETS = (Target("reception", reception, seeds, longest=400),)
