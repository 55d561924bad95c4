"""What waits for a subscriber is bounded in bytes, whatever the sizes of the messages: real sockets, whose peers do not read."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, cycle, repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.client import Subscriber
from inspector.config.keys import KeysConfig
from inspector.config.results import ResultsConfig
from inspector.protocol.codec import stream_prefix
from inspector.results import traffic
from inspector.results.backlog import account, wire_bytes
from inspector.results.connections import Connection
from inspector.results.peer_limits import PeerLimits
from inspector.results.peer_sockets import PeerSockets
from inspector.results.traffic import Outgoing
from tests.keys import make_keys, owner_of
from tests.results.publishing import Ear, eventually
from tests.results.zmtp import all_closed, connected, frame

PREFIX = stream_prefix("line1", "cam1")
TOPIC = f"{PREFIX}result".encode()
MIB = 1 << 20


class Sockets:
    """A publishing socket that the test drives itself, without the publishing thread."""

    def __init__(self, keys: KeysConfig | None = None, **config: object) -> None:
        self.causes: list[str] = []
        self.peers = PeerSockets(
            ResultsConfig(**{"endpoint": "tcp://127.0.0.1:*", "send_mib": 1, **config}),  # type: ignore[arg-type]
            [PREFIX, stream_prefix("line1", "cam2")],
            PeerLimits(),
            lambda well, code, text: self.causes.append(text),
            lambda: None,
            keys,
        )
        self.peers.open()

    def subscribed(self, count: int) -> list[Connection]:
        """The connections, once they have made ``count`` subscriptions."""

        def there() -> bool:
            self.peers.poll(1)
            return self.peers.subscriptions.count >= count

        eventually(there)
        return self.peers.connections.all()

    def send(self, size: int, topic: bytes = TOPIC) -> int:
        """Send a message with ``size`` bytes; return how many it has on the wire."""
        parts = [topic, b"h" * 300, bytes(size)]
        self.peers.send(parts)
        return wire_bytes(parts, curve=False)


@contextmanager
def opened(keys: KeysConfig | None = None, **config: object) -> Iterator[Sockets]:
    sockets = Sockets(keys, **config)
    try:
        yield sockets
    finally:
        sockets.peers.close(0)


def deaf(endpoint: str, topic: bytes = b"v1/") -> socket.socket:
    """A subscriber that never reads, and whose system takes little."""
    peer = connected(endpoint)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.sendall(frame(b"\1" + topic))
    return peer


def acknowledged(connection: Connection) -> int:
    now = traffic.outgoing(connection.descriptor)
    assert now is not None
    assert now.acknowledged is not None
    return now.acknowledged


@pytest.mark.parametrize("curve", [False, True], ids=["plain", "curve"])
def test_bytes_on_the_wire_are_counted_exactly(curve: bool, tmp_path: Path) -> None:
    """All else rests on it: one byte too few in each message would add up."""
    keys = make_keys(tmp_path, anna="subscriber") if curve else None
    owner = owner_of(tmp_path, "anna") if curve else {}
    with opened(keys=keys) as sockets, Subscriber(sockets.peers.endpoint, **owner):
        (connection,) = sockets.subscribed(1)
        before, sent = acknowledged(connection), 0
        for size in (0, 1, 221, 222, 223, 254, 255, 256, 1000, 70_000):
            parts = [TOPIC, bytes(size), b"", bytes(2 * size)]
            sockets.peers.send(parts)
            sent += wire_bytes(parts, curve)
        eventually(lambda: acknowledged(connection) - before >= sent)
        assert acknowledged(connection) - before == sent


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([500], id="small"),
        pytest.param([100_000], id="large"),
        pytest.param([500] * 20 + [100_000], id="mixed"),
        pytest.param(chain([100_000] * 5, repeat(500)), id="first large, then small"),
        pytest.param(chain([500] * 1500, repeat(100_000)), id="first small, then large"),
    ],
)
def test_what_waits_for_one_that_never_reads_is_bounded(sizes: list[int]) -> None:
    with opened() as sockets, all_closed(deaf(sockets.peers.endpoint)):
        (connection,) = sockets.subscribed(1)
        before = acknowledged(connection)
        sent, longest, most = 0, 0, 0
        for size in cycle(sizes):
            one = sockets.send(size)
            sent, longest = sent + one, max(longest, one)
            if connection.ending:
                break
            most = max(most, sent - (acknowledged(connection) - before))
        assert 0.7 * MIB < most < 1.25 * MIB + 2 * longest
        assert "read too slowly" in sockets.causes[0]


def test_nothing_waits_for_one_that_reads_and_it_is_never_cut_off() -> None:
    with opened() as sockets, Ear(sockets.peers.endpoint) as ear, all_closed(deaf(sockets.peers.endpoint)):
        sockets.subscribed(2)
        for number in range(300):
            sockets.send(20_000 + number)
            assert len(ear.hear()[2]) == 20_000 + number, "beside one that is cut off meanwhile"
        assert len(sockets.peers.connections.all()) == 1
        assert sockets.peers.connections.all()[0].waiting <= MIB // 8


def test_a_message_longer_than_the_limit_arrives() -> None:
    with opened() as sockets, Ear(sockets.peers.endpoint) as ear:
        sockets.subscribed(1)
        for _ in range(6):
            sockets.send(3 * MIB)
        for _ in range(6):
            assert len(ear.hear()[2]) == 3 * MIB
        assert not sockets.causes


def test_only_what_it_subscribed_to_waits_for_a_subscriber() -> None:
    other = stream_prefix("line1", "cam2").encode() + b"result"
    with opened() as sockets, all_closed(deaf(sockets.peers.endpoint, other)):
        (connection,) = sockets.subscribed(1)
        for _ in range(100):
            sockets.send(100_000)
        assert connection.waiting == 0
        sockets.send(200_000, other)
        sockets.send(0)
        assert connection.waiting > 100_000


def test_over_ipc_who_never_reads_is_cut_off_and_who_reads_is_not(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/r"
    with opened(endpoint=endpoint) as sockets, Ear(endpoint) as ear, all_closed(deaf(endpoint)):
        sockets.subscribed(2)
        for _ in range(40):
            sockets.send(100_000)
            ear.hear()
        assert len(sockets.peers.connections.all()) == 1


def test_the_queues_of_all_are_bounded_together() -> None:
    """Of small messages the entries in the queues take more than the messages, which are stored once."""
    with opened() as sockets:
        crowd = [deaf(sockets.peers.endpoint) for _ in range(40)]
        with all_closed(*crowd):
            sockets.subscribed(40)
            sent = 0
            while sent < MIB // 2:
                sent += sockets.send(500)
            left = sockets.peers.connections.all()
            assert 0 < len(left) < 40
            entries = sum(connection.waiting for connection in left) * 3 * 64 / 800
            assert entries < 1.5 * MIB


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.floats(0, 1), st.floats(0, 1)), max_size=60),
    st.sets(st.integers(0, 59)),
)
def test_the_count_is_exact_and_never_too_low(looks: list[tuple[int, float, float]], changes: set[int]) -> None:
    """``looks``: bytes sent before each, the share of what waits that is acknowledged, and of the rest what the kernel holds."""
    exact, counted = Connection(3, 0.0, 0.0, 0.0), Connection(4, 0.0, 0.0, 0.0)
    waiting = acked = 0
    for number, (sent, share, held) in enumerate(looks):
        taken = round((waiting + sent) * share)
        waiting, acked = waiting + sent - taken, acked + taken
        account(exact, sent, Outgoing(round(waiting * held), acked))  # held 0: libzmq's thread is late
        assert exact.waiting == waiting
        # More is counted than was sent on a topic that is new.
        counted.overcounted |= number in changes
        account(counted, sent + 1000 * (number in changes), Outgoing(waiting, acked))
        assert waiting <= counted.waiting <= waiting + 1000 * len(changes)
        if waiting == 0:
            assert counted.waiting == 0 or number not in changes
