"""Nothing a peer sends changes what the line does: peers that send too much, or are too many, are cut off, and only they."""

from __future__ import annotations

import logging
import os
import re
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import zmq

from inspector.config.journal import JournalConfig
from inspector.config.results import ResultsConfig
from inspector.results.peer_limits import PeerLimits
from inspector.results.process_memory import anonymous_bytes
from inspector.results.results import Results
from tests.results.publishing import Ear, eventually, make_identity, make_settled
from tests.results.zmtp import all_closed, connected, frame, greeting, is_cut_off, send_until_cut_off, silent

LIMITS = PeerLimits(subscriptions=20, all_subscriptions=30)


class Told:
    """What is reported about peers."""

    def __init__(self) -> None:
        self.changes: list[tuple[bool, str, str]] = []

    def __call__(self, well: bool, code: str, text: str) -> None:
        self.changes.append((well, code, text))

    @property
    def causes(self) -> str:
        """Texts of the troubles."""
        return " ".join(text for well, code, text in self.changes if not well and code == "peers_cut_off")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def results(told: Told) -> Iterator[Results]:
    """A publisher with low limits: ten connections, twenty subscriptions each."""
    results = publisher(told, LIMITS)
    yield results
    assert results.close()


def publisher(told: Told, limits: PeerLimits, **config: object) -> Results:
    changes = {"endpoint": "tcp://127.0.0.1:*", "heartbeat_ms": 100, "max_connections": 10, **config}
    results = Results(
        ResultsConfig(**changes),  # type: ignore[arg-type]
        JournalConfig(path=None),
        make_identity(),
        peers_changed=told,
        limits=limits,
    )
    results.start()
    return results


def still_served(results: Results, ear: Ear) -> bool:
    """Whether a verdict passed in now reaches ``ear``."""
    results.settled(make_settled(7))
    return any(packet.header.frame == 7 for packet in ear.until("result"))


def test_silent_connections_are_bounded_and_subscribers_come_first(results: Results, told: Told) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Ear(results.endpoint) as ear:
        ear.packet()
        crowd = [silent(results.endpoint) for _ in range(40)]
        with all_closed(*crowd):
            eventually(lambda: sum(is_cut_off(peer) for peer in crowd) >= 31)
            assert len(os.listdir("/proc/self/fd")) - before - len(crowd) < 10 + 15
            assert still_served(results, ear), "who subscribed before is not cut off"
            with Ear(results.endpoint) as late:
                assert late.packet(), "and there is room for one who subscribes later"
    assert "more than 10" in told.causes


def test_where_all_have_subscribed_the_newest_has_no_place(results: Results) -> None:
    ears = [Ear(results.endpoint) for _ in range(10)]
    try:
        for ear in ears:
            ear.packet()
        # Suppressed is that it is cut off while it still connects.
        with suppress(ConnectionError), all_closed(newest := silent(results.endpoint)):
            eventually(lambda: is_cut_off(newest))
        assert still_served(results, ears[0])
        assert results.snapshot().subscriptions == 10
    finally:
        for ear in ears:
            ear.__exit__()


@pytest.mark.parametrize(
    ("block", "cause"),
    [
        pytest.param(frame(b"x" * 1000, more=True) * 64, "sent more", id="a message without end"),
        pytest.param(frame(b"x", more=True) * 20_000, "sent more", id="a message of the smallest parts"),
        pytest.param(frame(b"x" * 30) * 2000, "sent more", id="messages that are no subscriptions"),
        pytest.param(frame(b"\1v1/") * 10_000, "sent more", id="one subscription, over and over"),
        pytest.param(frame(b"\0v1/") * 10_000, "sent more", id="ends of subscriptions that never were"),
        pytest.param(b"\x04\x02\x01P" * 20_000, "", id="commands"),
    ],
)
def test_who_sends_more_than_subscriptions_is_cut_off(results: Results, told: Told, block: bytes, cause: str) -> None:
    with Ear(results.endpoint) as ear, all_closed(peer := connected(results.endpoint)):
        ear.packet()
        before = anonymous_bytes()
        assert send_until_cut_off(peer, block, 300 << 20) < 300 << 20
        assert still_served(results, ear)
        eventually(
            lambda: results.snapshot().subscriptions == 1
        )  # what one peer says does not alter the count of the others
        assert anonymous_bytes() - before < 50 << 20
    assert cause in told.causes


def test_topics_are_short_and_few(results: Results, told: Told, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Ear(results.endpoint) as ear:
        ear.packet()
        with all_closed(long := connected(results.endpoint), many := connected(results.endpoint)):
            long.sendall(frame(b"\1v1/line1/cam1/" + b"A" * 250))
            eventually(lambda: is_cut_off(long))
            many.sendall(b"".join(frame(b"\1v1/line1/cam1/%d" % topic) for topic in range(25)))
            eventually(lambda: is_cut_off(many))
        others = [connected(results.endpoint) for _ in range(3)]
        with all_closed(*others):
            for number, other in enumerate(others):
                other.sendall(b"".join(frame(b"\1x%d/%d" % (number, topic)) for topic in range((5, 6, 19)[number])))
            eventually(lambda: is_cut_off(others[-1]))
            assert not is_cut_off(others[0]), "the one with the most subscriptions is cut off"
        eventually(lambda: results.snapshot().subscriptions == 1)
        assert still_served(results, ear)
    lines = [
        record.message for record in caplog.records if "subscription" in record.message or "asks" in record.message
    ]
    assert len(lines) < 60, "lines that peers cause are bounded"
    assert max(map(len, lines)) < 300
    assert "subscription" in told.causes


def test_subscriptions_are_counted_exactly(results: Results) -> None:
    """``wait_for_subscribers`` must neither be fooled nor starved."""
    count = lambda: results.snapshot().subscriptions  # noqa: E731
    with Ear(results.endpoint) as ear, all_closed(peer := connected(results.endpoint)):
        eventually(lambda: count() == 1)
        peer.sendall(frame(b"\0v1/") * 5 + frame(b"\1v1/") * 5 + frame(b"\1v1/line1/") + frame(b"\1other"))
        eventually(lambda: count() == 3)
        peer.sendall(frame(b"\0v1/") * 5)
        eventually(lambda: count() == 2)
        # A message of several parts: libzmq takes each that begins like a subscription for one.
        peer.sendall(frame(b"\1v1/l", more=True) + frame(b"\1v1/li", more=True) + frame(b"x"))
        eventually(lambda: count() == 4)
        peer.close()
        eventually(lambda: count() == 1)
        assert still_served(results, ear)


def test_a_peer_that_never_finishes_its_handshake_is_no_trouble(results: Results) -> None:
    with Ear(results.endpoint) as ear:
        ear.packet()
        for begin in (b"", b"GET / HTTP/1.1\r\n\r\n", greeting()[:20], greeting()[:64], b"\xff" * 100, os.urandom(200)):
            with all_closed(peer := silent(results.endpoint)):
                peer.sendall(begin)
                assert still_served(results, ear)


def test_where_memory_grows_and_nothing_else_helps_all_are_cut_off_and_come_back(told: Told, tmp_path: Path) -> None:
    """On an ``ipc`` address the system counts no bytes, so only the growth of the process shows what a peer does."""
    results = publisher(told, PeerLimits(growth_bytes=40 << 20), endpoint=f"ipc://{tmp_path}/results.ipc")
    with Ear(results.endpoint) as ear, all_closed(peer := connected(results.endpoint)):
        ear.packet()
        before = anonymous_bytes()
        assert send_until_cut_off(peer, frame(b"x" * 1000, more=True) * 64, 1 << 30) < 1 << 30
        eventually(lambda: told.causes and ear.hear() and results.snapshot().subscriptions == 1)
        assert still_served(results, ear), "a subscriber connects again by itself"
        assert anonymous_bytes() - before < 200 << 20
    assert re.search(r"memory has grown by \d+ MiB", told.causes)
    assert results.close()


def test_no_reader_of_a_socket_ends_the_publishing_thread(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    peers = results._publisher.peers
    with Ear(results.endpoint) as ear:
        ear.packet()

        def broken(*_: object) -> None:
            raise RuntimeError("an error nobody has thought of")

        for target, name in ((peers.subscriptions, "read"), (peers._guard, "_look"), (peers._listening, "look")):
            monkeypatch.setattr(target, name, broken)
        with all_closed(peer := silent(results.endpoint)):
            peer.sendall(greeting() + frame(b"\1v1/"))
            peers.bind_anew()
            assert still_served(results, ear)
        assert results.snapshot().alive
        assert peers.errors
        monkeypatch.undo()
        with Ear(results.endpoint) as another:
            assert another.packet()


def test_the_limit_of_open_files_bounds_the_connections(caplog: pytest.LogCaptureFixture, told: Told) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 128 + 20, hard))
    try:
        results = publisher(told, PeerLimits(), max_connections=5000)
        assert re.search(
            r"results\.max_connections: (1\d|20) connections, not 5000: the limit of open files", caplog.text
        )
        with Ear(results.endpoint) as ear:
            ear.packet()
            assert still_served(results, ear)
        assert results.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_are_let_in_some_at_once_and_then_slowly(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the door is closed, who is inside goes on; it opens by itself."""
    results._publisher.peers._guard._door._places = 3
    with Ear(results.endpoint) as ear:
        ear.packet()
        crowd = [silent(results.endpoint) for _ in range(3)]
        with all_closed(*crowd):
            door = results._publisher.peers._guard._door
            eventually(lambda: door.closed)
            with pytest.raises(TimeoutError), silent(results.endpoint, 0.1):
                pass
            assert still_served(results, ear)
            with all_closed(connected(results.endpoint)):
                assert not door.closed


def test_zeromq_still_tells_whose_message_it_is() -> None:
    """All of this rests on a property of messages that libzmq does not document."""
    with zmq.Context() as context, context.socket(zmq.XPUB) as data, context.socket(zmq.SUB) as ear:
        port = data.bind_to_random_port("tcp://127.0.0.1")
        ear.subscribe("v1/")
        ear.connect(f"tcp://127.0.0.1:{port}")
        assert int(data.recv(copy=False).get("__fd")) > 2
