"""SIGTERM and SIGINT stop the line cleanly, a second one of them at once. SIGHUP does so too, or asks a service to reload."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def stop_on_signals(reload: threading.Event | None = None) -> Iterator[threading.Event]:
    """An event that SIGTERM, SIGINT or SIGHUP (terminal closed) sets; with ``reload`` SIGHUP sets that one. A signal that was ignored, as
    under nohup, stays ignored.

    To be used in the main thread; the previous handlers are restored on leaving."""
    stop = threading.Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        if reload is not None and number == signal.SIGHUP:
            reload.set()
            return
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    numbers = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
