"""Subscribers of a real publisher with its journal and its recovery socket: everything that was published is given once, in order, as the
journal has it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from inspector.client import AsyncSubscriber, Event, LinkBack, LinkLost, Missed, NewEpoch, Packet, Recovered, Why
from inspector.config.keys import KeysConfig
from inspector.config.recovery import RecoveryConfig
from inspector.errors import UserError
from inspector.protocol.messages import HeartbeatBody
from inspector.results.journal_reader import JournalReader
from inspector.results.peer_limits import Cause
from inspector.results.results import Results
from tests.client.ways import WAYS, Asyncio, Called, Way, gather, until_seq
from tests.keys import make_keys, owner_of
from tests.results.publishing import REJECTED, RUN, START, eventually, make_identity, make_results, make_settled

Open = Callable[..., Way]
MASKED = msgspec.structs.replace(REJECTED, mask=os.urandom(24_000))


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__.lower())
def subscribe(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a subscriber that is closed after the test."""
    opened: list[Way] = []

    def subscribe(*arguments: object, **options: object) -> Way:
        opened.append(request.param(*arguments, **options))
        return opened[-1]

    yield subscribe
    for way in opened:
        way.close()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def line(journal: Path) -> Iterator[Results]:
    results = a_line(journal)
    yield results
    results.close()


def a_line(
    journal: Path,
    endpoint: str = "tcp://127.0.0.1:*",
    epoch: str = "e1",
    keys: KeysConfig | None = None,
    **config: object,
) -> Results:
    # Not the port behind that of the results, which another program may have been given in the meantime.
    recovery = {} if endpoint.startswith("ipc:") else {"recovery": RecoveryConfig(endpoint="tcp://127.0.0.1:*")}
    options = {"endpoint": endpoint, "linger_ms": 0, **recovery, **config}
    results = make_results(make_identity(epoch=epoch), journal, options, keys=keys)
    results.start()
    return results


def publish(results: Results, first: int, count: int, outcome: object = REJECTED) -> None:
    """Frames ``first`` and on; a run is begun with frame 0."""
    if first == 0:
        results.begin("cam1", RUN, START)
    for frame in range(first, first + count):
        results.settled(make_settled(frame, outcome))  # type: ignore[arg-type]
    eventually(lambda: results.snapshot().waiting == 0)


def stored_and_closed(results: Results) -> None:
    """It gets more time than a stop of the daemon has, on a machine that has much to do."""
    assert results.close(20), "something was not published, or not stored"


def journaled(journal: Path, epoch: str, count: int) -> list[Packet]:
    """What the journal holds of an epoch, once it holds so much."""
    with JournalReader(journal) as reader:
        eventually(lambda: len(reader.rows(epoch, "cam1", limit=100_000)) >= count)
        return [row.packet() for row in reader.rows(epoch, "cam1", limit=100_000)]


def numbered(events: list[Event], epoch: str = "e1") -> list[Packet]:
    return [
        event
        for event in events
        if isinstance(event, Packet) and event.header.seq is not None and event.header.epoch == epoch
    ]


def test_who_joins_late_gets_the_epoch_from_its_beginning(subscribe: Open, line: Results, journal: Path) -> None:
    publish(line, 0, 900)
    late = subscribe(line.endpoint, since="epoch")
    gather(late, lambda events: bool(events))
    publish(line, 900, 50)
    events = gather(late, until_seq(950))
    assert numbered(events) == journaled(journal, "e1", 951), "each once, in order, as it was published"
    recovered = [event for event in events if isinstance(event, Recovered)]
    assert sum(event.count for event in recovered) >= 901
    (books,) = late.books().values()
    assert (books.received, books.missed, books.complete) == (951, 0, True)
    assert books.recovered == sum(event.count for event in recovered)
    assert f"951 of 951 publications received ({books.recovered} recovered)" in books.summary()


def test_what_a_slow_reader_lost_is_fetched(subscribe: Open, journal: Path) -> None:
    """It is cut off, and so misses the middle of the stream."""
    line = a_line(journal, send_mib=1)
    slow = subscribe(line.endpoint, receive_hwm=1)
    gather(slow, lambda events: bool(events))
    frames = 0
    while not line.snapshot().cut_off[Cause.SLOW]:
        publish(line, frames, 20, MASKED)
        frames += 20
    events = gather(slow, lambda events: any(isinstance(event, Recovered) for event in events))
    publish(line, frames, 10)
    events += gather(slow, until_seq(frames + 10))
    stored_and_closed(line)
    assert numbered(events) == journaled(journal, "e1", frames + 11)
    assert not any(isinstance(event, Missed) for event in events)
    assert any(isinstance(event, LinkLost) for event in events)


def test_a_restart_under_load_loses_nothing(subscribe: Open, journal: Path) -> None:
    first = a_line(journal)
    endpoint = first.endpoint
    one = subscribe(endpoint)
    events = gather(one, lambda events: bool(events))
    publish(first, 0, 100)
    events += gather(one, until_seq(20))
    publish(first, 100, 500, MASKED)  # more than fits on the way: the end of it is lost with the connection
    stored_and_closed(first)
    second = a_line(journal, endpoint, epoch="e2")
    load = threading.Thread(target=publish, args=(second, 0, 300))
    load.start()
    events += gather(one, until_seq(300, "e2"))
    load.join()
    stored_and_closed(second)
    assert numbered(events, "e1") == journaled(journal, "e1", 601)
    assert numbered(events, "e2") == journaled(journal, "e2", 301)
    kinds = [event for event in events if isinstance(event, (NewEpoch, Missed, Recovered))]
    assert not any(isinstance(event, Missed) for event in kinds)
    (new,) = (event for event in kinds if isinstance(event, NewEpoch))
    assert (new.previous_epoch, new.stream.epoch, new.end_known, new.order is None) == ("e1", "e2", True, False)
    assert any(isinstance(event, Recovered) and event.stream.epoch == "e1" for event in kinds)
    links = [type(event) for event in events if isinstance(event, (LinkLost, LinkBack))]
    assert links[:2] == [LinkLost, LinkBack]


def test_where_the_line_knows_the_old_epoch_no_more_it_is_told_that_messages_may_be_missing(
    subscribe: Open, journal: Path
) -> None:
    """Its journal was lost while the subscriber was away: of the epochs since then nobody can say which are later than the old one."""
    line = a_line(journal)
    endpoint = line.endpoint
    one = subscribe(endpoint)
    gather(one, lambda events: bool(events))
    publish(line, 0, 20)
    gather(one, until_seq(20))
    position = one.position()
    one.close()
    line.close()
    other = journal.with_name("another.db")
    for epoch in ("e2", "e3"):
        line = a_line(other, endpoint, epoch=epoch)
        publish(line, 0, 10)
        if epoch == "e2":
            line.close()
    two = subscribe(endpoint, since=position)
    events = gather(two, until_seq(10, "e3"))
    line.close()
    (new,) = (event for event in events if isinstance(event, NewEpoch))
    assert (new.previous_epoch, new.stream.epoch, new.end_known) == ("e1", "e3", False)
    assert numbered(events, "e3") == journaled(other, "e3", 11)


def test_going_on_where_one_left_off_over_epochs_that_nobody_heard(subscribe: Open, journal: Path) -> None:
    line = a_line(journal)
    endpoint = line.endpoint
    publish(line, 0, 30)
    before = subscribe(endpoint, since="epoch")
    gather(before, until_seq(12))
    left = before.position()
    before.close()
    assert list(left.values()) == [13]
    for epoch in ("e2", "e3"):
        stored_and_closed(line)
        line = a_line(journal, endpoint, epoch)
        publish(line, 0, 20)
    after = subscribe(endpoint, since=left)
    events = gather(after, until_seq(20, "e3"))
    stored_and_closed(line)
    assert [packet.header.seq for packet in numbered(events)] == list(range(13, 31))
    for epoch in ("e2", "e3"):
        assert numbered(events, epoch) == journaled(journal, epoch, 21)
    assert [event.stream.epoch for event in events if isinstance(event, NewEpoch)] == ["e2", "e3"]
    assert not any(isinstance(event, Missed) for event in events)


def test_without_a_recovery_socket_it_is_missed_at_once(subscribe: Open, journal: Path) -> None:
    line = a_line(journal, recovery=RecoveryConfig(endpoint=None))
    publish(line, 0, 9)
    late = subscribe(line.endpoint, since="epoch")
    events = gather(late, lambda events: any(isinstance(event, Missed) for event in events))
    line.close()
    (missed,) = (event for event in events if isinstance(event, Missed))
    assert (missed.first_seq, missed.last_seq, missed.why) == (0, 9, Why.NO_RECOVERY)


@pytest.mark.parametrize("subscribe", [Called], indirect=True)
def test_over_ipc_and_with_a_given_address(subscribe: Open, journal: Path, tmp_path: Path) -> None:
    line = a_line(journal, f"ipc://{tmp_path}/results")
    publish(line, 0, 40)
    told = subscribe(line.endpoint, since="epoch")
    assert numbered(gather(told, until_seq(40))) == journaled(journal, "e1", 41)
    given = subscribe(line.endpoint, since="epoch", recovery=f"ipc://{tmp_path}/results.recovery")
    assert len(numbered(gather(given, until_seq(40)))) == 41
    nobody = subscribe(line.endpoint, since="epoch", recovery=f"ipc://{tmp_path}/nobody", patience_s=0.3)
    (missed,) = (event for event in gather(nobody, lambda events: any(isinstance(event, Missed) for event in events)) if isinstance(event, Missed))  # fmt: skip
    assert (missed.count, missed.why) == (41, Why.NO_ANSWER)
    assert missed.detail == f"no answer from ipc://{tmp_path}/nobody for 0.3 s"
    line.close()


@pytest.mark.parametrize("subscribe", [Asyncio], indirect=True)
def test_recovery_with_keys(subscribe: Open, journal: Path, tmp_path: Path) -> None:
    keys = make_keys(tmp_path, "bert", anna="subscriber")
    line = a_line(journal, keys=keys)
    publish(line, 0, 40)
    anna = subscribe(line.endpoint, since="epoch", **owner_of(tmp_path, "anna"))
    assert numbered(gather(anna, until_seq(40))) == journaled(journal, "e1", 41)
    bert = subscribe(line.endpoint, since="epoch", **owner_of(tmp_path, "bert"))
    (refused,) = gather(bert, lambda events: bool(events))
    assert refused == LinkLost(endpoint=line.endpoint, detail="the publisher does not let this key in")
    line.close()


STOPPED = """
import sys
from inspector.client import Missed, Packet, Subscriber
with Subscriber(sys.argv[1], receive_hwm=1) as subscriber:
    for event in subscriber:
        if isinstance(event, Missed):
            print("missed", event.first_seq, event.last_seq, flush=True)
        elif isinstance(event, Packet):
            print(event.header.seq, flush=True)
            if event.header.type.value == "end":
                break
"""


def test_a_subscriber_that_was_stopped_and_goes_on_has_everything(journal: Path) -> None:
    line = a_line(journal, send_mib=1)
    program = subprocess.Popen([sys.executable, "-c", STOPPED, line.endpoint], stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "None\n", "a heartbeat"
        program.send_signal(signal.SIGSTOP)
        frames = 0
        while not line.snapshot().cut_off[Cause.SLOW]:
            publish(line, frames, 20, MASKED)
            frames += 20
        program.send_signal(signal.SIGCONT)
        line.end("cam1", RUN)
        said, _ = program.communicate(timeout=20)
    finally:
        program.kill()
        program.wait()
        line.close()
    assert [int(one) for one in said.split("\n") if one not in ("", "None")] == list(range(frames + 2))


def test_a_receive_that_is_cancelled_loses_nothing(line: Results) -> None:
    async def listen() -> list[int]:
        heard: list[int] = []
        async with AsyncSubscriber(line.endpoint) as subscriber:
            assert await subscriber.receive(5000) is not None
            line.begin("cam1", RUN, START)
            frame = 0
            while len(heard) < 50:
                try:
                    event = await asyncio.wait_for(subscriber.receive(), 0.001)
                except asyncio.TimeoutError:
                    line.settled(make_settled(frame))
                    frame += 1
                    continue
                if isinstance(event, Packet) and not isinstance(event.body, HeartbeatBody):
                    heard.append(-1 if event.header.seq is None else event.header.seq)
        return [seq for seq in heard if seq >= 0]

    heard = asyncio.run(listen())
    assert heard == list(range(len(heard)))
    assert len(heard) > 40


def test_several_asynchronous_subscribers_and_their_callbacks_share_a_loop(line: Results) -> None:
    publish(line, 0, 30)

    async def listen() -> list[list[int]]:
        async def follow() -> list[int]:
            heard: list[int] = []
            async with AsyncSubscriber(line.endpoint, since="epoch") as subscriber:

                async def called(event: Event) -> None:
                    await asyncio.sleep(0)
                    if isinstance(event, Packet) and event.header.seq is not None:
                        heard.append(event.header.seq)
                        if event.header.seq == 30:
                            subscriber.stop()

                await subscriber.run(called)
            return heard

        return await asyncio.gather(*(follow() for _ in range(5)))

    assert asyncio.run(asyncio.wait_for(listen(), 20)) == [list(range(31))] * 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"since": "epoch", "recovery": None}, r"^since: what came before can only be had with recovery"),
        ({"since": "yesterday"}, r"^since: found 'yesterday', expected 'now', 'epoch'"),
        ({"recovery": "5551"}, r"^endpoint '5551': .*results.recovery.endpoint"),
    ],
)
def test_options_that_cannot_be_met_are_refused(subscribe: Open, options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        subscribe("tcp://127.0.0.1:1", **options)
