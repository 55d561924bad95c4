"""A disk that is full costs the entry that was to be added, and nothing that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from engines.errors import FileError
from inspector.archive.quota import Quota
from inspector.archive.reader import Archive
from inspector.archive.review import Proposal
from inspector.archive.reviewing import review
from inspector.archive.store import Store
from inspector.errors import UserError
from tests.archive.making import add, make_facts
from tests.archive.whole import faults
from tests.faults.disk import fill, small_disk
from tests.faults.scenario import Unavailable


def test_a_full_disk_is_told_and_leaves_a_whole_archive(tmp_path: Path) -> None:
    try:
        with small_disk(tmp_path / "disk", "2m") as disk:
            _fill_up(disk)
    except Unavailable as why:
        pytest.skip(str(why))


def _fill_up(disk: Path) -> None:
    root = disk / "archive"
    store = Store(root, Quota(least_free_bytes=0))
    kept = [add(store, make_facts(frame)) for frame in range(10)]
    refused = 0
    for leave in (0, 4096, 8192, 16_384, 65_536):
        ballast = fill(disk, leave)
        if leave < 20_480:
            with pytest.raises(FileError, match="full"):
                add(store, make_facts(100 + leave))
        else:
            kept.append(add(store, make_facts(100 + leave)))
        told = [_review(root, id_) for id_ in (1, 2)]
        assert all("full" in one for one in told if one)
        refused += sum(map(bool, told))
        ballast.unlink()
        assert faults(root) == []
        for id_ in (1, 2):
            assert not _review(root, id_)
        assert faults(root) == []
    assert refused
    kept.append(add(store, make_facts(99)))
    store.close()
    ballast = fill(disk)
    with pytest.raises(UserError, match="full"):
        Store(root)
    ballast.unlink()
    with Store(root) as store, Archive(root) as archive:
        assert not store.mended.changed
        assert [one.id for one in archive.list()] == sorted(kept, reverse=True)


def _review(root: Path, id_: int) -> str:
    """Empty where the review was kept, else why not: it may need more room than there is."""
    with Archive(root) as archive:
        base = len(archive.reviews(id_))
    says: Literal["right", "false_alarm"] = "right" if base % 2 else "false_alarm"
    try:
        review(root, id_, Proposal(base=base, says=says), author="Ada")
    except FileError as error:
        return str(error)
    with Archive(root) as archive:
        assert len(archive.reviews(id_)) == base + 1
    return ""
