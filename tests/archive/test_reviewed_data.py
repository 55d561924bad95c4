"""From a person's review to labels that a training reads: the archive itself, and what is exported from it."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.data.check import check_dataset
from engines.data.dataset import Dataset, LabelledFrame, open_dataset
from engines.errors import DataError
from inspector.archive.places import INDEX
from inspector.archive.reader import Archive, Filter
from inspector.archive.review import Judgement, Missed, Proposal
from inspector.archive.reviewing import review
from inspector.archive.store import Store
from inspector.frames.outcome import Reason, Verdict
from tests.archive.making import CLASSES, add, add_two_defects, make_clean, make_facts, mask, pixels, png, two_defects
from tests.archive.test_review import as_version_1
from tests.cli.in_process import inspector, refused, run

DESCRIBED = f"kind: masks\nmask_style: bitmask\nframes: {INDEX}\n"
SWAPPED = Judgement(defect=1, says="other_class", class_name="crack")
MISSED = Missed(class_name="scale", box_px=(70, 40, 20, 10))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Eight entries. 1 is right, of 2 one is a false alarm and one of another class, 3 is a false alarm, 4 has a missed one, 5 is clean, 6 was
    not segmented and is clean; of 7, one review was taken back; 8 is not reviewed."""
    root = tmp_path / "archive"
    with Store(root) as store:
        for frame in (1, 2):
            add_two_defects(store, frame, sheet(frame), run="coil-1")
        for frame in (3, 4):
            add(store, make_facts(frame, run="coil-2"), sheet(frame))
        add(store, make_clean(5, run="coil-3"), sheet(5))
        unseen = make_facts(
            6, verdict=Verdict.UNINSPECTED, reason=Reason.DEADLINE, pixels={}, defect_pixels={}, defects=(), classes=()
        )
        add(store, unseen, sheet(6))
        add(store, make_facts(7), sheet(7))
        add(store, make_clean(8), sheet(8))
    said(root, 1, "right")
    said(root, 2, "corrected", judgements=(Judgement(defect=0, says="false_alarm"), SWAPPED))
    said(root, 3, "false_alarm")
    said(root, 4, "corrected", missed=(MISSED,), author="Bo")
    said(root, 5, "right", author="Bo")
    said(root, 6, "false_alarm")
    said(root, 7, "right")
    said(root, 7, "undone", base=1)
    return root


def sheet(frame: int) -> NDArray[np.uint8]:
    """A picture that shows something, another one for each frame."""
    noise = np.random.default_rng(frame).integers(0, 255, (64, 96), dtype=np.uint8)
    return np.asarray(
        cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 6), np.zeros_like(noise), 30, 220, cv2.NORM_MINMAX), np.uint8
    )


def said(root: Path, id_: int, says: Any, *, base: int = 0, author: str = "Ada", **more: Any) -> None:
    review(root, id_, Proposal(base=base, says=says, **more), author=author)


def described(root: Path, more: str = "labels: reviewed\n") -> Path:
    path = root.parent / "dataset.yaml"
    path.write_text(f"root: archive\n{DESCRIBED}{more}", encoding="utf-8")
    return path


def by_number(dataset: Dataset) -> dict[int, LabelledFrame]:
    return {int(frame.name.split("-top-")[1].split("-")[0]): frame for frame in dataset.frames}


def test_labels_reviewed_takes_what_people_said_and_nothing_else(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        dataset = open_dataset(described(root), find_groups=False)
    assert "PREDICTIONS" not in caplog.text
    assert (dataset.predicted, dataset.classes, dataset.reviewed, dataset.reviewers) == (False, CLASSES, 6, 2)
    frames = by_number(dataset)
    assert sorted(frames) == [1, 2, 3, 4, 5, 6]
    expected = two_defects()
    expected[50, 80] = 0
    assert np.array_equal(frames[1].mask(), expected)
    assert (frames[1].classes, frames[1].defective, frames[1].located) == ((0, 1), True, True)
    assert np.array_equal(frames[2].mask(), np.where(two_defects() & 2, np.uint8(1), np.uint8(0)))
    assert (frames[2].classes, frames[2].located) == ((0,), True)
    for clean in (3, 5, 6):
        assert (frames[clean].classes, frames[clean].defective, frames[clean].located) == ((), False, True)
        assert not frames[clean].mask().any()
    assert (frames[4].classes, frames[4].defective, frames[4].located) == ((0, 1), True, False)
    assert not frames[4].mask().any(), "no pixel of it may be taken for clean, or for all there is"
    assert frames[1].group == frames[2].group == "coil-1"


def test_without_the_key_reviewed_frames_still_are_as_reviewed(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        dataset = open_dataset(described(root, ""), find_groups=False)
    assert dataset.predicted
    assert "6 of its 8 labels were reviewed, by 2 people" in caplog.text
    frames = by_number(dataset)
    assert sorted(frames) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert not frames[3].mask().any()
    assert np.array_equal(frames[7].mask(), mask()), "taken back: as the segmenter found it"


def test_the_check_counts_labels_and_people(root: Path) -> None:
    checked = check_dataset(described(root)).checked
    assert (checked.frames, checked.clean, checked.not_located) == (6, 3, 1)
    assert (checked.reviewed, checked.reviewers, checked.left_out) == (6, 2, {"not labelled": 2})
    told = [one.what for one in checked.findings]
    assert "6 of its 6 labels were reviewed, by 2 people" in told
    assert not any("PREDICTIONS" in one for one in told)
    mixed = check_dataset(described(root, "")).checked
    told = [one.what for one in mixed.findings]
    assert any("PREDICTIONS" in one for one in told)
    assert "6 of its 8 labels were reviewed, by 2 people" in told


def test_the_id_changes_with_every_label(root: Path) -> None:
    ids = [open_dataset(described(root), find_groups=False).id]
    said(root, 1, "corrected", base=1, judgements=(SWAPPED,))
    ids.append(open_dataset(described(root), find_groups=False).id)
    said(root, 1, "false_alarm", base=2)
    ids.append(open_dataset(described(root), find_groups=False).id)
    said(root, 7, "right", base=2)
    ids.append(open_dataset(described(root), find_groups=False).id)
    assert len(set(ids)) == 4
    predicted = described(root, "")
    before = open_dataset(predicted, find_groups=False).id
    said(root, 7, "undone", base=3)
    assert open_dataset(predicted, find_groups=False).id != before, "the mask is the same, and nobody says so any more"


def test_names_of_classes_may_be_others_in_a_description(root: Path) -> None:
    dataset = open_dataset(described(root, "labels: reviewed\nclasses: [a, b]\n"), find_groups=False)
    assert by_number(dataset)[4].classes == (0, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"[" * 20_000, b"{}", b'{"author": "x", "truth": null}',
        b'{"author": "x", "truth": {"classes": [], "located": true, "mask": {"path": "../../etc/passwd"}}}',
        b'{"author": "x", "truth": {"classes": [], "located": true, "mask": {"path": "masks/20260921/x.png"}}}',
        b'{"author": "x", "truth": {"classes": ["rust"], "located": false, "mask": {"path": "reviews/20260921/x.png"}}}',
    ],
)  # fmt: skip
def test_a_review_that_no_archive_has_written_is_one_line(content: bytes, root: Path) -> None:
    connection = sqlite3.connect(root / INDEX)
    connection.execute("UPDATE reviews SET review = ? WHERE id = 2", (content,))
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match="review of entry 2: ") as told:
        open_dataset(described(root))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("version", [1, 2])
def test_without_reviews_labels_reviewed_is_refused(version: int, tmp_path: Path) -> None:
    with Store(tmp_path / "archive") as store:
        add(store, make_facts(1))
    if version == 1:
        as_version_1(tmp_path / "archive")
        assert open_dataset(described(tmp_path / "archive", ""), find_groups=False).predicted
    with pytest.raises(DataError, match="none of its 1 entries is reviewed"):
        open_dataset(described(tmp_path / "archive"))


def test_labels_reviewed_is_of_archives_only(tmp_path: Path) -> None:
    (tmp_path / "dataset.yaml").write_text("kind: masks\nlabels: reviewed\n", encoding="utf-8")
    with pytest.raises(DataError, match="labels: reviewed is for a defect archive"):
        open_dataset(tmp_path)


def test_a_reviewed_coco_is_not_predicted_and_has_boxes(root: Path, tmp_path: Path) -> None:
    told = inspector("archive", "export", root, "--coco", tmp_path / "coco", "--reviewed").stdout
    assert "6 frames, 5 regions of crack, scale" in told
    assert "were REVIEWED" in (tmp_path / "coco" / "README.txt").read_text(encoding="utf-8")
    whole = json.loads((tmp_path / "coco" / "annotations.json").read_text(encoding="utf-8"))
    assert whole["info"]["predicted"] is False
    assert {one["id"] for one in whole["images"]} == {1, 2, 3, 4, 5, 6}
    assert all(one["reviewed"] for one in whole["images"])
    assert not any(one["predicted"] for one in whole["annotations"])
    (box,) = [one for one in whole["annotations"] if one.get("box_only")]
    assert (box["image_id"], box["category_id"], box["bbox"], box["segmentation"]) == (4, 2, [70, 40, 20, 10], [])


def test_yolo_leaves_out_what_has_no_outline(root: Path, tmp_path: Path) -> None:
    told = inspector("archive", "export", root, "--yolo", tmp_path / "yolo", "--reviewed").stdout
    assert "5 frames, 3 regions" in told
    assert "1 with a defect that has no outline" in told
    assert not list((tmp_path / "yolo").rglob("*-top-4-*"))
    assert "PREDICTIONS" not in (tmp_path / "yolo" / "data.yaml").read_text(encoding="utf-8")


def test_from_review_to_a_training_data_set_by_way_of_an_export(root: Path, tmp_path: Path) -> None:
    inspector("archive", "export", root, "--severstal", tmp_path / "kaggle", "--reviewed")
    assert "labels: given" in (tmp_path / "kaggle" / "dataset.yaml").read_text(encoding="utf-8")
    own, exported = (open_dataset(one, find_groups=False) for one in (described(root), tmp_path / "kaggle"))
    assert not exported.predicted
    assert (exported.classes, len(exported.frames)) == (own.classes, 6)
    twins = by_number(exported)
    for number, frame in by_number(own).items():
        twin = twins[number]
        assert np.array_equal(twin.mask(), frame.mask())
        assert (twin.classes, twin.defective, twin.located) == (frame.classes, frame.defective, frame.located)
    for data in (described(root), tmp_path / "kaggle"):
        status, told, error = run("data", "check", data, "--json")
        assert status == 0, told + error
        checked = json.loads(told)
        assert (checked["frames"], checked["clean"], checked["defective"], checked["not_located"]) == (6, 3, 3, 1)
        assert "PREDICTIONS" not in told


def test_an_export_of_all_says_which_are_reviewed(root: Path, tmp_path: Path) -> None:
    told = inspector("archive", "export", root, "--coco", tmp_path / "all", "--run", "coil-7").stdout
    assert "PREDICTIONS" in told
    assert "A person has reviewed 1 of the 3 frames." in told
    whole = json.loads((tmp_path / "all" / "annotations.json").read_text(encoding="utf-8"))
    assert {one["id"]: one["reviewed"] for one in whole["images"]} == {6: True, 7: False, 8: False}


def test_a_box_is_placed_on_the_crop(tmp_path: Path) -> None:
    with Store(tmp_path / "archive") as store:
        crop = make_facts(4, box_px=(5, 15, 40, 30), height_px=256, width_px=1600)
        store.add(crop, png(pixels(4)[:30, :40]), png(mask()[15:45, 5:45]), None)
    said(tmp_path / "archive", 1, "corrected", missed=(Missed(class_name="scale", box_px=(35, 10, 100, 20)),))
    inspector("archive", "export", tmp_path / "archive", "--coco", tmp_path / "out", "--reviewed")
    whole = json.loads((tmp_path / "out" / "annotations.json").read_text(encoding="utf-8"))
    assert [one["bbox"] for one in whole["annotations"]] == [[5, 5, 20, 10], [30, 0, 10, 15]]


def test_a_review_at_the_command_line(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert inspector("archive", "review", "8", root, "--right", "--author", "Cy", "--note", "looks fine").stdout == (
        "entry 8: revision 1, right\n"
    )
    shown = inspector("archive", "show", "8", root).stdout
    assert "1: right, by Cy, 20" in shown
    assert "; clean; looks fine" in shown
    assert inspector("archive", "review", "8", root, "--undo", "--author", "Cy").stdout.endswith("2, undone\n")
    by_bo = ("archive", "review", "8", root, "--author", "Bo")
    assert "is at revision 2, by Cy; this review is based on revision 1" in refused(*by_bo, "--right", "--base", "1")
    assert "expected one of --right" in refused(*by_bo)
    listed = json.loads(inspector("archive", "list", root, "--reviewed", "--json").stdout)
    assert [one["id"] for one in listed["entries"]] == [6, 5, 4, 3, 2, 1]
    listed = json.loads(inspector("archive", "list", root, "--not-reviewed", "--json").stdout)
    assert [one["id"] for one in listed["entries"]] == [8, 7]
    monkeypatch.setenv("COLUMNS", "200")
    assert inspector("archive", "list", root).stdout.count("reviewed") == 6
    with Archive(root) as archive:
        assert archive.count(Filter(dismissed=True)) == 2
    assert len(json.loads(inspector("archive", "show", "7", root, "--json").stdout)["reviews"]) == 2
