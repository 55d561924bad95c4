"""Where a spawned inference process begins.

The parent names this function, so it imports this module; the worker, and with it the code of the engines, is imported in the child only.
"""

from __future__ import annotations

import socket

from inspector.frames.background import Priority, yield_for_now, yield_processor
from inspector.frames.planes import SharedPlanes
from inspector.inference.messages import WorkerSettings


def main(end: socket.socket, frames: SharedPlanes, masks: SharedPlanes, settings: WorkerSettings) -> None:
    """Entry point of the process; see ``worker.main``."""
    # Before any other thread is started, for each takes it over.
    if settings.priority is Priority.BACKGROUND:
        yield_processor()
    elif settings.priority is Priority.LOADING:
        yield_for_now()
    from inspector.inference import worker

    worker.main(end, frames, masks, settings)
