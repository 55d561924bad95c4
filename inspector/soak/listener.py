"""The second subscriber of a soak, a process of its own: prints what it is given.

python -m inspector.soak.listener ENDPOINT LINE
"""

from __future__ import annotations

import sys

from inspector.client import Missed, Packet, Subscriber
from inspector.protocol.codec import TOPIC_ROOT
from inspector.soak.books import digest_of
from inspector.soak.children import follow_parent
from inspector.soak.plan import RECOVERY_S


def main() -> None:
    """Be the process, until it is killed."""
    endpoint, line = sys.argv[1:]
    follow_parent()
    with Subscriber(endpoint, f"{TOPIC_ROOT}/{line}/", since="epoch", patience_s=RECOVERY_S) as subscriber:
        while True:
            event = subscriber.receive(500)
            if isinstance(event, Packet) and event.header.seq is not None:
                header = event.header
                print(header.epoch, header.camera, header.seq, digest_of(event).hex(), flush=True)
            elif isinstance(event, Missed) and not event.before_joining:
                stream = event.stream
                print(stream.epoch, stream.camera, f"{event.first_seq}-{event.last_seq}", event.why.value, flush=True)


if __name__ == "__main__":
    main()
