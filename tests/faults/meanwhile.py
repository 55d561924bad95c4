"""What goes on in a thread while a scenario does something else."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import zmq


@contextmanager
def meanwhile(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """``work(over)`` goes on until ``over`` is set."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def flooded(endpoint: str, message: Callable[[], bytes]) -> Iterator[None]:
    """``message()`` is sent again and again by a client that reads no reply."""

    def send(over: threading.Event) -> None:
        with zmq.Context() as context, context.socket(zmq.DEALER) as client:
            client.setsockopt(zmq.LINGER, 0)
            client.connect(endpoint)
            while not over.is_set():
                with contextlib.suppress(zmq.Again):
                    client.send(message(), zmq.NOBLOCK)

    with meanwhile(send):
        yield
