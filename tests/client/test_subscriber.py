"""The client against real publishers, and against peers that lie."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from inspector.client import Event, Malformed, Missed, NewEpoch, Packet, Stale, Subscriber, mask_of
from inspector.client.completeness import MOST_HOLES, Completeness
from inspector.client.events import StreamKey
from inspector.errors import UserError
from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.codec import decode
from inspector.protocol.messages import LineState
from inspector.results.identity import Identity, Totals
from inspector.results.publication import Publication
from inspector.results.status import Status
from inspector.results.stream import Stream
from tests.results.publishing import (
    BUNDLE,
    LOST,
    PASSED,
    REJECTED,
    RUN,
    START,
    eventually,
    make_identity,
    make_results,
    make_settled,
    mask_pixels,
)


class Peer:
    """A publisher that sends exactly the parts it is told to."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"

    def await_subscriber(self) -> None:
        assert self._socket.poll(5000)
        self._socket.recv()

    def send(self, *messages: Publication | list[bytes]) -> None:
        for message in messages:
            self._socket.send_multipart(message.parts() if isinstance(message, Publication) else message)

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def subscriber(peer: Peer) -> Iterator[Subscriber]:
    with Subscriber(peer.endpoint, timeout_ms=300, recovery=None) as subscriber:
        peer.await_subscriber()
        yield subscriber


def a_stream(identity: Identity | None = None) -> Stream:
    return Stream(identity or make_identity(), "cam1", heartbeat_ms=200, masks=True)


def kinds(events: list[Event]) -> list[str]:
    return [e.header.type.value if isinstance(e, Packet) else type(e).__name__ for e in events]


def the_books(subscriber: Subscriber) -> Completeness:
    (books,) = subscriber.streams.values()
    return books


def test_a_whole_run_is_proven_complete() -> None:
    results = make_results(results={"wait_for_subscribers": 1})
    results.start()
    with Subscriber(results.endpoint, "v1/line1/cam1/", timeout_ms=5000) as subscriber:
        assert results.wait_for_subscribers()
        results.begin("cam1", RUN, START)
        for frame in range(200):
            results.settled(make_settled(frame, REJECTED if frame % 7 == 0 else PASSED))
        results.settled(make_settled(200, LOST, count=10))
        results.end("cam1", RUN)
        masks = 0
        for event in subscriber:
            assert isinstance(event, Packet), event
            mask = mask_of(event)
            if mask is not None:
                assert (mask == mask_pixels()).all()
                masks += 1
            if event.header.type.value == "end":
                break
        books = the_books(subscriber)
    results.close()
    assert masks == 29
    assert books.proven
    assert (books.received, books.missed, books.last_seq) == (203, 0, 202)
    assert books.verdicts == {Verdict.PASS: 171, Verdict.REJECT: 29, Verdict.UNINSPECTED: 10}
    assert books.summary() == "203 of 203 publications received, complete; totals agree"


@pytest.mark.parametrize("revealed_by", ["heartbeat", "result"])
def test_who_joins_late_knows_what_was_sent_before(revealed_by: str) -> None:
    results = make_results()
    results.start()
    results.begin("cam1", RUN, START)
    for frame in range(10):
        results.settled(make_settled(frame))
    eventually(lambda: results.snapshot().published == 11)
    with Subscriber(results.endpoint, timeout_ms=5000) as subscriber:
        if revealed_by == "result":
            eventually(lambda: results.snapshot().subscriptions == 1)
            results.settled(make_settled(10))
        missed = next(event for event in subscriber if not isinstance(event, Packet))
        assert isinstance(missed, Missed)
        assert (missed.first_seq, missed.last_seq, missed.before_joining) == (0, 10, True)
        results.settled(make_settled(11))
        results.end("cam1", RUN)
        while kinds([subscriber.receive(5000) or pytest.fail("silence")]) != ["end"]:
            pass
        books = the_books(subscriber)
        assert (books.missing, books.complete, books.ended, books.proven) == ([(0, 10)], False, True, False)
        assert books.totals_agree is None
        assert "11 missed (seq 0..10)" in books.summary()
    results.close()


def test_holes_in_the_middle_and_at_the_end(peer: Peer, subscriber: Subscriber) -> None:
    stream = a_stream()
    sent = [stream.start(RUN, START), *(stream.settled(make_settled(frame)) for frame in range(9))]
    peer.send(*sent[:3], sent[5], sent[6], stream.heartbeat())
    events = list(subscriber)
    assert kinds(events) == ["start", "result", "result", "Missed", "result", "result", "Missed", "heartbeat"]
    holes = [(e.first_seq, e.last_seq, e.before_joining) for e in events if isinstance(e, Missed)]
    assert holes == [(3, 4, False), (7, 9, False)]
    books = the_books(subscriber)
    assert (books.missing, books.missed, books.received) == ([(3, 4), (7, 9)], 5, 5)


def test_totals_that_do_not_agree_are_seen(peer: Peer, subscriber: Subscriber) -> None:
    """Numbers without a hole, but a frame without its verdict: the publisher itself is at fault."""

    stream = a_stream()
    totals = Totals(frames=2, verdicts={Verdict.PASS: 2})
    peer.send(stream.start(RUN, START), stream.settled(make_settled(0)), stream.end(RUN, totals))
    list(subscriber)
    books = the_books(subscriber)
    assert (books.complete, books.ended, books.totals_agree, books.proven) == (True, True, False, False)
    assert "DISAGREE" in books.summary()


def test_two_runs_in_one_stream(peer: Peer, subscriber: Subscriber) -> None:
    stream = a_stream()
    peer.send(stream.start(RUN, START), stream.settled(make_settled(0)), stream.end(RUN))
    lost = stream.start(RUN, START)
    peer.send(stream.settled(make_settled(1)), stream.end(RUN))
    list(subscriber)
    assert (the_books(subscriber).missing, the_books(subscriber).totals_agree) == ([(lost.seq, lost.seq)], None)
    peer.send(stream.start(RUN, START), stream.settled(make_settled(2, REJECTED)), stream.end(RUN))
    list(subscriber)
    books = the_books(subscriber)
    assert (books.totals_agree, books.proven) == (True, False), "this run is whole, the stream is not"


def test_a_run_that_disagreed_is_not_forgotten_with_the_next(peer: Peer, subscriber: Subscriber) -> None:
    stream = a_stream()
    wrong = Totals(frames=2, verdicts={Verdict.PASS: 2}, reasons={Reason.GATE_CLEAN: 2})
    peer.send(stream.start("one", START), stream.settled(make_settled(0, run="one")), stream.end("one", wrong))
    peer.send(stream.start("two", START), stream.settled(make_settled(1, run="two")), stream.end("two"))
    list(subscriber)
    books = the_books(subscriber)
    assert (books.complete, books.totals_agree, books.proven) == (True, True, False)
    assert books.summary().endswith("totals DISAGREE")


def test_a_run_ends_under_the_bundle_it_began_with() -> None:
    stream, other = a_stream(), msgspec.structs.replace(BUNDLE, bundle="other 2")
    stream.start("one", START)
    second = stream.start("two", msgspec.structs.replace(START, bundle=other))
    assert [decode(one.parts()).header.bundle for one in (second, stream.end("one"), stream.heartbeat())] == [
        "other 2",
        BUNDLE.bundle,
        "other 2",
    ]


def test_a_new_epoch_begins_new_books(peer: Peer, subscriber: Subscriber) -> None:
    first, second = a_stream(make_identity(epoch="one")), a_stream(make_identity(epoch="two"))
    peer.send(
        first.start(RUN, START),
        first.settled(make_settled(0)),
        second.start(RUN, START),
        second.settled(make_settled(0)),
    )
    events = list(subscriber)
    assert kinds(events) == ["start", "result", "NewEpoch", "start", "result", "Stale"][: len(events)]
    new = events[2]
    assert isinstance(new, NewEpoch)
    assert (new.stream.epoch, new.previous_epoch) == ("two", "one")
    old, current = subscriber.streams.values()
    assert (old.complete, old.ended, old.proven) == (True, False, False)
    assert (current.received, current.missing) == (2, [])


def test_stale_is_told_once_and_ends_with_the_next_heartbeat(peer: Peer, subscriber: Subscriber) -> None:
    stream = a_stream()
    peer.send(stream.heartbeat())
    before = time.monotonic()
    assert kinds([subscriber.receive(3000) or pytest.fail("silence")]) == ["heartbeat"]
    stale = subscriber.receive(3000)
    assert isinstance(stale, Stale)
    assert 0.5 < time.monotonic() - before < 5
    assert 600 <= stale.silent_ms < 5000
    assert subscriber.receive(400) is None, "once per silence"
    peer.send(stream.heartbeat())
    assert kinds([subscriber.receive(3000) or pytest.fail("silence")]) == ["heartbeat"]
    assert isinstance(subscriber.receive(3000), Stale)


def test_silence_after_a_stop_is_not_stale(peer: Peer, subscriber: Subscriber) -> None:
    stream = a_stream()
    peer.send(
        stream.start(RUN, START),
        stream.status(Status(state=LineState.STOPPED, code="stopped", text="")),
        stream.end(RUN),
    )
    assert [kinds([subscriber.receive(1000) or pytest.fail("silence")])[0] for _ in range(3)] == [
        "start",
        "status",
        "end",
    ]
    assert subscriber.receive(850) is None


def test_who_reads_slowly_does_not_call_the_publisher_stale() -> None:
    results = make_results()
    results.start()
    with Subscriber(results.endpoint) as subscriber:
        assert isinstance(subscriber.receive(5000), Packet)
        time.sleep(0.9)
        for _ in range(10):
            assert isinstance(subscriber.receive(5000), Packet)
    results.close()


def altered(publication: Publication, **changes: object) -> list[bytes]:
    parts = publication.parts()
    parts[1] = json.dumps({**json.loads(parts[1]), **changes}).encode()
    return parts


def test_bad_peers_are_reported_and_survived(peer: Peer, subscriber: Subscriber) -> None:
    stream = a_stream()
    start, result = stream.start(RUN, START), stream.settled(make_settled(0, REJECTED))
    bad = [
        [b"v1/"],
        [b"v1/line1/cam1/result", b"{}"],
        [b"v1/\xff", b"\xff", b"\xff"],
        result.parts()[:3],
        [*result.parts(), b"", b""],
        [result.topic, result.header[:-1], result.body, result.blob],
        [result.topic, result.header, result.body[:-1], result.blob],
        [result.topic, result.header, b"[" * 50_000, result.blob],
        altered(result, protocol=2),
        altered(result, seq=10**30),
        altered(result, frame=-1),
        altered(result, line="line1\n!"),
    ]
    peer.send(start, *bad, result, result, start)
    events = list(subscriber)
    while events and isinstance(events[-1], Stale):
        events.pop()
    assert kinds(events) == ["start", *["Malformed"] * len(bad), "result", "Malformed", "Malformed"]
    assert subscriber.malformed == len(bad) + 2
    reasons = [event.reason for event in events if isinstance(event, Malformed)]
    assert "protocol version 2; this program reads version 1" in reasons
    assert reasons[-2:] == ["seq 1 came before", "seq 0 came before"], "a message sent again is no second verdict"
    assert the_books(subscriber).complete


def test_a_mask_that_is_none_is_refused() -> None:
    stream = a_stream()
    stream.start(RUN, START)
    from inspector.protocol.codec import decode

    packet = decode(stream.settled(make_settled(0, REJECTED)).parts())
    with pytest.raises(ValueError, match="runs"):
        mask_of(msgspec.structs.replace(packet, blob=packet.blob[:8]))
    assert mask_of(decode(stream.settled(make_settled(1)).parts())) is None


def test_a_flood_of_epochs_does_not_fill_the_memory(peer: Peer, subscriber: Subscriber) -> None:
    for number in range(400):
        peer.send(a_stream(make_identity(epoch=f"e{number}")).start(RUN, START))
    starts = 0
    while starts < 400:
        event = subscriber.receive(3000)
        assert event is not None
        starts += isinstance(event, Packet)
    assert len(subscriber.streams) <= 256
    assert subscriber.receive(2000) is not None


@pytest.mark.parametrize("endpoint", ["", "5550", "tcp://127.0.0.1", "http://127.0.0.1:1", "tcp://127.0.0.1:x"])
def test_an_endpoint_that_is_none_is_refused_plainly(endpoint: str) -> None:
    with pytest.raises(UserError, match=r"^endpoint '.*expected tcp://ADDRESS:PORT or ipc://PATH"):
        Subscriber(endpoint)


def test_a_key_file_that_holds_no_key(tmp_path: Path) -> None:
    file = tmp_path / "short.key"
    file.write_text('metadata\ncurve\n    public-key = "abc"\n    secret-key = "abc"\n')
    with pytest.raises(UserError, match="a key has 40"):
        Subscriber("tcp://127.0.0.1:1", server_key=file, client_key=file)


def test_holes_without_number_take_bounded_memory_and_are_counted_exactly() -> None:
    books, stream = Completeness(StreamKey("line1", "cam1", "e")), a_stream()
    sent = [decode(stream.settled(make_settled(frame)).parts()) for frame in range(2 * MOST_HOLES + 200)]
    for packet in sent[::2]:
        books.take(packet)
    assert books.missed == MOST_HOLES + 99
    assert len(books.missing) == MOST_HOLES
    assert books.missing[:2] == [(1, 1), (3, 3)]
    assert books.missing[-1] == (2 * MOST_HOLES - 1, (sent[-2].header.seq or 0) - 1), (
        "the last range covers all further ones"
    )
    assert f"{MOST_HOLES + 99} missed (seq 1..1, 3..3, 5..5, 7..7, 9..9, ...)" in books.summary()


def test_memory_for_what_waits_is_bounded(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.client.connection._GIVEN_UP_S", 0.3)
    with Subscriber(peer.endpoint, largest_part_bytes=10_000) as subscriber:
        peer.await_subscriber()
        peer.send(a_stream().heartbeat())
        assert isinstance(subscriber.receive(3000), Packet)
        peer.send([b"v1/line1/cam1/result", b"x" * 20_000, b"{}"])
        heard: list[Event | None] = []
        while not any(isinstance(event, Packet) for event in heard):
            peer.send(a_stream().heartbeat())
            heard.append(subscriber.receive(100))
        assert not any(isinstance(event, Malformed) for event in heard), "the part was not kept; it connected again"


@pytest.mark.parametrize("prefix", ["v1/" + "a" * 300 + "/", "v1/\ud800/" * 60])
def test_a_prefix_that_no_topic_has_is_refused(prefix: str) -> None:
    with pytest.raises(UserError, match=r"^prefix .*: no topic begins with \d+ bytes"):
        Subscriber("tcp://127.0.0.1:1", prefix)
