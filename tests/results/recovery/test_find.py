"""``find`` and ``streams``: conditions, cursors, the order of publication and of epochs."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from inspector.config.recovery import RecoveryConfig
from inspector.frames.outcome import Outcome, Verdict
from inspector.protocol.recovery import Outcome as Told
from inspector.results.identity import Identity
from inspector.results.results import Results
from tests.results.publishing import (
    LOST,
    PASSED,
    REJECTED,
    RUN,
    START,
    eventually,
    make_identity,
    make_results,
    make_settled,
)
from tests.results.recovery.asking import Asker, address_of, frames, numbers
from tests.results.recovery.refusing import locked
from tests.results.recovery.test_get import stored, written
from tests.results.test_damaged_journal import turned

UNUSABLE = Outcome(verdict=Verdict.UNINSPECTED, reason=LOST.reason)


@contextmanager
def line(
    path: Path | None, identity: Identity, memory_mib: int = 1, **options: object
) -> Iterator[tuple[Results, Asker]]:
    results = make_results(identity, path, results={"recovery": RecoveryConfig(memory_mib=memory_mib)}, **options)
    results.start()
    with Asker(address_of(results), identity) as asker:
        yield results, asker
    results.close()


def publish(results: Results, camera: str = "cam1", run: str = RUN) -> None:
    """Frames 0 to 99: every tenth rejected, 40 to 49 lost."""
    results.begin(camera, run, START)
    for frame in (*range(40), *range(50, 100)):
        results.settled(make_settled(frame, REJECTED if frame % 10 == 0 else PASSED, camera, run=run))
        if frame == 39:
            results.settled(make_settled(40, LOST, camera, count=10, run=run))
    results.end(camera, run)


@pytest.mark.parametrize("where", ["journal", "waiting", "memory"])
def test_conditions(tmp_path: Path, where: str) -> None:
    """The same answers, wherever the publications are: on the disk, in the journal's queue, or only in memory."""
    identity = make_identity("cam1", "cam2")
    path = None if where == "memory" else tmp_path / "j.sqlite"
    interval = 10_000 if where == "waiting" else 1
    with line(path, identity, commit_interval_ms=interval) as (results, asker):
        publish(results)
        publish(results, "cam2", run="coil-8")
        eventually(lambda: results.snapshot().published == 2 * 93)
        if where == "journal":
            eventually(lambda: stored(results))
        everything = frames(asker.find())
        assert everything == 2 * [*range(41), *range(50, 100)]
        assert frames(asker.find(verdict="REJECT", camera="cam1")) == [0, 10, 20, 30, 50, 60, 70, 80, 90]
        assert frames(asker.find(verdict="UNINSPECTED")) == [40, 40]
        assert frames(asker.find(verdict="PASS", run="coil-8", last_frame=11)) == [*range(1, 10), 11]
        assert frames(asker.find(first_frame=45, last_frame=51, camera="cam2")) == [40, 50, 51]
        assert frames(asker.find(first_frame=49, last_frame=49, epoch=identity.epoch)) == [40, 40]
        assert frames(asker.find(first_frame=45, last_frame=47, camera="cam1", epoch=identity.epoch)) == [40]
        assert frames(asker.find(first_frame=96, run=RUN)) == [96, 97, 98, 99]
        assert frames(asker.find(epoch="another")) == []
        assert frames(asker.find(line="line9")) == []
        captured = [
            asker.done(request="get", line="line1", camera="cam1", epoch=identity.epoch, **{"from": n, "to": n})
            for n in (5, 10)
        ]
        since, until = (decode_time(answer.publications[0].header) for answer in captured)
        assert frames(asker.find(since_unix_ns=since, until_unix_ns=until, camera="cam1")) == [4, 5, 6, 7, 8]
        pages = list(asker.find(limit=7))
        assert frames(iter(pages)) == everything
        assert all(len(page.publications) <= 7 for page in pages)
        assert pages[-1].publications


def decode_time(header: bytes) -> int:
    captured = json.loads(header)["captured_unix_ns"]
    assert isinstance(captured, int)
    return captured


def test_a_search_through_what_moves_to_the_disk_misses_nothing(tmp_path: Path) -> None:
    identity = make_identity()
    with line(tmp_path / "j.sqlite", identity, commit_interval_ms=5) as (results, asker):
        for frame in range(700):
            results.settled(make_settled(frame))
            if frame % 100 == 0:
                eventually(lambda: results.snapshot().waiting == 0)
                seen = {n for answer in asker.find(limit=50) for n in numbers(answer)}
                assert seen >= set(range(frame + 1))


def test_many_rows_are_looked_through_in_small_steps(tmp_path: Path) -> None:
    path, before = tmp_path / "j.sqlite", make_identity()
    with line(path, before) as (results, _):
        publish(results)
        eventually(lambda: stored(results))
    with closing(sqlite3.connect(path)) as connection, connection:
        columns = "stream, seq, type, run, frame, verdict, captured_unix_ns, published_unix_ns, header, body, blob, blob_bytes"
        of_row = columns.replace(" seq", " seq + 1000 * n").replace("run", "'other'", 1)
        connection.execute(
            f"INSERT INTO publications ({columns}) WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 400) "
            f"SELECT {of_row} FROM publications CROSS JOIN c"
        )
    with line(path, make_identity()) as (results, asker):
        began_s = time.monotonic()
        found = list(asker.find(run=RUN, verdict="UNINSPECTED"))
        assert frames(iter(found)) == [40]
        assert frames(asker.find(run="of this name is none")) == []
        state = results.snapshot().recovery
        assert state is not None
        assert state.longest_step_s < 0.2
        assert time.monotonic() - began_s < 10


def test_cursors_that_are_none(tmp_path: Path) -> None:
    identity = make_identity()
    with line(tmp_path / "j.sqlite", identity) as (results, asker):
        publish(results)
        eventually(lambda: stored(results))
        for request, after in (("find", "x"), ("find", "1-2"), ("streams", "x"), ("find", "9" * 30)):
            assert asker.ask(request=request, after=after).reply.outcome is Told.REFUSED
        told = asker.ask(request="find", after="5000").reply
        assert told.outcome is Told.REFUSED
        assert "another journal" in told.text
        assert frames(iter([asker.done(request="find", after="50-7-otherone", limit=500)]))[0] > 30, (
            "its own epoch has no memory"
        )


def test_streams_are_in_the_order_of_their_epochs_whatever_the_clocks_say(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    epochs = [make_identity("cam1", "cam2", epoch=name) for name in ("zz", "aa", "mm")]
    for epoch in epochs:
        with line(path, epoch, commit_interval_ms=1) as (results, asker):
            publish(results)
            eventually(lambda: stored(results))
            listed = asker.done(request="streams").reply.streams
            (current,) = [one for one in listed if one.current and one.camera == "cam1"]
            assert (current.epoch, current.oldest_available, current.newest) == (epoch.epoch, 0, 92)
            assert not current.ended
            assert current.order == max(one.order for one in listed)
        with closing(sqlite3.connect(path)) as connection, connection:  # as if the clock had been wrong meanwhile
            connection.execute("UPDATE streams SET opened_unix_ns = 5 WHERE epoch = ?", (epoch.epoch,))
    with line(path, make_identity("cam1", epoch="now")) as (_, asker):
        listed = asker.done(request="streams").reply.streams
        by_order = sorted(listed, key=lambda one: one.order)
        assert list(dict.fromkeys(one.epoch for one in by_order)) == ["zz", "aa", "mm", "now"]
        assert [one for one in listed if one.camera == "cam2"] == [], "nothing was ever published there"
        over = [one for one in listed if one.epoch == "aa" and one.camera == "cam1"]
        assert [(one.oldest_available, one.newest, one.ended, one.current) for one in over] == [(0, 92, True, False)]
        assert [one.epoch for one in asker.done(request="streams", camera="cam9").reply.streams] == []


def test_many_streams_come_in_pages(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with line(path, make_identity(epoch="first")) as (results, _):
        publish(results)
        eventually(lambda: stored(results))
    with closing(sqlite3.connect(path)) as connection, connection:
        for n in range(250):
            connection.execute(
                "INSERT INTO streams (epoch, line, camera, simulated, opened_unix_ns) VALUES (?, 'line1', 'cam1', 0, 0)",
                (f"epoch-{n}",),
            )
            if n % 2:  # of the others nothing is left
                connection.execute(
                    "INSERT INTO publications (stream, seq, type, published_unix_ns, header, body) "
                    "VALUES ((SELECT max(id) FROM streams), 3, 'end', 0, x'7b7d', x'7b7d')"
                )
    with line(path, make_identity(epoch="now")) as (_, asker):
        pages, after = [], None
        while True:
            reply = asker.done(request="streams", after=after).reply
            pages.append(reply.streams)
            after = reply.next
            if after is None:
                break
        assert [len(page) for page in pages] == [100, 27]
        assert [one.epoch for page in pages for one in page] == [
            "first",
            *(f"epoch-{n}" for n in range(1, 250, 2)),
            "now",
        ]


def test_a_line_without_a_journal_has_streams_of_its_own(tmp_path: Path) -> None:
    identity = make_identity("cam1", "cam2")
    with line(None, identity) as (results, asker):
        publish(results)
        eventually(lambda: results.snapshot().published == 93)
        listed = asker.done(request="streams").reply.streams
        assert [(one.camera, one.oldest_available, one.newest, one.order, one.current) for one in listed] == [
            ("cam1", 0, 92, 1, True),
            ("cam2", None, -1, 1, True),
        ]


EVERY: tuple[dict[str, object], ...] = ({}, {"run": RUN}, {"verdict": "PASS"}, {"epoch": "before"}, {"first_frame": 3})


def sought(asker: Asker, **conditions: object) -> tuple[list[int], bool]:
    """The numbers that are found, and whether it is told that there are more."""
    found: list[int] = []
    after = None
    while True:
        answer = asker.ask(request="find", after=after, **conditions)
        found += numbers(answer)
        after = answer.reply.next
        if after is None:
            return found, answer.reply.outcome is Told.REFUSED and "is damaged" in answer.reply.text


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[int]]]:
    """A journal of 1000 publications that nothing befell, and what is found in it. Do not alter it."""
    path = tmp_path_factory.mktemp("whole") / "j.sqlite"
    written(path, make_identity(epoch="before"), 1000)
    with line(path, make_identity()) as (_, asker):
        found = [sought(asker, **conditions) for conditions in EVERY]
    assert found[0] == (list(range(1, 999)), False)
    return path, [numbers for numbers, _ in found]


@pytest.mark.parametrize("bit", [0, 5, 9, 13])
@pytest.mark.parametrize("row", [250, 1000])
def test_no_row_is_silently_left_out_where_one_bit_has_turned_in_an_id(
    whole: tuple[Path, list[list[int]]], tmp_path: Path, row: int, bit: int
) -> None:
    path = Path(shutil.copy(whole[0], tmp_path))
    turned(path, row, bit)
    with line(path, make_identity()) as (_, asker):
        for conditions, numbers_of_all in zip(EVERY, whole[1], strict=True):
            found, told = sought(asker, **conditions)
            assert told or found == numbers_of_all, conditions


def test_what_the_journal_did_not_take_is_found_while_it_is_in_memory(tmp_path: Path) -> None:
    """Later publications are in the journal again: that these have higher numbers says nothing about those before."""
    identity = make_identity()
    path = tmp_path / "j.sqlite"
    options = {"busy_timeout_ms": 10, "retry_ms": 10, "commit_interval_ms": 1, "max_waiting": 10}
    with line(path, identity, memory_mib=64, **options) as (results, asker):
        for frame in range(5):
            results.settled(make_settled(frame))
        eventually(lambda: results.snapshot().published == 5 and stored(results))
        with locked(path):
            for frame in range(5, 50):
                results.settled(make_settled(frame))
            eventually(lambda: results.snapshot().published >= 50)
        eventually(lambda: stored(results))
        first = results.snapshot().last_seq["cam1"] + 1
        for frame in range(50, 60):
            results.settled(make_settled(frame))
        eventually(lambda: results.snapshot().last_seq["cam1"] >= first + 9 and stored(results))
        state = results.snapshot().journal
        assert state is not None
        assert state.not_journaled > 20
        assert sorted(frames(asker.find())) == list(range(60))
        assert sorted(frames(asker.find(limit=7))) == list(range(60)), "in pages too"
        assert len(asker.get(0, 1000).publications) == results.snapshot().last_seq["cam1"] + 1
