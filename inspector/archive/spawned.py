"""Where the encoder process begins: the line names this function, and only the process imports what encodes."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable

from inspector.archive.messages import EncoderSettings
from inspector.frames.background import yield_processor
from inspector.frames.planes import SharedPlanes


def main(end: socket.socket, frames: SharedPlanes, settings: EncoderSettings) -> None:
    """Entry point of the process; see ``process.main``."""
    # The thread that copies pixels, some 0.05 ms for a frame, keeps the usual priority, so that slots are free again soon on a machine whose
    # cores are all in use. It is started first, for each thread takes over the priority of the one that starts it.
    work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    threading.Thread(target=lambda: work.get()(), name="reader", daemon=True).start()
    yield_processor()
    from inspector.archive import process

    process.main(end, frames, settings, work.put)
