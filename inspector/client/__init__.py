"""For programs that subscribe to the results: ``Subscriber`` and the events it yields.

It depends on ``inspector.protocol`` only, not on the line.
"""

from inspector.client.controller import RejectController
from inspector.client.events import Event, Malformed, Missed, NewEpoch, Stale
from inspector.client.mask import mask_of
from inspector.client.subscriber import Subscriber
from inspector.protocol.codec import Packet

__all__ = ["Event", "Malformed", "Missed", "NewEpoch", "Packet", "RejectController", "Stale", "Subscriber", "mask_of"]
