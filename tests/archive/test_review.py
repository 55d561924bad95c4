"""What a person says of an entry is kept, in the order in which it was said, and makes its mask and its label."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engines.errors import FileError
from inspector.archive import index, index_schema
from inspector.archive.check import check
from inspector.archive.entry import Evidence
from inspector.archive.places import INDEX
from inspector.archive.quota import Quota
from inspector.archive.reader import Archive, Filter
from inspector.archive.review import ConflictError, GoneError, Judgement, Missed, Proposal, Review
from inspector.archive.reviewing import review
from inspector.archive.store import NoRoomError, Store
from inspector.errors import UserError
from inspector.frames.outcome import Reason, Verdict
from tests.archive.making import SIZE, add, add_two_defects, make_clean, make_facts, mask, pixels, png, two_defects
from tests.archive.whole import faults

SPECK = (50, 80)
"""A pixel that is no defect."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """1: a crack and a scale over it; 2: one crack; 3: clean; 4: not segmented."""
    root = tmp_path / "archive"
    with Store(root) as store:
        add_two_defects(store, 1)
        add(store, make_facts(2))
        add(store, make_clean(3))
        unseen = make_facts(
            4, verdict=Verdict.UNINSPECTED, reason=Reason.DEADLINE, pixels={}, defect_pixels={}, defects=(), classes=()
        )
        add(store, unseen)
    return root


def said(root: Path, id_: int, says: Any, *, base: int = 0, author: str = "Ada", **more: Any) -> Review:
    return review(root, id_, Proposal(base=base, says=says, **more), author=author)


def masked(root: Path, id_: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Archive(root) as archive:
        found = archive.reviewed_mask(id_)
    assert found is not None
    return found


def truth(made: Review) -> tuple[tuple[str, ...], bool]:
    assert made.truth is not None
    return made.truth.classes, made.truth.located


def test_right_keeps_the_regions_of_defects_and_clears_the_rest(root: Path) -> None:
    made = said(root, 1, "right", note="clear case \N{GREEK SMALL LETTER OMEGA}")
    assert (made.revision, made.author, truth(made)) == (1, "Ada", (("crack", "scale"), True))
    expected = two_defects()
    expected[SPECK] = 0
    assert np.array_equal(masked(root, 1), expected)
    assert truth(said(root, 3, "right")) == ((), True)
    assert not masked(root, 3).any()
    with Archive(root) as archive:
        assert archive.review_of(1) == made
        assert archive.review_of(2) is None
    assert faults(root) == []


def test_each_defect_may_be_judged_otherwise(root: Path) -> None:
    crack, scale = Judgement(defect=0, says="false_alarm"), Judgement(defect=1, says="other_class", class_name="crack")
    made = said(root, 1, "corrected", judgements=(crack, scale))
    assert truth(made) == (("crack",), True)
    expected = np.where(two_defects() & 2, np.uint8(1), np.uint8(0))
    assert np.array_equal(masked(root, 1), expected)
    made = said(root, 1, "corrected", base=1, judgements=(crack,))
    assert truth(made) == (("scale",), True), "a defect that is not named is right"
    assert np.array_equal(masked(root, 1), two_defects() & 2)


def test_a_missed_defect_is_a_box_without_an_outline(root: Path) -> None:
    missed = Missed(class_name="scale", box_px=(70, 40, 20, 10))
    assert truth(said(root, 2, "corrected", missed=(missed,))) == (("crack", "scale"), False)
    assert np.array_equal(masked(root, 2), mask())
    assert truth(said(root, 4, "corrected", missed=(missed,))) == (("scale",), False)
    assert truth(said(root, 4, "false_alarm", base=1)) == ((), True)
    assert masked(root, 4).shape == SIZE


def test_a_crop_is_masked_where_it_lies_in_its_frame(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        crop = make_facts(4, box_px=(5, 15, 40, 30), height_px=256, width_px=1600)
        store.add(crop, png(pixels(4)[:30, :40]), png(mask()[15:45, 5:45]), None)
    said(tmp_path, 1, "right")
    assert np.array_equal(masked(tmp_path, 1), mask()[15:45, 5:45])
    with pytest.raises(UserError, match=r"is not on its picture, which shows 40 x 30 px of the frame from 5, 15"):
        said(tmp_path, 1, "corrected", base=1, missed=(Missed(class_name="crack", box_px=(900, 90, 5, 5)),))


def test_more_defects_than_the_line_listed_are_not_located(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add(make_facts(1, defect_pixels={"crack": 200, "scale": 9}), png(pixels(1)), png(mask()), None)
    assert truth(said(tmp_path, 1, "right")) == (("crack", "scale"), False)
    assert truth(said(tmp_path, 1, "false_alarm", base=1)) == ((), True)


def test_a_defect_that_is_no_region_is_told_and_not_guessed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        moved = np.roll(mask(), 1, axis=0)
        store.add(make_facts(1), png(pixels(1)), png(moved), None)
    with pytest.raises(
        UserError, match=r"defect 0 \(crack at 10, 20, 20 x 10 px, 200 px\) is no region of its mask"
    ) as told:
        said(tmp_path, 1, "right")
    assert "\n" not in str(told.value)
    assert truth(said(tmp_path, 1, "false_alarm")) == ((), True)


def test_two_people_never_overwrite_each_other(root: Path) -> None:
    first = said(root, 2, "right")
    with pytest.raises(ConflictError, match="at revision 1, by Ada; this review is based on revision 0") as told:
        said(root, 2, "false_alarm", author="Bo")
    assert told.value.there == first
    second = said(root, 2, "false_alarm", base=1, author="Bo")
    with Archive(root) as archive:
        assert archive.reviews(2) == (first, second)
    with pytest.raises(ConflictError, match="is not reviewed"):
        said(root, 3, "right", base=1)


def test_of_many_at_once_one_is_kept(root: Path) -> None:
    kept: list[Review] = []
    refused: list[ConflictError] = []

    def judge(number: int) -> None:
        try:
            kept.append(said(root, 2, "right", author=f"person {number}"))
        except ConflictError as error:
            refused.append(error)

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(kept), len(refused)) == (1, 7)
    assert all(one.there == kept[0] for one in refused)


def test_a_review_is_taken_back_and_stays_in_the_history(root: Path) -> None:
    first = said(root, 2, "false_alarm")
    undone = said(root, 2, "undone", base=1, author="Bo")
    assert undone.truth is None
    with Archive(root) as archive:
        assert archive.review_of(2) is None
        assert archive.reviews(2) == (first, undone)
        assert archive.reviewed_mask(2) is None
    with pytest.raises(UserError, match="is not reviewed; there is nothing to take back"):
        said(root, 2, "undone", base=2)
    assert said(root, 2, "right", base=2).revision == 3
    assert faults(root) == []


def test_what_was_reviewed_is_found_and_counted(root: Path) -> None:
    said(root, 1, "false_alarm")
    said(root, 3, "right")
    with Archive(root) as archive:
        assert [one.id for one in archive.list(Filter(reviewed=True))] == [3, 1]
        assert [one.id for one in archive.list(Filter(reviewed=False))] == [4, 2]
        assert [one.id for one in archive.list(Filter(dismissed=True))] == [1]
        assert archive.count(Filter(dismissed=False)) == 3
        assert [one.id for one in archive.queue(Evidence.REJECT)] == [4, 2]
        assert [one.id for one in archive.queue(Evidence.REJECT, cursor=4)] == [2]
        counts = archive.to_review()
        assert (counts[Evidence.REJECT], counts[Evidence.CLEAN], counts[Evidence.SCRAP]) == (2, 0, 0)


def test_no_quota_deletes_what_was_reviewed(tmp_path: Path) -> None:
    with Store(tmp_path, Quota(class_bytes={Evidence.REJECT: 41_000}, least_free_bytes=0)) as store:
        first = add(store, make_facts(1))
        said(tmp_path, first, "right")
        second = add(store, make_facts(2))
        third = add(store, make_facts(3))
        with Archive(tmp_path) as archive:
            assert [one.id for one in archive.list()] == [third, first]
            assert [one.id for one in archive.list(Filter(protected=True))] == [first]
        store.protect("coil-7", on=False)
        said(tmp_path, third, "right")
        with pytest.raises(NoRoomError):
            add(store, make_facts(4))
        said(tmp_path, first, "undone", base=1)
        with pytest.raises(GoneError, match=f"has no entry {second}; it was deleted"):
            said(tmp_path, second, "right")
        fourth = add(store, make_facts(4))
        with Archive(tmp_path) as archive:
            assert [one.id for one in archive.list()] == [fourth, third]
    assert faults(tmp_path) == []


def test_undoing_leaves_what_is_protected_otherwise(root: Path) -> None:
    with Store(root) as store:
        store.protect("coil-7")
        said(root, 2, "right")
        said(root, 2, "undone", base=1)
        with Archive(root) as archive:
            assert archive.count(Filter(protected=True)) == 4


def test_a_deletion_takes_the_reviews_along(root: Path) -> None:
    said(root, 2, "right")
    with Store(root) as store:
        store.delete(2, "by hand")
    assert not list((root / "reviews").rglob("*.*"))
    assert faults(root) == []
    with Archive(root) as archive:
        assert archive.reviews(2) == ()


@pytest.mark.parametrize(
    ("id_", "asked", "expected"),
    [
        (2, {"says": "right", "judgements": (Judgement(defect=0, says="false_alarm"),)}, "expected says: corrected"),
        (2, {"says": "false_alarm", "missed": (Missed(class_name="crack", box_px=(0, 0, 9, 9)),)}, "says: corrected"),
        (2, {"says": "corrected"}, "names neither a defect nor what was missed"),
        (2, {"says": "corrected", "judgements": (Judgement(defect=1, says="right"),)}, "has no defect 1; it has 1"),
        (2, {"says": "corrected", "judgements": (Judgement(defect=0, says="right"),) * 2}, "defect 0 is judged twice"),
        (
            2,
            {"says": "corrected", "judgements": (Judgement(defect=0, says="other_class"),)},
            "expected class_name with",
        ),
        (
            2,
            {"says": "corrected", "judgements": (Judgement(defect=0, says="other_class", class_name="rust"),)},
            "found class 'rust'; expected one of crack, scale",
        ),
        (
            2,
            {"says": "corrected", "judgements": (Judgement(defect=0, says="other_class", class_name="crack"),)},
            "is of class crack already",
        ),
        (
            2,
            {"says": "corrected", "missed": (Missed(class_name="crack", box_px=(90, 0, 9, 9)),)},
            "leaves the frame of 96",
        ),
        (4, {"says": "right"}, "was not segmented"),
        (2, {"says": "undone"}, "there is nothing to take back"),
        (99, {"says": "right"}, "has no entry 99"),
        (2, {"says": "right", "note": "two\nlines"}, r"note: holds the control character U\+000A"),
        (2, {"says": "right", "note": "x\N{RIGHT-TO-LEFT OVERRIDE}"}, r"U\+202E"),
        (2, {"says": "right", "note": "\ud800"}, r"U\+D800"),
        (2, {"says": "right", "note": "x" * 1001}, "found 1001 characters"),
        (2, {"says": "right", "author": ""}, "author: found 0 characters; expected 1 to 64"),
        (2, {"says": "right", "author": "a\x1b[31m"}, r"U\+001B"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(id_: int, asked: dict[str, Any], expected: str, root: Path) -> None:
    with pytest.raises(UserError, match=expected) as told:
        said(root, id_, **asked)
    assert "\n" not in str(told.value)
    assert not (root / "reviews").exists()
    assert faults(root) == []


def test_a_lost_entry_is_not_reviewed_but_its_review_may_be_taken_back(root: Path) -> None:
    said(root, 2, "right")
    with Archive(root) as archive:
        entry = archive.get(2)
    assert entry is not None
    (root / entry.image.path).unlink()
    with Store(root) as store:
        store.mend()
    with pytest.raises(UserError, match="is not there any more"):
        said(root, 2, "false_alarm", base=1)
    said(root, 2, "undone", base=1)


def test_there_is_nothing_to_review_where_there_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no archive"):
        said(tmp_path / "none", 1, "right")


def test_a_linked_folder_of_reviews_is_refused(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "reviews").symlink_to(elsewhere)
    with pytest.raises(FileError, match="a review cannot be written"):
        said(root, 2, "right")
    assert not list(elsewhere.iterdir())


def as_version_1(root: Path) -> None:
    connection = sqlite3.connect(root / INDEX)
    connection.execute("DROP TABLE reviews")
    connection.execute("DROP TABLE reviewed")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_an_archive_of_version_1_opens_and_is_reviewed(root: Path) -> None:
    as_version_1(root)
    with Archive(root) as archive:
        assert archive.review_of(2) is None
        assert archive.count(Filter(reviewed=True)) == 0
        assert archive.count(Filter(reviewed=False, dismissed=False)) == 4
        assert archive.to_review()[Evidence.REJECT] == 3
        made = said(root, 2, "right")
        assert archive.review_of(2) == made, "whoever has it open sees the review, too"
    as_version_1(root)
    with Store(root) as store:
        assert store.mend().reviews == 1
    with Archive(root) as archive:
        assert archive.review_of(2) == made


def test_a_row_that_no_archive_has_written_is_told_and_taken_from_the_file(root: Path) -> None:
    made = said(root, 2, "right")
    changed = msgspec.json.decode(msgspec.json.encode(made))
    changed["truth"]["mask"]["path"] = "reviews/../../x.png"
    connection = sqlite3.connect(root / INDEX)
    connection.execute("UPDATE reviews SET review = ?", (msgspec.json.encode(changed),))
    connection.commit()
    connection.close()
    with Archive(root) as archive, pytest.raises(UserError, match="no archive has written"):
        archive.review_of(2)
    with Store(root) as store:
        assert store.mend().reviews == 1
    with Archive(root) as archive:
        assert archive.review_of(2) == made


def test_a_deletion_that_was_cut_short_is_finished(root: Path) -> None:
    said(root, 2, "right")
    connection = index_schema.open_for_writing(root / INDEX)
    with index.transaction(connection):
        index.delete(connection, [2], "by hand", 0, also_protected=True)
        connection.execute("DELETE FROM facts")
    connection.close()
    with Store(root) as store:
        assert store.mended.removed == 6
    assert faults(root) == []


def test_a_review_whose_entry_is_gone_otherwise_is_left_alone(root: Path) -> None:
    """Somebody removed the files of an entry, and the index: what a person said is not removed for that."""
    said(root, 2, "right")
    for path in (*root.glob(f"{INDEX}*"), *root.glob("[!r]*/*/coil-7-top-2-*")):
        path.unlink()
    with Store(root) as store:
        assert store.mended.unknown == 2
    assert len(list((root / "reviews").rglob("*.*"))) == 2


def test_an_index_that_was_lost_has_its_reviews_again(root: Path) -> None:
    said(root, 1, "right")
    said(root, 1, "undone", base=1)
    made = said(root, 2, "corrected", missed=(Missed(class_name="scale", box_px=(70, 40, 20, 10)),))
    with Archive(root) as archive:
        before = archive.list(), archive.reviews(1), archive.reviews(2)
    for path in root.glob(f"{INDEX}*"):
        path.unlink()
    with Store(root) as store:
        assert (store.mended.adopted, store.mended.reviews) == (4, 2)
    with Archive(root) as archive:
        assert (archive.list(), archive.reviews(1), archive.reviews(2)) == before
        assert archive.review_of(2) == made
    assert faults(root) == []


def test_a_check_knows_the_files_of_reviews(root: Path) -> None:
    said(root, 2, "right")
    assert check(root, mend=False, thorough=True).well
    (reviewed,) = (root / "reviews").rglob("*.png")
    reviewed.write_bytes(png(np.zeros(SIZE, np.uint8)))
    notes = root / "reviews" / reviewed.parent.name / "notes.txt"
    notes.write_text("mine")
    found = check(root, mend=False, thorough=True)
    assert (found.found.reviews, found.found.unknown, len(found.damaged)) == (1, 1, 1)
    assert check(root, mend=True, thorough=True).well
    assert np.array_equal(masked(root, 2), mask())
    notes.unlink()
    (history,) = (root / "reviews").rglob("*.json")
    history.unlink()
    assert check(root, mend=False, thorough=False).found.reviews == 1
    assert check(root, mend=True, thorough=True).well
    assert faults(root) == []


def test_a_file_of_reviews_that_nobody_has_written_is_left_alone(root: Path) -> None:
    said(root, 2, "right")
    (history,) = (root / "reviews").rglob("*.json")
    for content in (b"{", b"[{}]", b"[" * 10_000, history.read_bytes().replace(b"coil-7-top-2", b"coil-7-top-3")):
        history.write_bytes(content)
        for path in root.glob(f"{INDEX}*"):
            path.unlink()
        with Store(root) as store:
            assert store.mended.unknown == 1
        with pytest.raises(FileError, match="the reviews of entry 2 cannot be read"):
            said(root, 2, "right")
        assert history.read_bytes() == content


def test_reviewing_beside_a_line_that_adds_and_deletes(tmp_path: Path) -> None:
    done = threading.Event()
    kept: list[int] = []

    def judge() -> None:
        while not done.is_set():
            with Archive(tmp_path) as archive:
                waiting = [(one.id, len(archive.reviews(one.id))) for one in archive.queue(Evidence.REJECT, limit=1)]
            for id_, base in waiting:
                try:
                    said(tmp_path, id_, "right", base=base)
                    said(tmp_path, id_, "undone", base=base + 1)
                    kept.append(id_)
                except GoneError:
                    continue

    with Store(tmp_path, Quota(class_bytes={Evidence.REJECT: 200_000}, least_free_bytes=0)) as store:
        reviewing = threading.Thread(target=judge)
        reviewing.start()
        try:
            for frame in range(1000):
                add(store, make_facts(frame))
                if frame >= 20 and len(kept) >= 3:
                    break
        finally:
            done.set()
            reviewing.join()
    assert len(kept) >= 3
    assert faults(tmp_path) == []
