"""The archive stays within its limits; what goes first, and what never goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.archive import index
from inspector.archive.entry import Evidence
from inspector.archive.quota import FreeSpace, Quota
from inspector.archive.reader import Archive
from inspector.archive.store import NoRoomError, Store
from tests.archive.making import add, make_clean, make_facts
from tests.archive.whole import faults

ONE = 20_480
"""What an entry of `make_facts` takes of the disk."""


def quota(**classes: int) -> Quota:
    return Quota(class_bytes={Evidence(name): size for name, size in classes.items()}, least_free_bytes=0)


def frames(root: Path) -> list[int]:
    with Archive(root) as archive:
        return [one.frame for one in archive.list()]


def test_a_class_gives_way_to_itself_the_least_worth_and_oldest_first(tmp_path: Path) -> None:
    with Store(tmp_path, quota(reject=3 * ONE)) as store:
        for frame, worth in enumerate([5.0, 1.0, 2.0, 1.0, 9.0, 0.0]):
            add(store, make_facts(frame, worth=worth))
        add(store, make_clean(100))
    assert frames(tmp_path) == [100, 5, 4, 0], "1 went first, then 3 (as little worth, younger), then 2"
    with Archive(tmp_path) as archive:
        assert [one.frame for one in archive.deletions()] == [2, 3, 1]
        assert {one.why for one in archive.deletions()} == {f"quota of reject ({3 * ONE} bytes)"}
    assert faults(tmp_path) == []


def test_a_quota_of_one_frame_holds_the_newest(tmp_path: Path) -> None:
    with Store(tmp_path, quota(reject=ONE)) as store:
        for frame in range(4):
            add(store, make_facts(frame))
            assert frames(tmp_path) == [frame]
    assert faults(tmp_path) == []


def test_what_can_never_fit_costs_nothing_else(tmp_path: Path) -> None:
    with Store(tmp_path, quota(reject=ONE - 1, clean=ONE)) as store:
        add(store, make_clean(0))
        with pytest.raises(NoRoomError, match=r"quota of reject \(20479 bytes\): no room for 20480 bytes"):
            add(store, make_facts(1))
    assert frames(tmp_path) == [0]
    assert faults(tmp_path) == []


def test_protected_entries_never_go(tmp_path: Path) -> None:
    with Store(tmp_path, quota(reject=2 * ONE)) as store:
        first = add(store, make_facts(0, worth=0.0))
        store.protect([first])
        add(store, make_facts(1, worth=9.0))
        add(store, make_facts(2, worth=9.0))
        assert frames(tmp_path) == [2, 0]
        store.protect("coil-7")
        with pytest.raises(NoRoomError, match="nothing else may go"):
            add(store, make_facts(3, run="coil-8"))
        assert frames(tmp_path) == [2, 0]
        store.protect("coil-7", on=False)
        add(store, make_facts(3, run="coil-8"))
    assert frames(tmp_path) == [3, 0], "unprotecting its run leaves an entry protected that was so by itself"
    assert faults(tmp_path) == []


def test_in_the_whole_archive_no_class_gives_way_to_one_of_less_worth(tmp_path: Path) -> None:
    with Store(tmp_path, Quota(total_bytes=3 * ONE, least_free_bytes=0)) as store:
        add(store, make_facts(0, evidence=Evidence.SCRAP))
        add(store, make_clean(1))
        add(store, make_facts(2))
        add(store, make_facts(3, evidence=Evidence.UNCERTAIN))
        assert frames(tmp_path) == [3, 2, 0], "the clean sheet went"
        add(store, make_facts(4, evidence=Evidence.SCRAP))
        add(store, make_facts(5, evidence=Evidence.SCRAP))
        assert frames(tmp_path) == [5, 4, 0]
        with pytest.raises(NoRoomError):
            add(store, make_clean(6))
    assert faults(tmp_path) == []


def test_the_disk_keeps_its_free_space(tmp_path: Path) -> None:
    with Store(tmp_path, Quota(least_free_bytes=2**62)) as store, pytest.raises(NoRoomError, match="free on the disk"):
        add(store, make_facts(0))
    assert faults(tmp_path) == []


def test_space_that_was_freed_is_not_freed_again_while_the_disk_does_not_show_it(tmp_path: Path) -> None:
    now = [0.0]
    space = FreeSpace(tmp_path, lambda: now[0])
    tera = 1 << 40
    before = space.bytes()
    space.freed(tera)
    assert space.bytes() >= tera, "the disk does not know of it"
    space.taken(tera // 2)
    assert tera // 2 <= space.bytes() - before + tera // 4 <= tera
    now[0] = 31.0
    assert space.bytes() < before + tera // 4, "what it says by now counts"


def test_the_latest_deletions_are_kept(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for frame in range(6):
            store.delete(add(store, make_facts(frame)), "by hand")
        with index.transaction(store._opened):
            index.forget_deletions(store._opened, 4)
        with Archive(tmp_path) as archive:
            first = archive.deletions(limit=3)
            assert [one.frame for one in first] == [5, 4, 3]
            assert [one.frame for one in archive.deletions(cursor=first[-1].number)] == [2]


def clock(seconds: list[float]) -> Callable[[], int]:
    """A clock that shows these times, one after the other."""
    left = list(seconds)
    return lambda: int(left.pop(0) * 1e9)


def test_days_until_full_are_told_by_the_rate(tmp_path: Path) -> None:
    day = 86_400.0
    with Store(tmp_path, quota(reject=10 * ONE), clock_ns=clock([0, day, 2 * day, 3 * day])) as store:
        assert store.days_until_full(Evidence.REJECT) is None, "nothing is known yet"
        for frame in range(4):
            add(store, make_facts(frame))
        assert store.days_until_full(Evidence.REJECT) == pytest.approx(6.0)
        assert store.days_until_full(Evidence.CLEAN) is None


def test_a_clock_stepped_back_decides_nothing(tmp_path: Path) -> None:
    day = 86_400.0
    times = [10 * day, 11 * day, 3 * day, -5 * day, 1000 * day]
    with Store(tmp_path, quota(reject=3 * ONE), clock_ns=clock([*times[:4], times[3], times[4], times[4]])) as store:
        for frame, captured in enumerate(times):
            add(store, make_facts(frame, captured_unix_ns=int(captured * 1e9)))
        assert frames(tmp_path) == [4, 3, 2], "the oldest by id went"
        assert store.days_until_full(Evidence.REJECT) == 0
    assert faults(tmp_path) == []
    with Store(tmp_path) as store:
        assert add(store, make_facts(9)) == 6
