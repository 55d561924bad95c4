"""Sends typed messages over the pipe between parent and child."""

from __future__ import annotations

from multiprocessing.connection import Connection

import msgspec

from inspector.inference.messages import FromChild, ToChild


def send(connection: Connection, message: ToChild | FromChild) -> bool:
    """Send one message; False where the other end is gone (its keeper notices by itself). One thread at a time."""
    try:
        connection.send_bytes(msgspec.msgpack.encode(message))
    except (BrokenPipeError, ConnectionResetError, OSError):
        return False
    return True
