"""The position to go on from, over many epochs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from inspector.client import StreamKey, Subscriber
from inspector.protocol.codec import Packet
from tests.client.reception.world import heartbeat, published


class Publisher:
    """Sends what the test says to whoever has subscribed."""

    def __init__(self) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_NODROP, 1)
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"

    def send(self, subscriber: Subscriber, *messages: list[bytes]) -> None:
        """Send, and have them received."""
        for parts in messages:
            self._socket.send_multipart(parts)
            while not isinstance(subscriber.receive(5000), Packet):
                pass

    def joined(self) -> None:
        """Wait for a subscription."""
        assert self._socket.poll(5000)
        self._socket.recv()

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    yield made
    made.close()


def test_a_camera_that_goes_on_while_another_is_restarted_again_and_again_keeps_its_position(
    publisher: Publisher,
) -> None:
    """Otherwise a program that goes on from there would be given all of its epoch again."""
    with Subscriber(publisher.endpoint, recovery=None) as subscriber:
        publisher.joined()
        publisher.send(subscriber, *published("a", 3))
        for number in range(300):
            publisher.send(subscriber, published(f"b{number}", 2, "cam2")[0])
        publisher.send(subscriber, heartbeat("a", 2))
        position = subscriber.position()
        books = subscriber.streams[StreamKey("line1", "cam1", "a")]
    assert position == {StreamKey("line1", "cam1", "a"): 3, StreamKey("line1", "cam2", "b299"): 1}
    assert (books.received, books.missed) == (3, 0)
