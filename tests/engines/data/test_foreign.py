"""Data sets as others have them: what is called otherwise, links, leftovers. Read where one thing can be meant, else told with the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.data.check import check_dataset
from engines.data.dataset import LEFTOVERS, open_dataset, survey_dataset
from engines.errors import DataError
from tests.engines.data.sets import HEIGHT, WIDTH, bitmask, describe, sheet, write_image, write_kaggle, write_masks

BOXES = {"a": (), "b": ((0, 2, 5, 6, 9),), "c": ((1, 0, 0, 4, 4), (2, 10, 50, 8, 20))}


def refused(path: Path, why: str) -> None:
    """Opening it and checking it end with one line."""
    for open_it in (open_dataset, check_dataset):
        with pytest.raises(DataError, match=why) as told:
            open_it(path)
        assert "\n" not in str(told.value)


def masks(folder: Path, change: str) -> Path:
    """A set of class numbers whose masks are called otherwise: ``{}`` is the frame."""
    write_masks(folder, BOXES, "class_number")
    for stem in BOXES:
        stored = cv2.imread(str(folder / "masks" / f"{stem}.png"), cv2.IMREAD_UNCHANGED)
        (folder / "masks" / f"{stem}.png").unlink()
        write_image(folder / "masks" / change.format(stem), stored)
    return folder


@pytest.mark.parametrize("name", ["{}.PNG", "{}.tif", "{}.bmp", "below/{}.png"])
def test_masks_are_found_under_the_name_of_the_frame(name: str, tmp_path: Path) -> None:
    dataset = open_dataset(masks(tmp_path, name))
    assert [one.classes for one in dataset.frames] == [(), (0,), (1, 2)]
    np.testing.assert_array_equal(dataset.frames[2].mask(), bitmask(BOXES["c"]))


def test_class_numbers_in_a_jpeg_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"b\.jpg: is a JPEG, which changes values a little, so that they are no class_number"
    ):
        open_dataset(masks(tmp_path, "{}.jpg"))


def test_of_several_masks_a_png_counts(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, BOXES, "class_number")
    write_image(folder / "masks" / "b.bmp", np.full((HEIGHT, WIDTH), 7, np.uint8))
    assert len(open_dataset(folder).classes) == 3
    (folder / "masks" / "b.png").unlink()
    write_image(folder / "masks" / "b.tif", np.zeros((HEIGHT, WIDTH), np.uint8))
    with pytest.raises(DataError, match=r"b\.png: b\.bmp and b\.tif may both be meant"):
        open_dataset(folder)


def test_where_no_frame_can_be_used_the_count_and_the_first_reason_are_told(tmp_path: Path) -> None:
    folder = masks(tmp_path / "named", "{}_mask.png")
    with pytest.raises(
        DataError, match=r"that can be used: 3 problems, the first: .*a\.png: has no mask .*a\.png \(the folder "
    ):
        survey_dataset(folder)
    with pytest.raises(DataError, match=r"holds 3 images, such as a_mask\.png"):
        survey_dataset(folder)
    small = write_masks(tmp_path / "small", BOXES, "class_number")
    for stem in BOXES:
        write_image(small / "masks" / f"{stem}.png", np.ones((9, 9), np.uint8))
    with pytest.raises(
        DataError, match=r"3 problems, the first: .*masks/a\.png: is 9x9 pixels .*; expected 24x96, as its frame"
    ):
        survey_dataset(small)
    for image in (small / "images").iterdir():
        image.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"that is labelled: 3 problems, the first: .*images/a\.png"):
        survey_dataset(small)
    shutil.rmtree(small / "images")
    (small / "images").mkdir()
    refused(small, r"that is labelled: .*images holds no image files")
    with pytest.raises(
        DataError, match=r"labelled and wanted: none of its 3 frames, the first of which is called a\.png"
    ):
        open_dataset(folder, only={"x.png"})


@pytest.mark.parametrize("described", [False, True])
def test_classes_made_visible_are_not_taken_for_binary_masks(described: bool, tmp_path: Path) -> None:
    folder = write_masks(tmp_path, BOXES, "class_number")
    for path in (folder / "masks").iterdir():
        write_image(path, cv2.imread(str(path), cv2.IMREAD_UNCHANGED) * np.uint8(60))
    if described:
        refused(
            describe(folder, "kind: masks\nmask_style: binary\n"), "masks hold 0, 60, 120, 180, more than the 0 and 255"
        )
    else:
        refused(
            folder,
            r"masks hold 0, 60, 120, 180, which are neither class numbers nor .*; say mask_style and classes in a",
        )


def test_a_faint_binary_mask_is_no_clean_frame(tmp_path: Path) -> None:
    folder = describe(write_masks(tmp_path, {"a": (), "b": BOXES["b"]}, "binary"), "kind: masks\nmask_style: binary\n")
    write_image(folder / "masks" / "a.png", bitmask(BOXES["b"]) * np.uint8(90))
    with pytest.raises(DataError, match=r"more than the 0 and 255 of binary masks|nothing above 127"):
        open_dataset(folder)


ROWS = ["b.png,1,5 3", "c.png,2,5 3"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            ["x.png,1,5 3", "y.png,2,5 3"],
            r"train\.csv: none of its 2 frames is among the 3 of .*images, the first: x\.png",
        ),
        (["B.png,1,5 3", "c.png,2,5 3"], r"train\.csv: says B\.png, but the frame is called b\.png"),
        (["one/b.png,1,5 3", "two/b.png,1,5 3"], r"b\.png: one/b\.png and two/b\.png may both be meant"),
    ],
)
def test_labels_of_other_frames_are_refused(rows: list[str], why: str, tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path, ["a.png", "b.png", "c.png"], rows)
    with pytest.raises(DataError, match=why):
        open_dataset(folder)


def test_labels_with_folders_of_windows_are_found(tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path / "k", ["a.png", "b.png"], ["train_images\\b.png,1,5 3"])
    assert [one.classes for one in open_dataset(folder).frames] == [(), (0,)]
    listing = "file,mask\nimages\\a.png,masks\\a.png\nimages\\b.png,masks\\b.png\nimages\\c.png,masks\\c.png\n"
    listed = write_masks(tmp_path / "m", BOXES, "class_number", listing)
    assert [one.name for one in open_dataset(listed).frames] == ["a.png", "b.png", "c.png"]


def test_run_lengths_of_frames_of_one_name_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path, ["1/p.png", "2/p.png"], ["1/p.png,1,5 3"])
    assert [(one.name, one.classes) for one in open_dataset(folder).frames] == [("1/p.png", (0,)), ("2/p.png", ())]
    write_kaggle(tmp_path, [], ["p.png,1,5 3"])
    with pytest.raises(DataError, match=r"1/p\.png: p\.png may be this frame or another of that name"):
        open_dataset(folder)


@pytest.mark.parametrize("missing", ["clean", "leave_out"])
def test_masks_of_other_frames_do_not_make_all_frames_clean(missing: str, tmp_path: Path) -> None:
    text = f"kind: masks\nmask_style: class_number\nclasses: [x, y, z]\nmissing_mask: {missing}\n"
    folder = describe(masks(tmp_path, "{}_mask.png"), text)
    refused(folder, r"masks: none of its 3 masks is among the 3 frames of .*images, the first: a_mask\.png")
    shutil.rmtree(folder / "masks")
    refused(folder, "masks: no such folder")
    (folder / "frames.csv").write_text("file,mask\na.png,masks/a.png\nb.png,masks/b.png\n")
    refused(folder, r"row 2 of the list: its mask .*masks/a\.png is not there")


def test_what_a_description_names_in_vain_is_noted(tmp_path: Path) -> None:
    folder = describe(
        write_kaggle(tmp_path, ["a.png", "b.png", "c.png"], [*ROWS, "gone.png,1,5 3"]),
        "kind: kaggle\nexclude: ['broken_*', 'a*']\ntraining_only: [extra]\n",
    )
    notes = {one.what: one.where for one in check_dataset(folder).checked.findings if not one.is_error}
    assert notes[f"{folder / 'dataset.yaml'}: 2 entries that no frame has"] == (
        "exclude: broken_*",
        "training_only: extra",
    )
    assert notes[f"{folder / 'train.csv'}: rows of 1 frame that are not here"] == ("gone.png",)


def test_leftovers_are_no_frames_and_linked_folders_are_searched(tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path / "set", ["a.png", "b.png", "c.png"], ROWS)
    images = folder / "images"
    write_image(images / ".ipynb_checkpoints" / "b-checkpoint.png", sheet(1))
    (images / "._a.png").write_bytes(b"\0\5\x16\7")
    write_image(images / "@eaDir" / "b.png", sheet(7, 8, 8))
    write_image(tmp_path / "more" / "d.png", sheet(8))
    (images / "more").symlink_to("../../more")
    (tmp_path / "more" / "up").symlink_to(images)
    survey = survey_dataset(folder)
    assert [one.name for one in survey.dataset.frames] == ["a.png", "b.png", "c.png", "d.png"]
    assert (survey.left_out, survey.problems) == ({LEFTOVERS: 3}, ())
    assert not any("not in the list" in one.what for one in check_dataset(folder).checked.findings)
    (images / "e.png").symlink_to("../.git/annex/objects/e")
    with pytest.raises(DataError, match=r"e\.png: is a link to a file that is not there"):
        open_dataset(folder)


def test_a_frame_that_is_listed_in_two_ways_is_told(tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path, ["a.png", "b.png", "c.png"], ROWS)
    (folder / "frames.csv").write_text("file\na.png\nb.png\nimages/a.png\n")
    refused(folder, r"frames\.csv: row 4: a\.png is already in row 2")


def test_groups_that_contradict_are_told(tmp_path: Path) -> None:
    folder = describe(write_kaggle(tmp_path, ["a.png", "b.png", "c.png"], ROWS), "kind: kaggle\ngroups: g.csv\n")
    (folder / "g.csv").write_text("name,group\na.png,1\nimages\\b.png,1\nc.png,2\n")
    assert [one.group for one in open_dataset(folder).frames] == ["1", "1", "2"]
    (folder / "g.csv").write_text("name,group\na.png,1\nb.png,1\nc.png,2\na.png,2\n")
    refused(folder, r"g\.csv: row 5: a\.png is in another group in row 2")


def test_a_listed_frame_that_is_no_file_is_one_problem(tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path, ["a.png", "b.png", "c.png"], ROWS)
    (folder / "images" / "folder.png").mkdir()
    long = "x" * 300
    (folder / "frames.csv").write_text(f"file\na.png\nb.png\nc.png\nfolder.png\n{long}.png\n")
    problems = survey_dataset(folder).problems
    assert len(problems) == 2
    for problem, why in zip(problems, ("is a folder", "too long"), strict=True):
        assert why in problem
