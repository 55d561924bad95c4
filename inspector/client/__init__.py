"""For programs that subscribe to the results: ``Subscriber``, ``AsyncSubscriber`` and the events they yield.

It depends on ``inspector.protocol`` only, not on the line.
"""

from inspector.client.async_subscriber import AsyncSubscriber
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
    "SecondPublisher",
    "Stale",
    "StreamKey",
    "Subscriber",
    "Why",
    "mask_of",
]
