"""An index that is deleted or damaged is made again from the files; files that are gone are told to be."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from engines.errors import FileError
from inspector.archive.mend import Mended
from inspector.archive.places import INDEX
from inspector.archive.reader import Archive, Filter
from inspector.archive.store import Store
from inspector.errors import UserError
from tests.archive.making import add, make_clean, make_facts
from tests.archive.whole import faults


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of five entries, of which one was deleted."""
    with Store(tmp_path / "archive") as store:
        for frame in range(5):
            add(store, make_facts(frame, run=f"coil-{frame % 2}"))
        add(store, make_clean(7))
        store.protect("coil-1")
        store.protect([5])
        store.delete(3, "by hand")
    return tmp_path / "archive"


def entries(root: Path) -> list[object]:
    with Archive(root) as archive:
        return list(archive.list())


def remove_index(root: Path) -> None:
    for path in root.glob(f"{INDEX}*"):
        path.unlink()


def test_a_deleted_index_is_made_again_with_ids_and_protection(root: Path) -> None:
    before = entries(root)
    remove_index(root)
    with Store(root) as store:
        assert store.mended == Mended(adopted=5)
        assert add(store, make_facts(20)) == 7
    assert entries(root)[1:] == before
    assert faults(root) == []


@pytest.mark.parametrize("where", ["header", "everywhere", "zeros", "the middle"])
def test_a_damaged_index_is_set_aside_and_made_again(where: str, root: Path) -> None:
    before = entries(root)
    data = bytearray((root / INDEX).read_bytes())
    if where == "header":
        data[20:50] = b"\xa5" * 30
    elif where == "zeros":
        data = bytearray(len(data))
    elif where == "the middle":
        data[4096:] = b"\x5a" * (len(data) - 4096)
    else:
        data[100:] = b"\x5a" * (len(data) - 100)
    (root / INDEX).write_bytes(data)
    with Store(root) as store:
        assert add(store, make_facts(20)) == 7
    assert entries(root)[1:] == before
    assert faults(root) == []
    assert len([path for path in root.glob("*damaged*") if not path.name.endswith(("-wal", "-shm"))]) == 1


def test_damage_while_it_is_open_costs_no_entry(root: Path) -> None:
    before = entries(root)
    with Store(root) as store:
        connection = store._opened
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with (root / INDEX).open("r+b") as file:
            file.seek(4096)
            file.write(b"\x5a" * (file.seek(0, 2) - 4096))
        connection.execute("PRAGMA shrink_memory")
        assert add(store, make_facts(20)) == 7
        assert add(store, make_facts(21)) == 8
    assert entries(root)[2:] == before
    assert faults(root) == []


def test_an_index_of_a_newer_program_is_refused_and_left_alone(root: Path) -> None:
    connection = sqlite3.connect(root / INDEX)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    expected = r"has schema version 99, this program knows version 2; use the newer program or name another folder"
    for opened in (Store, Archive):
        with pytest.raises(UserError, match=expected):
            opened(root)
    with pytest.raises(UserError, match=expected):
        Store(root)
    assert not list(root.glob("*damaged*"))


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / INDEX)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    with pytest.raises(UserError, match="another program's SQLite file"):
        Store(tmp_path)
    (tmp_path / INDEX).write_bytes(b"no database, and long enough to be looked at" * 200)
    with pytest.raises(UserError, match="is not an SQLite file"):
        Store(tmp_path)


def test_lost_pictures_are_told_and_found_again(root: Path) -> None:
    with Archive(root) as archive:
        first, second = archive.list(limit=2, oldest_first=True)
    aside = root / "aside.png"
    (root / first.image.path).rename(aside)
    assert second.mask is not None
    (root / second.mask.path).write_bytes(b"short")
    with Store(root) as store:
        assert store.mend() == Mended(lost=2)
        assert store.mend() == Mended()
        with Archive(root) as archive:
            assert [one.id for one in archive.list(Filter(lost=True))] == [second.id, first.id]
            with pytest.raises(FileError, match="cannot be read"):
                archive.pixels(first)
            with pytest.raises(FileError, match="is not as it was written"):
                archive.mask(second)
        aside.rename(root / first.image.path)
        assert store.mend() == Mended(found_again=1)


def test_facts_are_written_again_from_the_row(root: Path) -> None:
    for path in (root / "entries").rglob("*.json"):
        path.unlink()
    with Store(root) as store:
        assert store.mend() == Mended(rewritten=5)
    assert faults(root) == []


def test_pictures_are_never_removed_for_want_of_facts(root: Path) -> None:
    """Somebody removed the index and the facts: what is left is evidence all the same."""
    remove_index(root)
    shutil.rmtree(root / "entries")
    pictures = sorted((root / "images").rglob("*.png"))
    with Store(root) as store:
        assert store.mended == Mended(unknown=5)
    assert sorted((root / "images").rglob("*.png")) == pictures


def test_facts_are_kept_while_all_pictures_are_away(tmp_path: Path) -> None:
    """As where the folder of the pictures is a disk of its own that is not mounted."""
    with Store(tmp_path) as store:
        for frame in range(12):
            add(store, make_facts(frame))
    remove_index(tmp_path)
    (tmp_path / "images").rename(tmp_path / "away")
    with Store(tmp_path) as store:
        assert store.mended == Mended(unknown=12)
    (tmp_path / "images").rmdir()
    (tmp_path / "away").rename(tmp_path / "images")
    with Store(tmp_path) as store:
        assert store.mend() == Mended(adopted=12)
    assert faults(tmp_path) == []
