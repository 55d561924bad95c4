"""The journal on real files: groups, crashes, full disks, other people's files."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from inspector.config.journal import JournalConfig
from inspector.errors import UserError
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import MalformedError
from inspector.protocol.messages import ResultBody
from inspector.results.clock_watch import ClockWatch
from inspector.results.identity import Identity
from inspector.results.journal import Journal
from inspector.results.journal_reader import JournalReader
from inspector.results.journal_schema import SCHEMA_VERSION
from inspector.results.publication import Publication
from inspector.results.stream import Stream
from tests.results.publishing import (
    LOST,
    PASSED,
    REJECTED,
    RUN,
    START,
    eventually,
    make_identity,
    make_meta,
    make_settled,
)

ROOT = Path(__file__).parents[2]


def make_journal(path: Path, identity: Identity, **options: object) -> Journal:
    return Journal(JournalConfig(path=str(path), **options), identity)  # type: ignore[arg-type]


def publications(identity: Identity, count: int, camera: str = "cam1") -> list[Publication]:
    """A start, then verdicts: every third a reject, every tenth a gap of two."""
    stream = Stream(identity, camera, heartbeat_ms=200, masks=True)
    made = [stream.start(RUN, START)]
    for frame in range(count - 1):
        outcome = LOST if frame % 10 == 9 else REJECTED if frame % 3 == 0 else PASSED
        made.append(stream.settled(make_settled(frame, outcome, camera)))
    return made


def test_what_waits_shares_a_commit(tmp_path: Path) -> None:
    identity = make_identity()
    journal = make_journal(tmp_path / "j.sqlite", identity, commit_interval_ms=300, max_group=400)
    journal.open()
    for publication in publications(identity, 1000):
        journal.append(publication)
    assert journal.close(5)
    state = journal.state()
    assert (state.committed, state.commits, state.waiting, state.not_journaled, state.error) == (1000, 3, 0, 0, "")


def test_large_masks_are_committed_a_few_at_a_time(tmp_path: Path) -> None:
    identity = make_identity()
    journal = make_journal(tmp_path / "j.sqlite", identity, commit_interval_ms=300)
    journal.open()
    made = [msgspec.structs.replace(one, blob=bytes(8 * 2**20)) for one in publications(identity, 6)]
    for publication in made:
        journal.append(publication)
    assert journal.close(5)
    assert (journal.state().committed, journal.state().commits) == (6, 3)
    with JournalReader(tmp_path / "j.sqlite") as reader:
        assert [row.blob for row in reader.walk()] == [one.blob for one in made]


def test_a_commit_is_not_waited_for_longer_than_the_interval(tmp_path: Path) -> None:
    identity = make_identity()
    journal = make_journal(tmp_path / "j.sqlite", identity, commit_interval_ms=20)
    journal.open()
    journal.append(publications(identity, 1)[0])
    eventually(lambda: journal.state().committed == 1, 2)
    journal.close(5)


def test_reopened_by_the_next_epoch_it_holds_both(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    epochs = [make_identity("cam1", "cam2"), make_identity("cam1", simulated=False)]
    for identity in epochs:
        journal = make_journal(path, identity)
        journal.open()
        for camera in identity.cameras:
            for publication in publications(identity, 30, camera):
                journal.append(publication)
        assert journal.close(5)
    with JournalReader(path) as reader:
        assert reader.epochs() == [identity.epoch for identity in epochs]
        assert [(s.camera, s.simulated, s.first_seq, s.last_seq) for s in reader.streams()] == [
            ("cam1", True, 0, 29), ("cam2", True, 0, 29), ("cam1", False, 0, 29),
        ]  # fmt: skip


def test_reading_rows_tails_and_verdicts(tmp_path: Path) -> None:
    identity = make_identity("cam1", "cam2")
    path = tmp_path / "j.sqlite"
    journal = make_journal(path, identity)
    journal.open()
    made = {camera: publications(identity, 1500, camera) for camera in identity.cameras}
    for pair in zip(*made.values(), strict=True):
        for publication in pair:
            journal.append(publication)
    assert journal.close(5)
    with JournalReader(path) as reader:
        rows = reader.rows(identity.epoch, "cam2", 100, 110)
        assert [row.seq for row in rows] == list(range(100, 111))
        assert [(row.header, row.body, row.blob) for row in rows] == [
            (p.header, p.body, p.blob) for p in made["cam2"][100:111]
        ]
        assert [row.seq for row in reader.rows(identity.epoch, "cam1", 1490, limit=3)] == [1490, 1491, 1492]
        assert reader.rows("no such epoch", "cam1") == []
        assert [(row.camera, row.seq) for row in reader.tail(3)] == [("cam2", 1498), ("cam1", 1499), ("cam2", 1499)]
        assert [row.seq for row in reader.tail(2, camera="cam1")] == [1498, 1499]
        assert reader.tail(2, line="line9") == []
        assert len(list(reader.walk(verdicts_only=True))) == 2 * 1499
        assert len(list(reader.walk())) == 2 * 1500
        for verdict in Verdict:
            expected = [p.seq for p in made["cam1"] if p.verdict == verdict.value]
            assert [row.seq for row in reader.walk(verdicts_only=True, camera="cam1", verdict=verdict)] == expected
        assert len(list(reader.walk(verdicts_only=True, run="coil-7", epoch=identity.epoch, line="line1"))) == 2 * 1499
        assert list(reader.walk(verdicts_only=True, run="coil-8")) == []
        body = rows[1].packet().body
        assert isinstance(body, ResultBody)


def test_verdict_queries_use_their_index(tmp_path: Path) -> None:
    """SQLite takes a partial index only where the query repeats its condition: easily lost in an edit."""
    path = tmp_path / "j.sqlite"
    identity = make_identity()
    journal = make_journal(path, identity)
    journal.open()
    for publication in publications(identity, 50):
        journal.append(publication)
    journal.close(5)
    seen: list[str] = []
    with JournalReader(path) as reader:
        reader._connection.set_trace_callback(seen.append)
        list(reader.walk(verdicts_only=True, verdict=Verdict.SCRAP))
        reader.rows(identity.epoch, "cam1", 3, 5)
        reader._connection.set_trace_callback(None)
        plans = [str(reader._connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()) for query in seen]
    assert any("publications_verdict" in plan for plan in plans)
    assert "publications_seq" in plans[-1]
    assert not any("SCAN p" in plan for plan in plans)


def test_reading_while_it_is_written(tmp_path: Path) -> None:
    identity = make_identity()
    path = tmp_path / "j.sqlite"
    journal = make_journal(path, identity, commit_interval_ms=2)
    journal.open()
    made = publications(identity, 3000)

    def write() -> None:
        for publication in made:
            journal.append(publication)
            if publication.seq % 50 == 0:
                time.sleep(0.005)

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[int] = []
    with JournalReader(path) as reader:
        while writer.is_alive():
            seen = [row.seq for row in reader.walk()]
            assert seen == list(range(len(seen))), "always a prefix"
        writer.join()
        assert journal.close(5)
        assert [row.seq for row in reader.walk()] == list(range(3000))
    assert journal.state().error == ""


@pytest.mark.parametrize(
    ("version", "tables", "said"),
    [
        (
            SCHEMA_VERSION + 1,
            True,
            f"schema version {SCHEMA_VERSION + 1}, this program writes version {SCHEMA_VERSION}; use the newer program",
        ),
        (1, True, "was written by an earlier version of this program"),
        (0, True, "is another program's SQLite file"),
    ],
)
def test_files_of_others_are_refused_and_untouched(tmp_path: Path, version: int, tables: bool, said: str) -> None:
    path = tmp_path / "j.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.execute(f"PRAGMA user_version = {version}")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(UserError, match=f"^journal.path: .*{said}"):
        make_journal(path, make_identity()).open()
    with pytest.raises(UserError, match=r"^journal"):
        JournalReader(path)
    assert path.read_bytes()[100:] == before[100:]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no/such/j.sqlite", "the folder of .* does not exist; make it"),
        (".", "is a folder"),
        ("text", "is not an SQLite file"),
    ],
)
def test_paths_that_cannot_be_a_journal(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "text").write_text("not a database " * 100)
    with pytest.raises(UserError, match=f"^journal.path: .*{said}"):
        make_journal(tmp_path / name, make_identity()).open()
    with pytest.raises(UserError, match=r"^journal"):
        JournalReader(tmp_path / name)


def test_retention_by_bytes_keeps_the_newest(tmp_path: Path) -> None:
    identity = make_identity()
    path = tmp_path / "j.sqlite"
    journal = make_journal(path, identity, keep_bytes=1_000_000, retention_interval_s=0.01, commit_interval_ms=1)
    journal.open()
    for publication in publications(identity, 6000):
        journal.append(publication)
        if publication.seq % 500 == 0:
            time.sleep(0.02)

    def used() -> int:
        with closing(sqlite3.connect(path)) as connection, connection:
            pages, free, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        connection.close()
        return int((pages - free) * size)

    eventually(lambda: journal.state().committed == 6000 and used() <= 1_000_000)
    assert journal.close(5)
    with JournalReader(path) as reader:
        seqs = [row.seq for row in reader.walk()]
        (stream,) = reader.streams()
    assert seqs == list(range(seqs[0], 6000)), "the oldest go first, without holes"
    assert 200 < len(seqs) < 6000
    assert (stream.first_seq, stream.last_seq) == (seqs[0], 5999)


WRITER = """
import sys, time
from pathlib import Path
from tests.results.test_journal import make_identity, make_journal, publications
identity = make_identity(epoch="doomed")
journal = make_journal(Path(sys.argv[1]), identity, commit_interval_ms=1, max_group=50)
journal.open()
made = publications(identity, 100_000 if len(sys.argv) < 3 else int(sys.argv[2]))
for publication in made:
    journal.append(publication)
    if publication.seq % 100 == 0:
        time.sleep(0.003)
        print(journal.state().committed, flush=True)
"""


def test_killed_while_writing_the_file_holds_a_prefix(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), "20000"], stdout=-1, text=True, cwd=ROOT)
    assert process.stdout
    committed = 0
    while committed < 1000:
        line = process.stdout.readline()
        assert line, "the writer ended by itself"
        committed = int(line)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with JournalReader(path) as reader:
        seqs = [row.seq for row in reader.walk()]
    assert seqs == list(range(len(seqs)))
    assert len(seqs) >= committed, "what was committed outlives the process"
    identity = make_identity()
    journal = make_journal(path, identity)
    journal.open()
    for publication in publications(identity, 10):
        journal.append(publication)
    assert journal.close(5)
    with JournalReader(path) as reader:
        assert reader.epochs() == ["doomed", identity.epoch]
        assert reader.streams()[0].last_seq == len(seqs) - 1
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


FULL = """
import resource, signal, sys, time
from pathlib import Path
from tests.results.test_journal import eventually, make_identity, make_journal, publications
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
identity = make_identity(epoch="full")
journal = make_journal(Path(sys.argv[1]), identity, commit_interval_ms=1, retry_ms=20, max_waiting=500)
journal.open()
made = iter(publications(identity, 8000))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
# A full disk may take some more rows after a checkpoint: go on until it takes none.
while not (journal.trouble() and journal.state().waiting >= 500 and journal.state().not_journaled):
    journal.append(next(made))
    time.sleep(0.0001)
print(journal.trouble())
lost = journal.state().not_journaled
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
eventually(lambda: journal.state().waiting == 0)
assert journal.trouble() == "", journal.trouble()
for _ in range(500):
    journal.append(next(made))
    time.sleep(0.0001)
assert journal.close(5)
print(lost, journal.state().not_journaled, journal.state().committed, next(made).seq)
"""


def test_a_full_disk_costs_only_what_does_not_fit_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, cwd=ROOT, timeout=50)
    assert done.returncode == 0, done.stderr
    trouble, counts = done.stdout.splitlines()
    assert str(path) in trouble
    assert "disk" in trouble
    lost, lost_in_all, committed, sent = map(int, counts.split())
    assert 0 < lost == lost_in_all
    assert committed + lost == sent
    with JournalReader(path) as reader:
        seqs = [row.seq for row in reader.walk()]
    assert len(seqs) == committed
    assert seqs == sorted(seqs)
    assert seqs[-500:] == list(range(sent - 500, sent)), "whole again after the disk came back"


@pytest.mark.parametrize("limit", [{"max_waiting": 40}, {"max_waiting_mib": 40 * 600 / 2**20}], ids=str)
def test_what_waits_for_a_locked_file_is_bounded(tmp_path: Path, limit: dict[str, float]) -> None:
    """Also what the writer already took into its group counts as waiting."""
    identity, path = make_identity(), tmp_path / "j.sqlite"
    journal = make_journal(path, identity, commit_interval_ms=0, busy_timeout_ms=10, retry_ms=10, max_group=20, **limit)
    journal.open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    made = publications(identity, 180)
    for publication in made[:150]:
        journal.append(publication)
        time.sleep(0.001)
    held = journal.state().waiting
    assert 10 < held <= 40
    assert journal.state().not_journaled == 150 - held
    assert "disk is slower" in journal.trouble() or "locked" in journal.trouble()
    other.execute("ROLLBACK")
    other.close()
    eventually(lambda: journal.state().waiting == 0, 5)
    for publication in made[150:]:
        journal.append(publication)
    assert journal.close(5)
    with JournalReader(path) as reader:
        seqs = [row.seq for row in reader.rows(identity.epoch, "cam1", limit=1000)]
    assert seqs == [*range(held), *range(150, 180)], "room came back with the rows that left"


def test_a_deleted_file_is_noticed_and_begun_anew(tmp_path: Path) -> None:
    """SQLite itself would go on writing into the file that has no name any more."""
    identity = make_identity()
    journal = make_journal(tmp_path / "j.sqlite", identity, commit_interval_ms=1, retry_ms=20)
    journal.open()
    made = publications(identity, 40)
    for publication in made[:20]:
        journal.append(publication)
    eventually(lambda: journal.state().committed == 20)
    for file in tmp_path.glob("j.sqlite*"):
        file.unlink()
    journal.append(made[20])
    eventually(lambda: journal.state().committed == 21)
    for publication in made[21:]:
        journal.append(publication)
    assert journal.close(5)
    with JournalReader(tmp_path / "j.sqlite") as reader:
        assert [row.seq for row in reader.walk()] == list(range(20, 40))


def test_an_idle_journal_that_cannot_be_trimmed_tries_again_without_haste(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    options = {"keep_days": 1e-5, "retention_interval_s": 0.02, "busy_timeout_ms": 20, "retry_ms": 50}
    journal = make_journal(folder / "j.sqlite", make_identity(), **options)
    journal.open()
    other = sqlite3.connect(folder / "j.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    eventually(lambda: "locked" in journal.trouble())
    folder.rename(tmp_path / "elsewhere")
    other.close()
    eventually(lambda: "folder" in journal.trouble())
    before_s = time.process_time()
    time.sleep(0.6)
    assert time.process_time() - before_s < 0.2, "it spins"
    folder.mkdir()
    eventually(lambda: not journal.trouble())
    assert journal.close(5)


def test_a_place_that_cannot_be_written_is_refused_plainly() -> None:
    with pytest.raises(UserError, match=r"^journal\.path: .* cannot be written .*journal\.path: null"):
        make_journal(Path("/proc/self/j.sqlite"), make_identity()).open()


def test_a_clock_that_jumps_is_logged_and_told_until_it_is_right_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong_s = 0.0
    clock = ClockWatch(lambda: time.time_ns() + round(wrong_s * 1e9), time.monotonic)
    config = JournalConfig(path=str(tmp_path / "j.sqlite"), retention_interval_s=0.01)
    journal = Journal(config, make_identity(), clock)
    journal.open()
    assert journal.condition() == ("", "")
    wrong_s = 3650 * 86_400.0
    eventually(lambda: journal.condition().code == "clock_jumped")
    assert journal.condition().text.startswith("the clock jumped ahead by 3650 days")
    wrong_s = 0.0
    eventually(lambda: not journal.condition().code)
    assert journal.close(5)
    assert "the clock jumped ahead by 3650 days; no publication is deleted for its age because of that" in caplog.text


def test_a_start_that_waits_for_the_disk_ends_when_the_line_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    first = make_journal(path, make_identity())
    first.open()
    assert first.close(5)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    stop = threading.Event()
    stop.set()
    journal = make_journal(path, make_identity(), busy_timeout_ms=60_000)
    begun = time.monotonic()
    journal.open(stop)
    journal.close(0.05)
    assert time.monotonic() - begun < 1
    other.execute("ROLLBACK")
    other.close()
    eventually(lambda: not any(one.name == "journal" for one in threading.enumerate()))


def test_a_row_sqlite_cannot_hold_does_not_block_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    identity = make_identity()
    path = tmp_path / "j.sqlite"
    journal = make_journal(path, identity, max_group=10, commit_interval_ms=50)
    journal.open()
    made = publications(identity, 30)
    made[12] = msgspec.structs.replace(made[12], captured_unix_ns=2**70)
    for publication in made:
        journal.append(publication)
    assert journal.close(5)
    assert (journal.state().committed, journal.state().not_journaled) == (20, 10)
    assert "cannot be stored" in caplog.text
    with JournalReader(path) as reader:
        assert [row.seq for row in reader.walk()] == [*range(10), *range(20, 30)]


def test_an_altered_row_is_noticed(tmp_path: Path) -> None:
    identity = make_identity()
    path = tmp_path / "j.sqlite"
    journal = make_journal(path, identity)
    journal.open()
    stream = Stream(identity, "cam1", heartbeat_ms=200, masks=True)
    journal.append(stream.settled(make_settled(0)))
    journal.append(stream.late(make_meta(0), REJECTED))
    assert journal.close(5)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE publications SET body = x'7b' WHERE seq = 0")
    connection.close()
    with JournalReader(path) as reader:
        altered, sound = reader.walk()
        with pytest.raises(MalformedError, match="body of result"):
            altered.packet()
        assert sound.packet().header.seq == 1
