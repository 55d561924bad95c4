"""The readers of truth: both forms of the Kaggle CSV, folders of masks, what they refuse and which frames they call labelled."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.data.run_lengths import draw_runs, parse_runs
from inspector.errors import UserError
from inspector.report.truth import KaggleTruth, MaskFolder, MaskStyle, NumberedTruth, TruthError
from tests.capture.replay_files import severstal

COLUMNS = "ImageId,ClassId,EncodedPixels\n"


CLASSES = ("pitting", "inclusion", "scratches", "corrosion")


def kaggle(tmp_path: Path, text: str) -> KaggleTruth:
    """Read a CSV for frames of 3 x 4 pixels and 4 classes."""
    path = tmp_path / "train.csv"
    path.write_text(text)
    return KaggleTruth(path, CLASSES, 3, 4)


def mask_of(truth: KaggleTruth | MaskFolder, name: str) -> list[list[int]] | None:
    mask = truth.mask("cam0", 0, name)
    return None if mask is None else mask.tolist()


def test_runs_go_down_the_columns_from_pixel_one(tmp_path: Path) -> None:
    truth = kaggle(tmp_path, COLUMNS + "a.jpg,1,1 2 6 2\na.jpg,4,1 1 12 1\n")
    assert mask_of(truth, "a.jpg") == [[9, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 8]]


def test_the_joined_form_and_its_empty_encodings(tmp_path: Path) -> None:
    rows = "a_b.jpg_1,\na_b.jpg_2,4 3\nc.jpg_1,\nc.jpg_2,\n"
    truth = kaggle(tmp_path, "ImageId_ClassId,EncodedPixels\n" + rows)
    assert mask_of(truth, "a_b.jpg") == [[0, 2, 0, 0]] * 3
    assert mask_of(truth, "c.jpg") == [[0, 0, 0, 0]] * 3
    assert mask_of(truth, "d.jpg") is None
    assert "labelled are the 2 frames with a row" in truth.rule


def test_a_lossless_copy_keeps_its_label(tmp_path: Path) -> None:
    truth = kaggle(tmp_path, COLUMNS + "a.jpg,1,1 3\n")
    assert mask_of(truth, "a.png") == [[1, 0, 0, 0]] * 3


def test_a_csv_of_defects_only_means_that_the_others_are_clean(tmp_path: Path) -> None:
    truth = kaggle(tmp_path, COLUMNS + "a.jpg,1,1 3\n")
    assert mask_of(truth, "other.jpg") == [[0, 0, 0, 0]] * 3
    assert mask_of(truth, "") is None
    assert "without a row counts as clean" in truth.rule


def test_a_list_beside_the_csv_says_what_is_labelled(tmp_path: Path) -> None:
    (tmp_path / "frames.csv").write_text("image_id,mask\na.jpg,yes\nclean.jpg,yes\nnobody.jpg,no\n")
    truth = kaggle(tmp_path, COLUMNS + "a.jpg,1,1 3\n")
    assert mask_of(truth, "clean.jpg") == [[0, 0, 0, 0]] * 3
    assert mask_of(truth, "nobody.jpg") is None
    assert mask_of(truth, "unlisted.jpg") is None
    assert "the 2 frames with a label in frames.csv beside it" in truth.rule


def test_a_list_is_read_as_the_data_set_reads_it(tmp_path: Path) -> None:
    """A list without ``image_id`` or ``mask`` once counted for nothing here, and its frames all for clean."""
    (tmp_path / "frames.csv").write_text(
        "file,status\nimages/a.jpg,defective_masked\nimages/lost.jpg,defective_mask_missing\n"
        "images/clean.jpg,clean\nimages/new.jpg,test_unlabelled\n"
    )
    truth = kaggle(tmp_path, COLUMNS + "a.jpg,1,1 3\n")
    labelled = [name for name in ("a", "lost", "clean", "new") if mask_of(truth, f"{name}.jpg") is not None]
    assert labelled == ["a", "clean"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name,x\na.jpg,1\n", "names no frames; expected a column file or image or image_id; its columns are name, x"),
        ("image_id,status\na.jpg,clean\n", "a.jpg: row 2 of the list says clean, but drawn is pitting"),
        ("image_id,classes\na.jpg,3\n", "row 2 of the list says scratches, but drawn is pitting"),
        ("image_id,classes\na.jpg,dent\n", "class 'dent'; expected one of pitting"),
        (
            "image_id,status\nx/a.jpg,clean\ny/a.jpg,defective\n",
            "a.jpg: x/a.jpg and y/a.jpg may both be meant; name each frame once",
        ),
    ],
)
def test_a_list_that_cannot_be_read_or_contradicts_is_refused(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "frames.csv").write_text(text)
    with pytest.raises(UserError, match=why):
        kaggle(tmp_path, COLUMNS + "a.jpg,1,1 3\n")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a.jpg,1,1 2 3", r"row 3 \(a.jpg, class 1\): 3 numbers; expected pairs"),
        ("a.jpg,1,1 3 3 2", "the runs 1 3 and 3 2 overlap"),
        ("a.jpg,1,7 2 1 8", "the runs 1 8 and 7 2 overlap"),
        ("a.jpg,1,11 3", r"the run 11 3 lies outside the pixels 1\.\.12"),
        ("a.jpg,1,0 3", "the run 0 3 lies outside"),
        ("a.jpg,1,4 0", "the run 4 0 lies outside"),
        ("a.jpg,1,4 -2", "'-2' is no whole number"),
        ("a.jpg,1,4 x", "'x' is no whole number"),
        ("a.jpg,1,4 99999999999999999999999", "is no whole number"),
        ("a.jpg,5,4 2", r"row 3: class 5; expected 1\.\.4"),
        ("a.jpg,0,4 2", r"class 0; expected 1\.\.4"),
        ("a.jpg,,4 2", "row 3: no image and class number"),
        ("a.jpg", "row 3: no image and class number"),
        ("ok.jpg,2,4 2", "row 3: ok.jpg has a second row for class 2"),
    ],
)
def test_a_bad_row_is_named(row: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=why) as told:
        kaggle(tmp_path, f"{COLUMNS}ok.jpg,2,1 2\n{row}\n")
    assert str(told.value).startswith(str(tmp_path / "train.csv"))
    assert "\n" not in str(told.value)


def test_a_file_that_is_no_such_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="columns a, b; expected ImageId,ClassId,EncodedPixels or"):
        kaggle(tmp_path, "a,b\n1,2\n")
    with pytest.raises(UserError, match="columns none"):
        kaggle(tmp_path, "")
    with pytest.raises(UserError, match=r"absent\.csv: cannot be read"):
        KaggleTruth(tmp_path / "absent.csv", CLASSES, 3, 4)


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_runs_draw_what_was_encoded(height: int, width: int, data: st.DataObject) -> None:
    flags = data.draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    region = np.array(flags).reshape(height, width)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], region.T.ravel(), [False]]).astype(int)))
    words = " ".join(f"{start + 1} {stop - start}" for start, stop in edges.reshape(-1, 2).tolist())
    np.testing.assert_array_equal(draw_runs(parse_runs(words, height * width), height, width), region)


def write_mask(folder: Path, name: str, mask: NDArray[np.generic]) -> None:
    folder.mkdir(exist_ok=True)
    done, data = cv2.imencode(".png", np.asarray(mask))
    assert done
    (folder / name).write_bytes(data.tobytes())


STORED = np.array([[0, 1, 2, 3], [0, 0, 0, 3], [4, 0, 0, 0]], dtype=np.uint8)


def test_masks_of_class_numbers_and_bitmasks(tmp_path: Path) -> None:
    write_mask(tmp_path / "m", "a.png", STORED)
    write_mask(tmp_path / "m", "rgb.png", np.dstack([STORED] * 3))
    numbers = MaskFolder(tmp_path / "m", CLASSES, 3, 4)
    assert mask_of(numbers, "a.jpg") == [[0, 1, 2, 4], [0, 0, 0, 4], [8, 0, 0, 0]]
    assert mask_of(numbers, "rgb.jpg") == mask_of(numbers, "a.jpg")
    assert mask_of(numbers, "b.jpg") is None
    assert "2 masks in m (class_number)" in numbers.rule
    assert mask_of(MaskFolder(tmp_path / "m", CLASSES, 3, 4, MaskStyle.BITMASK), "a.jpg") == STORED.tolist()


def test_binary_masks_have_one_class(tmp_path: Path) -> None:
    write_mask(tmp_path / "m", "a.png", np.array([[0, 127, 128, 255]] * 3, dtype=np.uint8))
    assert mask_of(MaskFolder(tmp_path / "m", CLASSES[:1], 3, 4, MaskStyle.BINARY), "a.jpg") == [[0, 0, 1, 1]] * 3
    with pytest.raises(UserError, match="binary masks know one class, the model 4"):
        MaskFolder(tmp_path / "m", CLASSES, 3, 4, MaskStyle.BINARY)


def test_masks_that_the_simulator_wrote_are_bitmasks_by_themselves(tmp_path: Path) -> None:
    """As class numbers 3 would be the third class alone, not the first two."""
    write_mask(tmp_path / "masks", "a.png", np.array([[0, 3, 4, 8]] * 3, dtype=np.uint8))
    (tmp_path / "frames.csv").write_text(
        "file,mask,classes,look_alikes\nimages/a.png,masks/a.png,pitting inclusion scratches corrosion,\n"
    )
    truth = MaskFolder(tmp_path / "masks", CLASSES, 3, 4)
    assert mask_of(truth, "a.png") == [[0, 3, 4, 8]] * 3
    assert "(bitmask)" in truth.rule
    with pytest.raises(TruthError, match="holds the value 8; expected"):
        MaskFolder(tmp_path / "masks", CLASSES, 3, 4, MaskStyle.CLASS_NUMBER).mask("cam0", 0, "a.png")


def test_values_that_fit_no_style_are_refused(tmp_path: Path) -> None:
    write_mask(tmp_path / "m", "a.png", np.array([[0, 9, 0, 0]] * 3, dtype=np.uint8))
    with pytest.raises(
        UserError,
        match=r"masks hold 0, 9, which are neither class numbers 0\.\.4 nor only 0 and 255; say with --mask-style",
    ):
        MaskFolder(tmp_path / "m", CLASSES, 3, 4)


def test_an_unusable_mask_is_told_and_costs_one_frame(tmp_path: Path) -> None:
    write_mask(tmp_path / "m", "size.png", np.zeros((4, 3), np.uint8))
    write_mask(tmp_path / "m", "value.png", STORED + 1)
    write_mask(tmp_path / "m", "deep.png", STORED.astype(np.uint16) * 300)
    write_mask(tmp_path / "m", "colour.png", np.dstack([STORED, STORED, STORED + 1]))
    (tmp_path / "m" / "cut.png").write_bytes(b"\x89PNG")
    (tmp_path / "m" / "empty.png").write_bytes(b"")
    truth = MaskFolder(tmp_path / "m", CLASSES, 3, 4, MaskStyle.CLASS_NUMBER)
    for name, why in {
        "size": r"is 4x3 pixels \(height x width\); expected 3x4",
        "value": r"holds the value 5; expected 0\.\.4",
        "deep": "holds the uint16 values 0, 300, 600, 900, 1200; expected one 8-bit channel",
        "colour": "is a colour image .*; expected one 8-bit channel",
        "cut": "is a damaged or cut-short PNG file",
        "empty": "is empty",
    }.items():
        with pytest.raises(TruthError, match=why):
            truth.mask("cam0", 0, name + ".jpg")


def test_a_folder_without_masks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no folder"):
        MaskFolder(tmp_path / "absent", CLASSES, 3, 4)
    with pytest.raises(UserError, match="holds no image file"):
        MaskFolder(tmp_path, CLASSES, 3, 4)


def test_masks_whose_values_leave_doubt_are_refused(tmp_path: Path) -> None:
    """Classes made visible as 50, 100... once counted as one class, and those up to 127 as nothing."""
    write_mask(tmp_path / "m", "a.png", np.kron(STORED, np.ones((3, 3), np.uint8)) * np.uint8(50))
    with pytest.raises(
        UserError, match=r"m: masks hold 0, 50, 100, 150, 200, which are neither .*; say with --mask-style"
    ):
        MaskFolder(tmp_path / "m", CLASSES[:1], 9, 12)
    with pytest.raises(UserError, match="masks hold 0, 50, 100, 150, 200, more than the 0 and 255 of binary masks"):
        MaskFolder(tmp_path / "m", CLASSES[:1], 9, 12, MaskStyle.BINARY)


def test_truth_of_other_frames_is_refused_or_noted(tmp_path: Path) -> None:
    truth = kaggle(tmp_path, COLUMNS + "train_images\\a.jpg,1,1 3\nb.jpg,1,1 3\n")
    assert mask_of(truth, "a.jpg") == [[1, 0, 0, 0]] * 3
    assert truth.require_frames(["a.png", "b.png", "c.png"]) == ""
    note = f"{tmp_path / 'train.csv'}: 1 of its 2 frames are not among the 1 frames replayed, the first: b.jpg"
    assert truth.require_frames(["a.jpg"]) == note
    with pytest.raises(
        UserError, match=r"none of its 2 frames is among the 4 frames replayed, the first: train_images\\a\.jpg"
    ):
        truth.require_frames(["x.jpg", "y.jpg", "z.jpg", "w.jpg"])
    with pytest.raises(UserError, match=r"says 7, but the frame is called 0007\.jpg"):
        kaggle(tmp_path, COLUMNS + "7,1,1 3\n").require_frames(["0007.jpg"])
    write_mask(tmp_path / "m", "a_mask.png", STORED)
    with pytest.raises(
        UserError, match=r"m: none of its 1 masks is among the 1 frames replayed, the first: a_mask\.png"
    ):
        MaskFolder(tmp_path / "m", CLASSES, 3, 4).require_frames(["a.jpg"])


def test_a_list_beside_the_labels_must_be_of_the_frames_too(tmp_path: Path) -> None:
    (tmp_path / "frames.csv").write_text("image_id,mask\na.jpg,yes\nb.jpg,yes\n")
    truth = kaggle(tmp_path, COLUMNS + "a.jpg,1,1 3\n")
    assert truth.require_frames(["b.jpg"]) == ""  # clean, as the list says
    with pytest.raises(UserError, match=r"frames\.csv: none of its 2 frames is among the 1 frames replayed"):
        truth.require_frames(["c.jpg"])


def test_frames_of_one_name_have_the_truth_of_their_folder(tmp_path: Path) -> None:
    truth = kaggle(tmp_path, COLUMNS + "1/p.jpg,1,1 3\nimages\\2\\p.jpg,2,1 3\n")
    assert mask_of(truth, "1/p.jpg") == [[1, 0, 0, 0]] * 3
    assert mask_of(truth, "2/p.jpg") == [[2, 0, 0, 0]] * 3
    assert mask_of(truth, "3/p.jpg") == [[0, 0, 0, 0]] * 3
    with pytest.raises(TruthError, match="may both be meant"):
        truth.mask("cam0", 0, "p.jpg")
    with pytest.raises(TruthError, match=r"1/p\.jpg: p\.jpg may be this frame or another"):
        kaggle(tmp_path, COLUMNS + "p.jpg,1,1 3\n").mask("cam0", 0, "1/p.jpg")
    for number in (1, 2):
        (tmp_path / "m" / str(number)).mkdir(parents=True)
        write_mask(tmp_path / "m" / str(number), "p.png", np.full((3, 4), number, np.uint8))
    folder = MaskFolder(tmp_path / "m", CLASSES, 3, 4)
    assert [mask_of(folder, f"{number}/p.jpg") for number in (1, 2)] == [[[1] * 4] * 3, [[2] * 4] * 3]
    with pytest.raises(TruthError, match="may both be meant"):
        folder.mask("cam0", 0, "p.jpg")


def test_truth_by_number_knows_the_camera() -> None:
    truth = NumberedTruth(lambda camera, number: np.full((1, 1), number, np.uint8) if camera == "a" else None, "rule")
    assert truth.mask("a", 3, "") == np.array([[3]])
    assert truth.mask("b", 3, "") is None


def test_both_readers_agree_on_the_real_frames() -> None:
    place = severstal()
    runs = KaggleTruth(place / "train.csv", CLASSES, 256, 1600)
    folder = MaskFolder(place / "masks", CLASSES, 256, 1600)
    with (place / "frames.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    seen = {"defective": 0, "clean": 0, "unlabelled": 0}
    for row in rows:
        ours, theirs = (truth.mask("cam0", 0, row["image_id"]) for truth in (runs, folder))
        assert (ours is None) == (theirs is None) == (row["mask"] == "no")
        if ours is None or theirs is None:
            seen["unlabelled"] += 1
            continue
        # A pixel of two classes has one number in the folder, whose masks hold the higher class there.
        single = np.where(ours > 0, 1 << np.floor(np.log2(np.maximum(ours, 1))).astype(int), 0)
        np.testing.assert_array_equal(single, theirs, err_msg=row["image_id"])
        seen["defective" if ours.any() else "clean"] += 1
    assert seen == {"defective": 90, "clean": 48, "unlabelled": 22}


def test_the_real_annotations_pass_the_checks() -> None:
    path = severstal().parent / "severstal_annotations" / "train_partial.csv"
    if not path.is_file():
        pytest.skip(f"no {path}")
    truth = KaggleTruth(path, CLASSES, 256, 1600)
    assert "counts as clean" in truth.rule
    mask = truth.mask("cam0", 0, "0002cc93b.jpg")
    assert mask is not None
    assert int((mask & 1).sum()) == 4396
