"""For programs that subscribe to the results: ``Subscriber``, ``AsyncSubscriber`` and the events they yield.

It depends on ``inspector.protocol`` only, not on the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.client.events import (
    Event,
    LinkBack,
    LinkLost,
    Malformed,
    Missed,
    NewEpoch,
    Recovered,
    SecondPublisher,
    Stale,
    StreamKey,
    Why,
)
from inspector.client.mask import mask_of
from inspector.client.subscriber import Subscriber
from inspector.protocol.codec import Packet

if TYPE_CHECKING:
    from inspector.client.async_subscriber import AsyncSubscriber
    from inspector.client.controller import RejectController

__all__ = [
    "AsyncSubscriber",
    "Event",
    "LinkBack",
    "LinkLost",
    "Malformed",
    "Missed",
    "NewEpoch",
    "Packet",
    "Recovered",
    "RejectController",
    "SecondPublisher",
    "Stale",
    "StreamKey",
    "Subscriber",
    "Why",
    "mask_of",
]


def __getattr__(name: str) -> object:
    """What is imported when it is asked for: asyncio and the controller take as long to import as all the rest."""
    if name == "AsyncSubscriber":
        from inspector.client.async_subscriber import AsyncSubscriber

        return AsyncSubscriber
    if name == "RejectController":
        from inspector.client.controller import RejectController

        return RejectController
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
