"""Entries go in whole and come out as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector.archive.entry import Evidence
from inspector.archive.index import Total
from inspector.archive.reader import Archive, Filter
from inspector.archive.store import Store
from inspector.errors import UserError
from tests.archive.making import SIZE, add, make_clean, make_facts, mask, pixels


def test_what_is_added_is_read_as_it_was(tmp_path: Path) -> None:
    facts = make_facts(3)
    with Store(tmp_path / "archive") as store:
        id_ = add(store, facts)
        clean = add(store, make_clean(4))
        with Archive(tmp_path / "archive") as archive:
            entry = archive.get(id_)
            assert entry is not None
            assert {name: getattr(entry, name) for name in facts.__struct_fields__} == {
                name: getattr(facts, name) for name in facts.__struct_fields__
            }
            assert np.array_equal(archive.pixels(id_), pixels(3))
            found = archive.mask(id_)
            assert found is not None
            assert np.array_equal(found, mask())
            empty = archive.mask(clean)
            assert empty is not None, "a sheet that passed has an empty mask"
            assert empty.shape == SIZE
            assert not empty.any()
            assert (archive.thumbnail(id_) or b"").startswith(b"\xff\xd8")
            assert [one.id for one in archive.list()] == [clean, id_]
            assert [one.id for one in archive.list(Filter(class_name="crack"))] == [id_]
            assert archive.find(entry.epoch, "top", 3) == entry
            assert archive.totals()[Evidence.REJECT] == Total(entries=1, bytes=entry.bytes)


def test_a_frame_is_stored_once(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert add(store, make_facts(1)) == add(store, make_facts(1))
        assert sum(one.entries for one in store.totals().values()) == 1


def test_a_deletion_is_a_row_and_leaves_no_file(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        id_ = add(store, make_facts(1))
        assert store.delete(id_, "by hand") == 1
        assert store.delete(id_, "by hand") == 0
        assert add(store, make_facts(2)) == id_ + 1
        with Archive(tmp_path) as archive:
            assert archive.get(id_) is None
            (gone,) = archive.deletions()
            assert (gone.id, gone.run, gone.frame, gone.why) == (id_, "coil-7", 1, "by hand")
    assert not list(tmp_path.rglob("*-1-*"))


def test_only_one_process_writes(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(UserError, match=r"archive\.path: .* is written by this process already"):
        Store(tmp_path)
    Store(tmp_path).close()


def test_protected_runs_stay_so_and_take_in_later_entries(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first = add(store, make_facts(1))
        assert store.protect("coil-7") == 1
        second = add(store, make_facts(2))
        other = add(store, make_facts(3, run="coil-8"))
        assert store.protect([other, 99]) == 1
        with Archive(tmp_path) as archive:
            assert [one.id for one in archive.list(Filter(protected=True))] == [other, second, first]
            store.protect("coil-7", on=False)
            assert [one.id for one in archive.list(Filter(protected=True))] == [other]
