"""What a program that subscribes to the results uses: ``Subscriber`` and the events it yields.

It depends on the messages only, not on the line that sends them.
"""

from inspector.client.events import Event, Malformed, Missed, NewEpoch, Stale
from inspector.client.mask import mask_of
from inspector.client.subscriber import Subscriber
from inspector.protocol.codec import Packet

__all__ = ["Event", "Malformed", "Missed", "NewEpoch", "Packet", "Stale", "Subscriber", "mask_of"]
