"""Opening data sets: every layout gives the same frames; what is wrong is refused by name."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.data.dataset import Dataset, LabelledFrame, open_dataset
from engines.data.run_lengths import encode_run_lengths
from engines.errors import DataError
from tests.engines.data.sets import HEIGHT, WIDTH, bitmask, describe, sheet, write_image, write_kaggle, write_masks

THREE = {"a": (), "b": ((0, 2, 5, 6, 9),), "c": ((1, 0, 0, 4, 4), (2, 10, 50, 8, 20))}
"""Clean, one class, two classes."""


def frame(dataset: Dataset, name: str) -> LabelledFrame:
    return next(one for one in dataset.frames if one.name == name)


def row(name: str, k: int, mask_of: str = "", joined: bool = False) -> str:
    runs = encode_run_lengths((bitmask(THREE[mask_of or name[0]]) >> k & 1).astype(np.bool_))
    return f"{name}_{k + 1},{runs}" if joined else f"{name},{k + 1},{runs}"


def check_three(dataset: Dataset, suffix: str = ".png") -> None:
    """The same three frames, whatever they were stored as."""
    assert [one.name for one in dataset.frames] == [f"{stem}{suffix}" for stem in THREE]
    assert [one.classes for one in dataset.frames] == [(), (0,), (1, 2)]
    assert [one.defective for one in dataset.frames] == [False, True, True]
    assert all(one.located for one in dataset.frames)
    assert (dataset.height, dataset.width, len(dataset.classes)) == (HEIGHT, WIDTH, 3)
    for seed, (stem, one) in enumerate(zip(THREE, dataset.frames, strict=True)):
        np.testing.assert_array_equal(one.frame(), sheet(seed))
        np.testing.assert_array_equal(one.mask(), bitmask(THREE[stem]))


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("images", ["images", "train_images"])
def test_kaggle_in_both_forms(joined: bool, images: str, tmp_path: Path) -> None:
    rows = [row("b.png", 0, joined=joined), row("c.png", 1, joined=joined), row("c.png", 2, joined=joined)]
    dataset = open_dataset(write_kaggle(tmp_path, ["a.png", "b.png", "c.png"], rows, joined, images))
    check_three(dataset)
    assert dataset.classes == ("class_1", "class_2", "class_3")


def test_a_csv_that_lists_clean_frames_labels_only_what_it_lists(tmp_path: Path) -> None:
    rows = [row("a.png", 0, joined=True), row("b.png", 0, joined=True)]
    dataset = open_dataset(write_kaggle(tmp_path, ["a.png", "b.png", "c.png"], rows, joined=True))
    assert [one.name for one in dataset.frames] == ["a.png", "b.png"]


@pytest.mark.parametrize("style", ["bitmask", "class_number"])
def test_mask_images(style: str, tmp_path: Path) -> None:
    folder = write_masks(tmp_path, THREE, style)
    check_three(open_dataset(describe(folder, f"kind: masks\nmask_style: {style}\nclasses: [x, y, z]\n")))


def test_bare_folders_of_class_numbers_and_binary_masks(tmp_path: Path) -> None:
    check_three(open_dataset(write_masks(tmp_path / "numbers", THREE, "class_number")))
    binary = open_dataset(write_masks(tmp_path / "binary", {"a": (), "b": THREE["b"]}, "binary"))
    assert binary.classes == ("defect",)
    np.testing.assert_array_equal(binary.frames[1].mask(), bitmask(THREE["b"]))


def test_binary_masks_take_their_class_from_the_list(tmp_path: Path) -> None:
    listing = "image,mask,defect,tile\nimages/a.png,masks/a.png,,1\nimages/b.png,masks/b.png,crack,2\nimages/c.png,masks/c.png,break,1\n"
    boxes = {"a": (), "b": ((0, 2, 5, 6, 9),), "c": ((0, 1, 1, 3, 3),)}
    dataset = open_dataset(write_masks(tmp_path, boxes, "binary", listing))
    assert dataset.classes == ("break", "crack")
    assert [one.classes for one in dataset.frames] == [(), (1,), (0,)]
    assert [one.group for one in dataset.frames] == ["1", "2", "1"]
    assert set(np.unique(dataset.frames[1].mask())) == {0, 2}


@pytest.mark.parametrize("count", [1, 8])
def test_one_to_eight_classes(count: int, tmp_path: Path) -> None:
    boxes = {f"f{k}": ((k, 1, 1 + k, 5, 5),) for k in range(count)}
    names = ", ".join(f"n{k}" for k in range(count))
    folder = describe(write_masks(tmp_path, boxes), f"kind: masks\nmask_style: bitmask\nclasses: [{names}]\n")
    dataset = open_dataset(folder)
    assert [one.classes for one in dataset.frames] == [(k,) for k in range(count)]
    assert dataset.frames[-1].mask().max() == 1 << (count - 1)


def test_the_list_says_who_is_labelled_defective_or_for_training_only(tmp_path: Path) -> None:
    listing = (
        "image_id,file,status,classes,split,mask\n"
        "a.png,images/a.png,clean,,train,yes\nb.png,images/b.png,defective_masked,1,train,yes\n"
        "c.png,images/c.png,defective_mask_missing,3,train,no\nd.png,images/d.png,defective_masked,1,train_aug_only,yes\n"
        "e.png,images/e.png,test_unlabelled,,unlabelled,no\n"
    )
    names = [f"{stem}.png" for stem in "abcde"]
    rows = [row("b.png", 0), row("d.png", 0, "b"), "x.png,4,1 2"]
    folder = write_kaggle(tmp_path, names, rows)
    (folder / "frames.csv").write_text(listing)
    dataset = open_dataset(folder)
    assert [one.name for one in dataset.frames] == ["a.png", "b.png", "c.png"]
    missing = frame(dataset, "c.png")
    assert (missing.defective, missing.located, missing.classes, missing.mask().any()) == (True, False, (2,), False)
    wanted = open_dataset(folder, only={"d.png", "e.png"})
    assert [(one.name, one.training_only) for one in wanted.frames] == [("d.png", True)]
    described = describe(folder, "kind: kaggle\ntraining_only: [train_aug_only]\nexclude: ['a*']\n")
    assert [one.name for one in open_dataset(described).frames] == ["b.png", "c.png", "d.png"]


def test_frames_of_one_name_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    for coil in ("one", "two"):
        write_image(tmp_path / "images" / coil / "0.png", sheet(1 if coil == "one" else 2))
        write_image(tmp_path / "masks" / coil / "0.png", bitmask(((0, 1, 1, 2, 2),) if coil == "one" else ()))
    dataset = open_dataset(describe(tmp_path, "kind: masks\ngroups: folder\nclasses: [x]\n"))
    assert [(one.name, one.group, one.defective) for one in dataset.frames] == [
        ("one/0.png", "one", True),
        ("two/0.png", "two", False),
    ]


def test_groups_from_a_file_and_by_similarity(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, THREE)
    write_image(folder / "images" / "c.png", np.clip(sheet(0).astype(int) + 20, 0, 255).astype(np.uint8)[:, ::-1])
    text = "kind: masks\nmask_style: bitmask\nclasses: [x, y, z]\n"
    assert [one.group for one in open_dataset(describe(folder, text)).frames] == ["a.png", "b.png", "a.png"]
    assert [one.group for one in open_dataset(folder, find_groups=False).frames] == ["a.png", "b.png", "c.png"]
    (folder / "groups.csv").write_text("name,group\na.png,1\nb.png,2\nc.png,2\n")
    assert [one.group for one in open_dataset(describe(folder, text + "groups: groups.csv\n")).frames] == [
        "1",
        "2",
        "2",
    ]
    both = open_dataset(describe(folder, text + "groups: groups.csv+found\n"))
    assert [one.group for one in both.frames] == ["1", "1", "1"]


def test_a_group_column_of_different_values_says_nothing(tmp_path: Path) -> None:
    listing = "file,tile\nimages/a.png,1\nimages/b.png,2\nimages/c.png,3\n"
    folder = write_masks(tmp_path, THREE, "class_number", listing)
    write_image(folder / "images" / "c.png", sheet(0))
    assert [one.group for one in open_dataset(folder).frames] == ["a.png", "b.png", "a.png"]


@pytest.mark.parametrize("fit", ["stretch", "pad"])
def test_frames_of_other_sizes_are_brought_to_one(fit: str, tmp_path: Path) -> None:
    folder = write_masks(tmp_path, THREE)
    write_image(folder / "images" / "d.png", sheet(9, 40, 40))
    write_image(folder / "masks" / "d.png", bitmask(((2, 0, 0, 40, 40),), 40, 40))
    text = f"kind: masks\nmask_style: bitmask\nclasses: [x, y, z]\nsize: [32, 64]\nfit: {fit}\n"
    dataset = open_dataset(describe(folder, text))
    assert (dataset.height, dataset.width) == (32, 64)
    assert all(one.frame().shape == one.mask().shape == (32, 64) for one in dataset.frames)
    covered = frame(dataset, "d.png").mask() == 4
    assert covered.mean() == (1.0 if fit == "stretch" else 0.5)


def test_the_id_tells_data_apart(tmp_path: Path) -> None:
    first = open_dataset(write_masks(tmp_path / "one", THREE, "class_number"))
    same = open_dataset(write_masks(tmp_path / "two", THREE, "class_number"))
    other = open_dataset(write_masks(tmp_path / "three", {**THREE, "b": ((1, 2, 5, 6, 9),)}, "class_number"))
    assert first.id == same.id != other.id
    assert open_dataset(tmp_path / "one", only={"a.png", "b.png"}).id != first.id


def test_frames_travel_between_processes(tmp_path: Path) -> None:
    rows = [row("b.png", 0), row("c.png", 1), row("c.png", 2)]
    dataset = open_dataset(write_kaggle(tmp_path, ["a.png", "b.png", "c.png"], rows))
    check_three(pickle.loads(pickle.dumps(dataset)))


def test_rotated_by_its_header_or_not_a_frame_is_read_as_stored(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, {"a": (), "b": THREE["b"]}, "class_number")
    path = write_image(folder / "images" / "a.jpg", sheet(0))
    turned = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    path.write_bytes(path.read_bytes()[:2] + turned + path.read_bytes()[2:])
    (folder / "images" / "a.png").unlink()
    assert frame(open_dataset(folder), "a.jpg").frame().shape == (HEIGHT, WIDTH)


BAD_ROWS = {
    "b.png,1,5 3 7 2": r"train\.csv: row 3 \(b.png, class 1\): the runs 5 3 and 7 2 overlap",
    "b.png,1,2300 9": r"row 3 \(b.png, class 1\): the run 2300 9 lies outside the pixels 1\.\.2304",
    "b.png,1,5 3 7": r"row 3 \(b.png, class 1\): 3 numbers; expected pairs",
    "b.png,5,5 3": r"row 3: class 5; expected 1\.\.3",
    "b.png,x,5 3": "row 3: no image and class number",
    "c.png,2,5 3": "row 3: c.png has a second row for class 2; join them",
}


@pytest.mark.parametrize(("bad", "why"), BAD_ROWS.items())
def test_a_bad_row_is_named(bad: str, why: str, tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path, ["a.png", "b.png", "c.png"], [row("c.png", 1), bad])
    refused(describe(folder, "kind: kaggle\nclasses: [x, y, z]\n"), why)


def test_more_classes_than_a_mask_holds_are_refused(tmp_path: Path) -> None:
    refused(write_kaggle(tmp_path / "nine", ["a.png"], ["a.png,9,5 3"]), r"row 2: class 9; a data set has at most 8")
    refused(write_kaggle(tmp_path / "none", ["a.png"], []), "no defect in it; name the classes")


def refused(path: Path, why: str) -> None:
    with pytest.raises(DataError, match=why) as told:
        open_dataset(path)
    assert "\n" not in str(told.value)
    assert str(path) in str(told.value)


def test_a_mask_that_does_not_fit_is_named(tmp_path: Path) -> None:
    folder = describe(write_masks(tmp_path, THREE), "kind: masks\nmask_style: class_number\nclasses: [x, y, z]\n")
    refused(folder, r"c\.png: holds the value 4; expected 0\.\.3 \(mask style class_number, 3 classes\)")
    folder = describe(folder, "kind: masks\nmask_style: bitmask\nclasses: [x, y, z]\n")
    write_image(folder / "masks" / "b.png", np.zeros((HEIGHT, WIDTH - 1), np.uint8))
    refused(folder, r"masks/b\.png: is 24x95 pixels \(height x width\); expected 24x96, as its frame")
    (folder / "masks" / "b.png").unlink()
    refused(folder, r"images/b\.png: has no mask .*masks/b\.png \(the folder holds 2 images, such as a\.png\); add it")
    for choice, count in (("clean", 3), ("leave_out", 2)):
        text = f"kind: masks\nmask_style: bitmask\nclasses: [x, y, z]\nmissing_mask: {choice}\n"
        assert len(open_dataset(describe(folder, text)).frames) == count


def test_frames_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, THREE, "class_number")
    write_image(folder / "images" / "d.png", sheet(9, 40, 40))
    write_image(folder / "masks" / "d.png", np.zeros((40, 40), np.uint8))
    refused(folder, r"d\.png: is 40x40 pixels \(height x width\), but 3 frames are 24x96 \(2 sizes in all\); .*size: ")
    (folder / "images" / "d.png").write_bytes(b"no picture")
    refused(folder, r"d\.png: is not a JPEG, PNG")
    (folder / "images" / "d.png").unlink()
    (folder / "masks" / "d.png").unlink()
    shown = folder / "images" / "b.png"
    dataset = open_dataset(folder)
    write_image(shown, sheet(1, 30, 96))
    with pytest.raises(DataError, match=r"b\.png: is 30x96 pixels .* now; it was 24x96"):
        frame(dataset, "b.png").frame()
    shown.unlink()
    with pytest.raises(DataError, match=r"b\.png: does not exist"):
        frame(dataset, "b.png").frame()


def test_a_jpeg_cut_short_is_refused(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, {"b": THREE["b"]}, "class_number")
    path = write_image(folder / "images" / "b.jpg", sheet(1))
    (folder / "images" / "b.png").unlink()
    (one,) = open_dataset(folder).frames
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"b\.jpg: is a JPEG cut short"):
        one.frame()


def test_a_list_that_contradicts_what_is_drawn_is_refused(tmp_path: Path) -> None:
    listing = "file,classes\nimages/a.png,\nimages/b.png,2\nimages/c.png,2|3\n"
    folder = write_masks(tmp_path, THREE, "class_number", listing)
    refused(folder, r"b\.png: row 3 of the list says class_2, but drawn is class_1; correct one of them")
    (folder / "frames.csv").write_text("file,classes\nimages/a.png,\nimages/b.png,rust\nimages/b.png,rust\n")
    refused(folder, r"frames\.csv: row 4: images/b\.png is already in row 3")
    (folder / "frames.csv").write_text("file,group\nimages/z.png,1\n")
    refused(folder, r"images/z\.png: does not exist")


DESCRIPTIONS = {
    "kind: video\n": r"dataset\.yaml: kind: found 'video', expected kaggle or masks",
    "kind: masks\nclass: [a]\n": "unknown key 'class'; did you mean 'classes'",
    "kind: masks\nclasses: [a]\nclasses: [b]\n": "the key 'classes' is there twice",
    "kind: masks\nname: 2026-13-45\n": "'2026-13-45' is no date; put a text in quotes",
    'kind: masks\nclasses: ["a\\e[2J"]\n': "classes: found .* expected 1 to 60 printable characters",
    f"kind: masks\nroot: {'a' * 900}\n": r"dataset\.yaml: root: .*cannot be looked for \(File name too long\)",
    f"kind: masks\nimages: {'a' * 900}\n": r"dataset\.yaml: images: .*cannot be looked for \(File name too long\)",
    'kind: masks\nroot: "a\\0"\n': "root: holds a NUL",
    "kind: masks\nroot: ~nobody-here/x\n": "root: ~nobody-here/x: no home directory is known",
    "kind: masks\nclasses: [a, a]\n": "classes: 'a' is named twice",
    "kind: masks\nroot: nowhere\n": "root: .*nowhere is no folder",
    "kind: masks\nroot: ${NO_SUCH_VARIABLE}/x\n": "root: the environment variable NO_SUCH_VARIABLE is not set",
    "kind: masks\nframes: other.csv\n": "other.csv: cannot be read",
    "kind: masks\ngroups: groups.csv\n": "groups.csv: cannot be read",
    "kind: [\n": "not valid YAML",
    "a: " + "[" * 3000: "nested more than 60 deep",
}


@pytest.mark.parametrize(("text", "why"), DESCRIPTIONS.items())
def test_a_bad_description_is_refused(text: str, why: str, tmp_path: Path) -> None:
    refused(describe(write_masks(tmp_path, THREE, "class_number"), text), why)


def test_no_data_set_is_told(tmp_path: Path) -> None:
    refused(tmp_path, "no data set in it that is known; expected train.csv")
    (tmp_path / "annotations.json").write_text("{}")
    refused(tmp_path, "looks like COCO or YOLO, which are written for other programs and not read")
    refused(tmp_path / "absent", "no such folder")
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    refused(tmp_path, "no frame in it that is labelled")


def test_grey_stored_as_colour_is_grey(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, {"b": THREE["b"]}, "class_number")
    write_image(folder / "images" / "b.png", cv2.cvtColor(sheet(1), cv2.COLOR_GRAY2BGR))
    np.testing.assert_array_equal(open_dataset(folder).frames[0].frame(), sheet(1))


def test_a_white_level_is_used_for_all_frames_and_part_of_the_id(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, THREE, "class_number")
    for path in sorted((folder / "images").iterdir()):
        write_image(path, np.full((HEIGHT, WIDTH), 2048, np.uint16))
    text = "kind: masks\nclasses: [x, y, z]\ngroups: none\n"
    plain = open_dataset(describe(folder, text))
    twelve = open_dataset(describe(folder, text + "white_level: 4095\n"))
    assert {int(one.frame()[0, 0]) for one in plain.frames} == {8}
    assert {int(one.frame()[0, 0]) for one in twelve.frames} == {128}
    assert plain.id != twelve.id != open_dataset(describe(folder, text + "white_level: 4094\n")).id
    check = pickle.loads(pickle.dumps(twelve)).frames[0]
    assert int(check.frame()[0, 0]) == 128


def test_every_format_of_the_line_can_be_a_frame(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, THREE, "class_number")
    images = folder / "images"
    pixels = sheet(0)
    for number, path in enumerate(sorted(images.iterdir())):
        path.unlink()
        if number == 0:
            path.with_suffix(".raw").write_bytes(b"head" + pixels.astype(">u2").tobytes())
        else:
            write_image(path.with_suffix((".pgm", ".bmp", ".tif")[number % 3]), pixels)
    text = "kind: masks\nclasses: [x, y, z]\ngroups: none\nwhite_level: 255\n"
    raw = f"raw: {{dtype: uint16_be, height: {HEIGHT}, width: {WIDTH}, skip_bytes: 4}}\n"
    dataset = open_dataset(describe(folder, text + raw))
    assert len(dataset.frames) == len(THREE)
    for one in dataset.frames:
        np.testing.assert_array_equal(one.frame(), pixels)
    refused(describe(folder, text), r"a\.raw: is a raw file, and the key raw does not say its dtype")
