"""What a subscriber does with the messages that arrive: order, holes, recovery, epochs. No sockets, no clocks: messages and times go in,
events and requests come out, so that the blocking and the asynchronous subscriber are the same but for waiting."""

from inspector.client.reception.reception import Reception, Since

__all__ = ["Reception", "Since"]
