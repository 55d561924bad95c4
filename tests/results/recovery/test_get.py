"""``get``: every publication comes again byte for byte, from memory and from the journal; what is gone is told, and nothing else is."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from inspector.config.recovery import RecoveryConfig
from inspector.frames.outcome import Outcome
from inspector.protocol.recovery import MOST_BYTES, MOST_PUBLICATIONS
from inspector.protocol.recovery import Outcome as Told
from inspector.results.identity import Identity
from inspector.results.results import Results
from tests.results.publishing import (
    PASSED,
    REJECTED,
    RUN,
    START,
    Ear,
    eventually,
    make_identity,
    make_results,
    make_settled,
)
from tests.results.recovery.asking import Asker, address_of, numbers
from tests.results.test_damaged_journal import PAGE, children, turned
from tests.results.test_journal import make_journal, publications
from tests.results.test_journal_versions import with_masks, write_version_2

SMALL = {"recovery": RecoveryConfig(memory_mib=1)}


def outcome_of(frame: int) -> Outcome:
    """Every third one with a mask, which the journal compresses."""
    return msgspec.structs.replace(REJECTED, mask=REJECTED.mask * 40) if frame % 3 == 0 else PASSED


def publish(results: Results, count: int, first: int = 0, camera: str = "cam1") -> None:
    for frame in range(first, first + count):
        results.settled(make_settled(frame, outcome_of(frame), camera=camera))


def stored(results: Results) -> bool:
    state = results.snapshot()
    assert state.journal is not None
    return not state.waiting and not state.journal.waiting


def written(path: Path, identity: Identity, count: int) -> list[list[bytes]]:
    """An epoch that is over: what it published."""
    results = make_results(identity, path)
    results.start()
    with Ear(results.endpoint, "v1/line1/cam1/") as ear:
        eventually(lambda: results.snapshot().subscriptions == 1)
        results.begin("cam1", RUN, START)
        publish(results, count - 2)
        results.end("cam1", RUN)
        sent: list[list[bytes]] = []
        while len(sent) < count:
            parts = ear.hear()
            if json.loads(parts[1])["seq"] is not None:  # neither a heartbeat nor a start that is said again
                sent.append(parts)
    eventually(lambda: stored(results), 20)
    results.close()
    return sent


@pytest.mark.parametrize("memory", [1, 64], ids=["journal", "memory"])
def test_what_was_published_comes_again_byte_for_byte(tmp_path: Path, memory: int) -> None:
    identity = make_identity()
    results = make_results(identity, tmp_path / "j.sqlite", results={"recovery": RecoveryConfig(memory_mib=memory)})
    results.start()
    heard = []
    with Ear(results.endpoint, "v1/line1/cam1/result") as ear, Asker(address_of(results), identity) as asker:
        eventually(lambda: results.snapshot().subscriptions == 1)
        publish(results, 1300)
        heard = [ear.hear() for _ in range(1300)]
        eventually(lambda: stored(results))
        came, at = [], 0
        while at is not None:
            answer = asker.get(at, 5000)
            assert answer.reply.absent == ()
            assert (answer.reply.oldest_available, answer.reply.newest) == (0, 1299)
            assert len(answer.publications) <= MOST_PUBLICATIONS
            came += [one.sent() for one in answer.publications]
            at = answer.reply.next
    assert came == heard
    results.close()


def test_an_epoch_that_is_over_is_served_from_the_journal(tmp_path: Path) -> None:
    path, before, now = tmp_path / "j.sqlite", make_identity(), make_identity()
    sent = written(path, before, 120)
    results = make_results(now, path)
    results.start()
    with Asker(address_of(results), before) as asker:
        answer = asker.get(0, 1000)
        assert [one.sent() for one in answer.publications] == sent
        assert answer.reply.epoch == now.epoch
        assert (answer.reply.next, answer.reply.absent, answer.reply.newest) == (None, (), 119)
        assert numbers(asker.get(7, 9)) == [7, 8, 9]
        assert numbers(asker.get(119, 119)) == [119]
        above = asker.get(120, 130)
        assert (above.publications, above.reply.next, above.reply.absent) == ((), None, ()), "never published"
    results.close()


def test_without_a_journal_the_latest_can_be_had(tmp_path: Path) -> None:
    identity = make_identity()
    results = make_results(identity, results=SMALL)
    results.start()
    publish(results, 1500)
    eventually(lambda: results.snapshot().published == 1500)
    with Asker(address_of(results), identity) as asker:
        reply = asker.get(0, 10_000).reply
        oldest = reply.oldest_available
        assert oldest is not None
        assert oldest > 0, "1 MiB does not hold all of them"
        assert reply.absent == ((0, oldest - 1),)
        assert numbers(asker.get(1490, 10_000)) == list(range(1490, 1500))
    results.close()


def test_what_is_gone_is_told_exactly(tmp_path: Path) -> None:
    path, before = tmp_path / "j.sqlite", make_identity()
    written(path, before, 2000)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM publications WHERE seq < 700 OR seq IN (800, 802) OR seq BETWEEN 900 AND 1100")
    results = make_results(make_identity(), path)
    results.start()
    with Asker(address_of(results), before) as asker:
        answer = asker.get(0, 1500)
        assert answer.reply.absent == ((0, 699), (800, 800), (802, 802), (900, 1100))
        assert answer.reply.next == 1403
        assert answer.reply.oldest_available == 700
        assert numbers(answer) == [700 + n for n in range(703) if n not in (100, 102, *range(200, 401))]
        assert asker.get(100, 200).reply.absent == ((100, 200),)
        assert asker.get(801, 802).reply.absent == ((802, 802),)
        assert asker.get(950, 5000).reply.absent == ((950, 1100),)
    results.close()


def test_a_reply_is_bounded_in_bytes_and_a_larger_publication_comes_alone(tmp_path: Path) -> None:
    identity = make_identity()
    results = make_results(identity, tmp_path / "j.sqlite", results=SMALL)
    results.start()
    sizes = [1_500_000, 1_500_000, 1_500_000, 6_000_000, 10]
    noise = os.urandom(max(sizes))
    for frame, size in enumerate(sizes):
        results.settled(make_settled(frame, msgspec.structs.replace(REJECTED, mask=noise[:size])))
    eventually(lambda: stored(results))
    with Asker(address_of(results), identity) as asker:
        pages, at = [], 0
        while at is not None:
            answer = asker.get(at, 100)
            pages.append(numbers(answer))
            assert len(pages[-1]) == 1 or sum(map(len, itertools.chain(*answer.publications))) <= MOST_BYTES
            at = answer.reply.next
        assert pages == [[0, 1], [2], [3], [4]]
    results.close()


def test_unknown_streams_are_refused_and_a_new_one_has_nothing(tmp_path: Path) -> None:
    identity = make_identity()
    results = make_results(identity, tmp_path / "j.sqlite")
    results.start()
    with Asker(address_of(results), identity) as asker:
        empty = asker.get(0, 100).reply
        assert (empty.newest, empty.oldest_available, empty.next, empty.absent) == (-1, None, None, ())
        for changed in ({"camera": "cam9"}, {"epoch": "another"}, {"line": "line9"}):
            asked = {"line": "line1", "camera": "cam1", "epoch": identity.epoch, "from": 0, "to": 5, **changed}
            reply = asker.ask(request="get", **asked).reply
            assert reply.outcome is Told.REFUSED
            assert next(iter(changed.values())) in reply.text
    results.close()


def test_around_a_damaged_page_everything_is_served_and_the_rest_is_told(tmp_path: Path) -> None:
    path, before = tmp_path / "j.sqlite", make_identity()
    sent = written(path, before, 400)
    data = bytearray(path.read_bytes())
    leaves = [page for page in range(len(data) // PAGE // 2, len(data) // PAGE) if data[page * PAGE] == 0x0D]
    results = make_results(make_identity(), path)  # opened before, so that the writer does not see it at once
    results.start()
    with path.open("r+b") as file:
        file.seek(leaves[0] * PAGE)
        file.write(b"\xff" * 512)
    with Asker(address_of(results), before) as asker:
        answer = asker.get(0, 399)
        (first, last), *others = answer.reply.absent
        assert not others
        assert 0 < last - first < 30
        assert "is damaged" in answer.reply.text
        assert [one.sent() for one in answer.publications] == sent[:first] + sent[last + 1 :]
    results.close()


def test_behind_a_damaged_page_of_the_index_everything_is_served(tmp_path: Path) -> None:
    """Such a page leads to hundreds of rows; those of the pages behind it are there as before."""
    path, before = tmp_path / "j.sqlite", make_identity()
    sent = written(path, before, 3000)
    leaves = children(path, "publications_seq")
    results = make_results(make_identity(), path)
    results.start()
    with path.open("r+b") as file:
        file.seek((leaves[len(leaves) // 2] - 1) * PAGE)
        file.write(b"\xff" * 512)
    with Asker(address_of(results), before) as asker:
        came: list[list[bytes]] = []
        absent: set[int] = set()
        at: int | None = 0
        while at is not None:
            answer = asker.get(at, 5000)
            came += [one.sent() for one in answer.publications]
            absent |= {seq for first, last in answer.reply.absent for seq in range(first, last + 1)}
            at = answer.reply.next
        assert 100 < len(absent) < 1000
        assert came == [sent[seq] for seq in range(3000) if seq not in absent]
        assert sorted(absent) == list(range(min(absent), max(absent) + 1)), "one page"
    results.close()


@pytest.mark.parametrize("row", [250, 251, 399, 400])
@pytest.mark.parametrize("bit", [0, 1, 8])
def test_each_number_is_itself_or_absent_where_one_bit_has_turned_in_an_id(tmp_path: Path, row: int, bit: int) -> None:
    path, before = tmp_path / "j.sqlite", make_identity()
    sent = written(path, before, 400)
    turned(path, row, bit)
    results = make_results(make_identity(), path)
    results.start()
    with Asker(address_of(results), before) as asker:
        answer = asker.get(0, 399)
        absent = {seq for first, last in answer.reply.absent for seq in range(first, last + 1)}
        assert [one.sent() for one in answer.publications] == [sent[seq] for seq in range(400) if seq not in absent]
        assert 0 < len(absent) < 10
        assert "is damaged" in answer.reply.text
    results.close()


def test_a_file_that_was_replaced_is_opened_again(tmp_path: Path) -> None:
    """As where a damaged one is set aside: the ids of streams mean something else in the new one."""
    path, before, now = tmp_path / "j.sqlite", make_identity("cam1", "cam2"), make_identity("cam2", "cam1")
    written(path, make_identity("cam1", "cam2", epoch=before.epoch), 100)
    results = make_results(now, path, results=SMALL, retry_ms=10, commit_interval_ms=1)
    results.start()
    with Asker(address_of(results), now) as asker:
        publish(results, 50, camera="cam2")
        eventually(lambda: stored(results))
        assert len(asker.get(0, 99, epoch=before.epoch).publications) == 100
        for file in path.parent.glob("j.sqlite*"):
            file.rename(file.with_name(f"aside-{file.name}"))
        missing = asker.ask(
            request="get", line="line1", camera="cam1", epoch=before.epoch, **{"from": 0, "to": 99}
        ).reply
        assert missing.outcome in (Told.BUSY, Told.REFUSED)
        assert "\n" not in missing.text
        publish(results, 50, first=50, camera="cam2")
        eventually(lambda: stored(results) and path.exists())
        assert numbers(asker.get(0, 99, camera="cam2")) == list(range(100)), "memory has what the old file took along"
        gone = asker.ask(request="get", line="line1", camera="cam1", epoch=before.epoch, **{"from": 0, "to": 99}).reply
        assert gone.outcome is Told.REFUSED
    results.close()


def test_a_journal_of_an_earlier_version(tmp_path: Path) -> None:
    path, before = tmp_path / "j.sqlite", make_identity()
    sent = with_masks(before, 60)
    write_version_2(path, before, sent)
    results = make_results(make_identity(), path)
    results.start()
    with Asker(address_of(results), before) as asker:
        came = asker.get(0, 100).publications
        assert [(one.topic, one.header, one.body, one.blob) for one in came] == [
            (one.topic, one.header, one.body, one.blob) for one in sent
        ]
    results.close()


def test_what_is_deleted_while_somebody_asks_is_absent(tmp_path: Path) -> None:
    path, before = tmp_path / "j.sqlite", make_identity()
    written(path, before, 3000)
    results = make_results(make_identity(), path, keep_bytes=400_000, retention_interval_s=0.01)
    results.start()
    with Asker(address_of(results), before) as asker:
        at, seen, oldest = 0, 0, []
        while at is not None:
            answer = asker.get(at, 2999)
            absent = {seq for first, last in answer.reply.absent for seq in range(first, last + 1)}
            upto = answer.reply.next if answer.reply.next is not None else 3000
            assert sorted({*numbers(answer), *absent}) == list(range(at, upto))
            seen += upto - at
            oldest.append(answer.reply.oldest_available)
            at = answer.reply.next
        assert seen == 3000
        eventually(lambda: (asker.get(0, 10).reply.oldest_available or 0) > 1000)
        assert asker.get(0, 10).reply.absent == ((0, 10),)
    results.close()


def test_publications_of_a_journal_without_rows_of_the_stream(tmp_path: Path) -> None:
    """The stream is known, and all that was in it is deleted: nothing is invented about it."""
    path, before = tmp_path / "j.sqlite", make_identity()
    journal = make_journal(path, before)
    journal.open()
    for publication in publications(before, 5):
        journal.append(publication)
    assert journal.close(5)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM publications")
    results = make_results(make_identity(), path)
    results.start()
    with Asker(address_of(results), before) as asker:
        reply = asker.get(0, 4).reply
        assert (reply.newest, reply.oldest_available, reply.next, reply.absent) == (-1, None, None, ())
    results.close()
