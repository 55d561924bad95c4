"""Where the encoder process begins: the line names this function, and only the process imports what encodes."""

from __future__ import annotations

import socket

from inspector.archive.messages import EncoderSettings
from inspector.frames.background import yield_processor
from inspector.frames.planes import SharedPlanes


def main(end: socket.socket, frames: SharedPlanes, settings: EncoderSettings) -> None:
    """Entry point of the process; see ``process.main``."""
    yield_processor()  # before any other thread is started, for each takes it over
    from inspector.archive import process

    process.main(end, frames, settings)
