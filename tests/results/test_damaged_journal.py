"""Journals that a power cut or a bad disk has damaged: kept, told in one line, and no obstacle to the line."""

from __future__ import annotations

import csv
import itertools
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspector.cli.journal import app
from inspector.config.journal import JournalConfig
from inspector.doctor.finding import Section, State
from inspector.doctor.journal_folder import journal_finding
from inspector.errors import UserError
from inspector.frames.outcome import Verdict
from inspector.results.journal_damage import set_aside
from inspector.results.journal_reader import JournalReader, UnreadableError
from tests.results.publishing import RUN, eventually, make_identity
from tests.results.test_journal import make_journal, publications

PAGE = 4096
Damage = Callable[[Path], None]


def cut(path: Path) -> None:
    """Half of it was never written."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zeros(path: Path) -> None:
    """The file system knows its length, and nothing of its content."""
    path.write_bytes(bytes(path.stat().st_size))


def pages(path: Path, first: int = 2, every: int = 2) -> None:
    """Some pages hold something else."""
    data = bytearray(path.read_bytes())
    for page in range(first, len(data) // PAGE, every):
        data[page * PAGE : page * PAGE + 512] = b"\xff" * 512
    path.write_bytes(data)


def a_page_of_rows(path: Path) -> None:
    """One page with rows, in the second half of the file, holds something else."""
    data = bytearray(path.read_bytes())
    leaves = [page for page in range(len(data) // PAGE // 2, len(data) // PAGE) if data[page * PAGE] == 0x0D]
    data[leaves[0] * PAGE : leaves[0] * PAGE + 512] = b"\xff" * 512
    path.write_bytes(data)


def children(path: Path, name: str) -> list[int]:
    """The pages that the root page of a table or an index leads to, in the order of what they hold (https://www.sqlite.org/fileformat.html)."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        root = (connection.execute(query, (name,)).fetchone()[0] - 1) * PAGE
    data = path.read_bytes()[root : root + PAGE]
    assert data[0] in (0x02, 0x05), "it fits into one page"
    cells = [int.from_bytes(data[at : at + 2], "big") for at in range(12, 12 + 2 * int.from_bytes(data[3:5], "big"), 2)]
    return [int.from_bytes(data[at : at + 4], "big") for at in cells]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A journal of 400 rows, closed."""
    identity = make_identity()
    journal = make_journal(tmp_path / "j.sqlite", identity)
    journal.open()
    for publication in publications(identity, 400):
        journal.append(publication)
    assert journal.close(5)
    return tmp_path / "j.sqlite"


def refused(*arguments: object) -> str:
    """The one line with which the command ends."""
    outcome = CliRunner().invoke(app, [str(one) for one in arguments])
    assert isinstance(outcome.exception, UserError), outcome.exception
    return str(outcome.exception)


def test_rows_without_a_number_are_told_and_not_taken_for_none(written: Path) -> None:
    """The definition of the table is damaged, so that what SQLite numbers by itself is not its column `id` any more."""
    data = written.read_bytes()
    (definition,) = re.findall(rb"CREATE TABLE publications \(\s*id INTEGER PRIMARY KEY", data)
    written.write_bytes(data.replace(definition, definition.replace(b"INTEGER", b"INTEXER")))
    with JournalReader(written) as reader, pytest.raises(UnreadableError, match="rows have no number"):
        list(reader.walk())


def test_an_error_of_sqlite_that_quotes_damaged_bytes_is_one_line(written: Path) -> None:
    data = written.read_bytes()
    at = data.index(b"tablestreamsstreams")
    written.write_bytes(
        data[: at + 7] + b"\xed\xa0" + data[at + 9 :].replace(b"CREATE TABLE streams", b"CREATE XABLE streams", 1)
    )
    assert f"journal {written}: is damaged (" in refused("tail", written)


@pytest.mark.parametrize("damage", [cut, pages, a_page_of_rows])
def test_reading_ends_in_one_line(written: Path, damage: Damage) -> None:
    damage(written)
    for command in (["tail", written, "-n", 400], ["export", written], ["export", written, "-f", "jsonl"]):
        said = refused(*command)
        assert said.startswith(f"journal {written}: is damaged (database disk image is malformed)")
        assert "writable" not in said
        assert "\n" not in said


def test_export_writes_the_rows_before_the_damage_and_says_how_many(written: Path, tmp_path: Path) -> None:
    a_page_of_rows(written)
    out = tmp_path / "out.csv"
    said = refused("export", written, "-o", out)
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) > 50
    assert said.endswith(f"behind row {len(rows) + 1}; {len(rows)} rows were written")  # row 1 is the start of the run
    with JournalReader(written) as reader, pytest.raises(UnreadableError) as caught:
        list(reader.walk())
    assert caught.value.behind == len(rows) + 1


def turned(path: Path, row: int, bit: int) -> None:
    """One bit of the id of a row has turned; by the format, an id of more than 127 takes two bytes, with seven bits in each."""
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // PAGE):
        at = page * PAGE
        if data[at] != 0x0D:
            continue
        cells = [
            int.from_bytes(data[at + 8 + 2 * n : at + 10 + 2 * n], "big")
            for n in range(int.from_bytes(data[at + 3 : at + 5], "big"))
        ]
        for cell in cells:
            id_at = (
                at
                + cell
                + sum(1 for _ in itertools.takewhile(lambda one: one & 0x80, data[at + cell : at + cell + 9]))
                + 1
            )
            if data[id_at] & 0x80 and (data[id_at] & 0x7F) << 7 | data[id_at + 1] == row:
                data[id_at + (bit < 7)] ^= 1 << bit % 7
                path.write_bytes(data)
                return
    raise AssertionError(f"no row {row}")


@pytest.mark.parametrize("bit", range(14))
@pytest.mark.parametrize("row", [250, 399])
def test_no_row_is_silently_left_out_where_one_bit_has_turned_in_an_id(written: Path, row: int, bit: int) -> None:
    """Nothing of the page is malformed for SQLite: a search by id ends early, or leaves rows out."""

    def walked(**conditions: object) -> tuple[list[int], bool]:
        """The numbers that are read, and whether it is told that there are more."""
        seen: list[int] = []
        with JournalReader(written) as reader:
            try:
                for one in reader.walk(**conditions):  # type: ignore[arg-type]
                    seen.append(one.seq)
            except UnreadableError:
                return seen, True
        return seen, False

    every: list[dict[str, object]] = [{"verdict": verdict} for verdict in Verdict]
    every += [{"verdicts_only": True}, {"run": RUN}, {"camera": "cam1"}, {}]
    whole = [walked(**conditions)[0] for conditions in every]
    assert len(whole[-1]) == 400
    turned(written, row, bit)
    for conditions, numbers in zip(every, whole, strict=True):
        seen, told = walked(**conditions)
        assert told or seen == numbers, conditions
    assert told, "an export of all tells it in every case"
    with JournalReader(written) as reader:
        (epoch,) = reader.epochs()
        for seq in range(400):
            try:
                rows = reader.rows(epoch, "cam1", seq, seq)
            except UnreadableError:
                continue
            assert [(one.seq, one.packet().header.seq) for one in rows] == [(seq, seq)]
    assert "is damaged" in refused("export", written)


@pytest.mark.parametrize("bit", [12, 13])
@pytest.mark.parametrize("row", [250, 500, 501])
def test_retention_deletes_nothing_where_an_id_is_out_of_order(tmp_path: Path, row: int, bit: int) -> None:
    """An id that is too large would have thousands of rows deleted that are not due, or none ever again."""
    path, identity = tmp_path / "j.sqlite", make_identity()
    journal = make_journal(path, identity)
    journal.open()
    for publication in publications(identity, 6000):
        journal.append(publication)
    assert journal.close(10)
    turned(path, row, bit)
    journal = make_journal(path, make_identity(), keep_bytes=path.stat().st_size // 2, retention_interval_s=0.01)
    journal.open()
    eventually(lambda: journal.condition().code == "journal_set_aside")
    assert journal.close(5)
    (aside,) = path.parent.glob("j.sqlite.damaged-*")
    with closing(sqlite3.connect(aside)) as connection:
        query = "SELECT min(id), count(*) FROM publications INDEXED BY publications_seq"
        oldest, count = connection.execute(query).fetchone()
    assert oldest in (1, 501), "one step may have been made before"
    assert count == 6001 - oldest


def test_bytes_that_are_no_message_are_told_with_the_row(written: Path) -> None:
    with closing(sqlite3.connect(written)) as connection, connection:
        connection.execute("UPDATE publications SET body = x'7b22ff' WHERE seq = 7")
        connection.execute("UPDATE publications SET header = 'a text' WHERE seq = 9")
    assert refused("export", written, "-f", "jsonl").startswith("journal: row 8 has been altered")
    with closing(sqlite3.connect(written)) as connection, connection:
        connection.execute("DELETE FROM publications WHERE seq = 7")
    said = refused("export", written)
    assert said.endswith("is damaged (a row holds values of other types) behind row 9; 7 rows were written")


@pytest.mark.parametrize("damage", [cut, zeros])
def test_a_journal_that_cannot_be_opened_is_set_aside_at_the_start(
    written: Path, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    damage(written)
    before = written.read_bytes()
    identity = make_identity()
    journal = make_journal(written, identity)
    journal.open()
    condition = journal.condition()
    for publication in publications(identity, 20):
        journal.append(publication)
    assert journal.close(5)
    (aside,) = written.parent.glob("j.sqlite.damaged-*")
    assert aside.read_bytes() == before, "nothing of it is deleted"
    assert condition.code == "journal_set_aside"
    assert f"is kept as {aside.name}; a new one was begun" in condition.text
    assert condition.text in caplog.text
    with JournalReader(written) as reader:
        assert len(list(reader.walk())) == 20


def test_a_file_is_set_aside_with_its_write_ahead_log_and_never_over_another_one(tmp_path: Path) -> None:
    asides = []
    for turn in ("first", "second"):
        for suffix in ("", "-wal", "-shm"):
            (tmp_path / f"j.sqlite{suffix}").write_text(turn + suffix)
        asides.append(set_aside(tmp_path / "j.sqlite"))
    assert len(set(asides)) == 2
    for turn, aside in zip(("first", "second"), asides, strict=True):
        for suffix in ("", "-wal", "-shm"):
            assert Path(f"{aside}{suffix}").read_text() == turn + suffix
    assert not (tmp_path / "j.sqlite-wal").exists()


def test_damage_that_shows_while_writing_costs_no_row_of_this_epoch(written: Path) -> None:
    pages(written, first=3, every=1)
    identity = make_identity()
    journal = make_journal(written, identity, commit_interval_ms=1)
    journal.open()
    made = publications(identity, 60)
    for publication in made:
        journal.append(publication)
    eventually(lambda: journal.state().waiting == 0)
    assert journal.close(5)
    assert (journal.state().committed, journal.state().not_journaled, journal.state().error) == (60, 0, "")
    assert journal.condition().code == "journal_set_aside"
    with JournalReader(written) as reader:
        assert [row.seq for row in reader.rows(identity.epoch, "cam1")] == list(range(60))


def test_a_damaged_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE theirs (x)")
        other.executemany("INSERT INTO theirs VALUES (?)", [("x" * 500,)] * 100)
    cut(path)
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"^journal\.path: .*move it away"):
        make_journal(path, make_identity()).open()
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["theirs.sqlite"]


@pytest.mark.parametrize("damage", [cut, zeros, a_page_of_rows])
def test_the_doctor_says_that_it_is_damaged_and_what_the_line_does(written: Path, damage: Damage) -> None:
    assert "damaged" not in journal_finding(JournalConfig(path=str(written)), Section.LINE).found
    damage(written)
    finding = journal_finding(JournalConfig(path=str(written)), Section.LINE)
    assert finding.state is State.NOTE
    assert "is damaged" in finding.found
    assert "under another name" in finding.advice
