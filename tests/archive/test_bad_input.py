"""Hostile names, links, and files that are not what they say: nothing is written or read outside the archive."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.errors import FileError
from inspector.archive.places import INDEX, image_path, stem_in, stem_of
from inspector.archive.reader import Archive
from inspector.archive.store import Store
from inspector.errors import UserError
from tests.archive.making import add, make_facts, png
from tests.archive.whole import faults

HOSTILE = [
    "../../x<script>",
    "..",
    ".",
    "",
    "/etc/passwd",
    "a\0b",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp",
    "x" * 64,
    "-rf",
    "日本鋼板",
]


@pytest.mark.parametrize("run", HOSTILE)
def test_a_runs_name_never_leaves_the_archive(run: str, tmp_path: Path) -> None:
    with Store(tmp_path / "archive") as store:
        id_ = add(store, make_facts(1, run=run))
        with Archive(tmp_path / "archive") as archive:
            found = archive.get(id_)
            assert found is not None
            assert found.run == run
    assert faults(tmp_path / "archive") == []
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


@given(
    run=st.one_of(st.none(), st.text(max_size=64)),
    captured=st.integers(-(2**63), 2**63 - 1),
    frame=st.integers(0, 2**53),
)
def test_every_name_is_safe_and_found_again(run: str | None, captured: int, frame: int) -> None:
    stem = stem_of(run, "camera-1", frame, "epoch", captured)
    assert stem_in(image_path(stem, "png")) == stem
    assert stem.isascii()
    assert len(stem) < 200


@pytest.mark.parametrize("folder", ["images", "entries"])
def test_a_linked_folder_is_refused(folder: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / folder).symlink_to(elsewhere)
    with pytest.raises(UserError, match="a link or a file is in the place of a folder"):
        Store(tmp_path / "archive")
    assert not list(elsewhere.iterdir())


def test_a_linked_day_costs_the_entry(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Store(tmp_path / "archive") as store:
        day = stem_of("coil-7", "top", 1, "e", make_facts(1).captured_unix_ns).partition("/")[0]
        (tmp_path / "archive" / "images" / day).symlink_to(elsewhere)
        with pytest.raises(FileError, match="an entry cannot be written"):
            add(store, make_facts(1))
    assert not list(elsewhere.iterdir())
    assert not list((tmp_path / "archive").rglob("*.json"))


def test_a_picture_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    with Store(tmp_path / "archive") as store:
        id_ = add(store, make_facts(1))
        with Archive(tmp_path / "archive") as archive:
            entry = archive.get(id_)
            assert entry is not None
            place = tmp_path / "archive" / entry.image.path
            place.rename(secret)
            place.symlink_to(secret)
            with pytest.raises(FileError):
                archive.pixels(entry)
        assert store.mend().lost == 1
        store.delete(id_, "by hand")
    assert secret.exists(), "only the link was removed"


def test_a_picture_of_another_size_or_kind_is_told(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        text = store.add(make_facts(1), b"no picture at all", None, None)
        small = store.add(make_facts(2), png(np.zeros((3, 3), np.uint8)), None, None)
    with Archive(tmp_path) as archive:
        with pytest.raises(FileError, match="is not a JPEG"):
            archive.pixels(text)
        with pytest.raises(FileError, match="is 3x3 pixels"):
            archive.pixels(small)


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/passwd", "images/20260921/../../x.png", "images/x.png"])
def test_a_row_that_leads_out_of_the_archive_is_refused_and_mended(path: str, tmp_path: Path) -> None:
    with Store(tmp_path / "archive") as store:
        id_ = add(store, make_facts(1))
    connection = sqlite3.connect(tmp_path / "archive" / INDEX)
    ((content,),) = connection.execute("SELECT entry FROM contents").fetchall()
    changed = json.loads(content)
    changed["image"]["path"] = path
    connection.execute("UPDATE contents SET entry = ?", (json.dumps(changed).encode(),))
    connection.commit()
    connection.close()
    with Archive(tmp_path / "archive") as archive, pytest.raises(UserError, match="no archive has written"):
        archive.get(id_)
    with Store(tmp_path / "archive") as store:
        mended = store.mend()
    assert (mended.bad_rows, mended.adopted) == (1, 1)
    assert faults(tmp_path / "archive") == []


def test_facts_that_name_other_files_are_not_adopted(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        add(store, make_facts(1))
    (facts,) = (tmp_path / "entries").rglob("*.json")
    changed = json.loads(facts.read_bytes())
    changed["image"]["path"] = "images/20260921/other-1-00000000.png"
    facts.write_text(json.dumps(changed), encoding="utf-8")
    for path in tmp_path.glob(f"{INDEX}*"):
        path.unlink()
    with Store(tmp_path) as store:
        assert (store.mended.adopted, store.mended.unknown) == (0, 1)


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        add(store, make_facts(1))
        day = next((tmp_path / "images").iterdir())
        notes = [day / "notes.txt", day / "half.part", tmp_path / "images" / "readme.md"]
        for one in notes:
            one.write_text("mine")
        os.mkfifo(day / "pipe")
        assert store.mend().unknown == 3
    assert all(one.exists() for one in notes)


def test_what_is_protected_is_refused_where_it_cannot_be_read(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        add(store, make_facts(1))
        store.protect("coil-7")
    (tmp_path / "protected.json").write_text("{", encoding="utf-8")
    (tmp_path / INDEX).unlink()
    with pytest.raises(UserError, match=r"protected\.json: does not say what is protected"):
        Store(tmp_path)
