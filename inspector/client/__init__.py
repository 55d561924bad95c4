"""What a subscriber of the results uses: ``Subscriber`` and the events it yields.

Stands apart from the line: it knows the messages and nothing of what makes them.
"""

from inspector.client.events import Event, Malformed, Missed, NewEpoch, Stale
from inspector.client.mask import mask_of
from inspector.client.subscriber import Subscriber
from inspector.protocol.codec import Packet

__all__ = ["Event", "Malformed", "Missed", "NewEpoch", "Packet", "Stale", "Subscriber", "mask_of"]
