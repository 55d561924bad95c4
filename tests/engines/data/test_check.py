"""The check: what it counts, and that it finds every error in one go."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from engines.data.check import CheckResult, NearDuplicates, check_dataset
from engines.data.dataset import open_dataset
from engines.data.split import TRAINING, make_split, write_split
from tests.engines.data.sets import HEIGHT, WIDTH, describe, sheet, write_image, write_kaggle, write_masks

TEXT = "kind: masks\nmask_style: bitmask\nclasses: [x, y]\n"


def healthy(folder: Path, count: int = 24) -> Path:
    """A third clean, a third of each class, one frame with two defects."""
    boxes: dict[str, tuple[tuple[int, int, int, int, int], ...]] = {}
    for i in range(count):
        boxes[f"{i:02}"] = () if i % 3 == 0 else ((i % 3 - 1, 2, 5, 6, 9),)
    boxes["01"] = ((0, 2, 5, 6, 9), (0, 12, 50, 3, 4))
    return describe(write_masks(folder, boxes), TEXT)


def told(checked: CheckResult, is_error: bool) -> list[str]:
    return [finding.what for finding in checked.findings if finding.is_error == is_error]


def test_a_healthy_set_is_counted_and_sound(tmp_path: Path) -> None:
    seen: list[int] = []
    checked = check_dataset(healthy(tmp_path), began=lambda total: lambda: seen.append(total)).checked
    assert checked.sound
    assert told(checked, False) == [f"class {name}: only 8 frames; figures about it will mean little" for name in "xy"]
    assert (checked.frames, checked.clean, checked.defective, checked.not_located) == (24, 8, 16, 0)
    assert checked.sizes == {"24x96": 24}
    x, y = checked.classes
    assert (x.name, x.frames, x.defects, x.median_area_px) == ("x", 8, 9, 54.0)
    assert abs(x.pixel_share - (8 * 54 + 12) / (24 * HEIGHT * WIDTH)) < 1e-9
    assert (y.frames, y.defects) == (8, 8)
    assert (checked.groups, checked.largest_group, checked.near_duplicates) == (24, 1, NearDuplicates(0, 0, 0, ()))
    assert seen == [24] * 24


def test_everything_wrong_is_found_in_one_go(tmp_path: Path) -> None:
    folder = describe(healthy(tmp_path), TEXT.replace("[x, y]", "[x, y, z]"))
    (folder / "images" / "03.png").write_bytes(b"no picture")
    data = (folder / "images" / "04.png").read_bytes()
    (folder / "images" / "04.png").write_bytes(data[: len(data) // 2])
    write_image(folder / "masks" / "05.png", np.zeros((HEIGHT, 9), np.uint8))
    write_image(folder / "masks" / "07.png", np.full((HEIGHT, WIDTH), 9, np.uint8))
    (folder / "masks" / "08.png").unlink()
    write_image(folder / "masks" / "99.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    write_image(folder / "images" / "10.png", sheet(3, 30, 30))
    write_image(folder / "masks" / "10.png", np.zeros((30, 30), np.uint8))
    checked = check_dataset(folder).checked
    wrong = told(checked, True)
    for part in (
        "03.png: is not a JPEG, PNG, WebP, BMP, TIFF or PGM file",
        "04.png: is a damaged or cut-short PNG file",
        "05.png: is 24x9 pixels (height x width); expected 24x96, as its frame",
        "07.png: holds the value 9; expected 0..7",
        "08.png: has no mask",
        "10.png: is 30x30 pixels (height x width), but 22 frames are 24x96",
        "class z: no frame of it",
    ):
        assert sum(part in line for line in wrong) == 1, (part, wrong)
    assert len(wrong) == 7
    assert "1 mask without a frame" in told(checked, False)
    assert checked.left_out == {"unusable": 5}


def test_duplicates_are_found_joined_and_contradictions_told(tmp_path: Path) -> None:
    folder = healthy(tmp_path)
    write_image(folder / "images" / "12.png", sheet(0))
    write_image(folder / "images" / "13.png", sheet(0))
    write_image(folder / "images" / "15.png", np.clip(sheet(14).astype(int) + 25, 0, 255).astype(np.uint8)[:, ::-1])
    examined = check_dataset(folder)
    checked = examined.checked
    assert {(one.first, one.second) for one in checked.near_duplicates.shown if one.identical} == {
        ("00.png", "12.png"),
        ("00.png", "13.png"),
    }
    assert ("14.png", "15.png", False) in {
        (one.first, one.second, one.identical) for one in checked.near_duplicates.shown
    }
    assert (checked.groups, checked.largest_group) == (21, 3)
    assert next(frame.group for frame in examined.dataset.frames if frame.name == "15.png") == "14.png"
    (wrong,) = (finding for finding in checked.findings if finding.is_error)
    assert wrong.what == "1 set of identical frames with different labels"
    assert wrong.where == ("of 3 identical frames, 00.png is clean, 13.png is x",)
    assert (checked.near_duplicates.groups, checked.near_duplicates.frames, checked.near_duplicates.identical) == (
        2,
        5,
        3,
    )


def test_flat_frames_are_alike_only_if_identical(tmp_path: Path) -> None:
    folder = healthy(tmp_path)
    for name, level in (("00", 9), ("03", 9), ("06", 10)):
        write_image(folder / "images" / f"{name}.png", np.full((HEIGHT, WIDTH), level, np.uint8))
    assert [(one.first, one.second) for one in check_dataset(folder).checked.near_duplicates.shown] == [
        ("00.png", "03.png")
    ]


def test_frames_that_show_nothing_are_an_error_with_each_reason(tmp_path: Path) -> None:
    folder = healthy(tmp_path)
    write_image(folder / "images" / "03.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    write_image(folder / "images" / "04.png", np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), np.uint8))
    checked = check_dataset(folder).checked
    (wrong,) = (finding for finding in checked.findings if finding.is_error)
    assert wrong.what == "2 frames that a line would not inspect, because nothing can be seen"
    assert wrong.where[0] == "03.png: shows nothing: all pixels are 0"
    assert wrong.where[1].startswith("04.png: shows nothing: noise")
    describe(folder, TEXT + 'exclude: ["03.png", "04.png"]\n')
    assert check_dataset(folder).checked.sound


def test_duplicates_on_both_sides_of_a_split_are_an_error(tmp_path: Path) -> None:
    folder = describe(healthy(tmp_path / "set"), TEXT + "groups: none\n")
    split = tmp_path / "split.csv"
    dataset = open_dataset(folder)
    write_split(make_split(dataset, {TRAINING: 0.5, "validation": 0.5}, 1), dataset, split)
    checked = check_dataset(folder, split).checked
    assert checked.sound
    assert [(part.part, part.frames, part.clean) for part in checked.parts] == [
        (TRAINING, 12, 4),
        ("validation", 12, 4),
    ]
    parts = {name: part for part in (TRAINING, "validation") for name in _names(split, part)}
    clean = [frame.name for frame in dataset.frames if not frame.defective]
    one, other = (next(name for name in clean if parts[name] == part) for part in (TRAINING, "validation"))
    write_image(folder / "images" / other, cv2.flip(sheet(int(one[:2])), 0))
    checked = check_dataset(folder, split).checked
    (wrong,) = (finding for finding in checked.findings if finding.is_error)
    assert wrong.what.startswith("1 group of near-duplicates in two parts of the split")
    assert one in wrong.where[0]
    assert other in wrong.where[0]
    (note,) = (finding for finding in checked.findings if "different groups" in finding.what)
    assert note.advice == "groups: found in a dataset.yaml joins them"


def _names(split: Path, part: str) -> list[str]:
    rows = [line.split(",") for line in split.read_text().splitlines()[1:]]
    return [row[0] for row in rows if row[2] == part]


def test_a_split_that_does_not_fit_or_lacks_a_class_is_told(tmp_path: Path) -> None:
    folder, split = healthy(tmp_path / "set"), tmp_path / "split.csv"
    split.write_text("name,group,part,classes\nz.png,,training,\n")
    assert any("z.png is not in the data set" in line for line in told(check_dataset(folder, split).checked, True))
    lines = ["name,group,part,classes"]
    for frame in open_dataset(folder).frames:
        part = "validation" if frame.classes == (1,) else TRAINING
        lines.append(f"{frame.name},,{part},{'|'.join('xy'[k] for k in frame.classes)}")
    split.write_text("\n".join(lines))
    checked = check_dataset(folder, split).checked
    assert told(checked, True) == ["part training of the split holds no frame of class y"]
    assert "part validation of the split holds no frame of class x" in told(checked, False)


def test_the_published_split_and_strange_rows_are_worth_a_note(tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(6)]
    folder = write_kaggle(tmp_path, names, ["0.png,1,1 5", "gone.png,1,1 5"])
    write_image(folder / "images" / "5.png", sheet(4))
    write_image(folder / "images" / "extra.png", sheet(9))
    rows = "".join(f"{name},images/{name},{'val' if name == '5.png' else 'train'}\n" for name in names)
    (folder / "frames.csv").write_text("image_id,file,split\n" + rows)
    checked = check_dataset(folder).checked
    assert checked.sound
    notes = told(checked, False)
    assert any("the split that the list of frames gives leaks" in note and "1 group of near" in note for note in notes)
    assert any(note.endswith("train.csv: rows of 1 frame that are not here") for note in notes)
    assert "1 file of the image folder not in the list of frames" in notes


def deep(folder: Path, white: int) -> Path:
    """The healthy set with its frames as 16-bit PNGs of 0..white."""
    for path in sorted((healthy(folder) / "images").iterdir()):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert grey is not None
        write_image(path, (grey.astype(np.uint32) * white // 255).astype(np.uint16))
    return folder


def test_frames_that_use_next_to_nothing_of_their_range_are_an_error_that_names_the_white_level(tmp_path: Path) -> None:
    folder = deep(tmp_path, 4095)
    (finding,) = [one for one in check_dataset(folder).checked.findings if one.is_error]
    assert "24 of 24 frames of more than 8 bits are nearly black: their highest value is " in finding.what
    assert finding.what.endswith(", and white is 65535")
    assert finding.advice.startswith("white_level: 4095 in a dataset.yaml")
    assert len(finding.where) == 24
    assert check_dataset(describe(folder, TEXT + "white_level: 4095\n")).checked.sound


def test_nearly_black_frames_of_8_bits_are_one_error(tmp_path: Path) -> None:
    for path in sorted((healthy(tmp_path) / "images").iterdir()):
        write_image(path, np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) // 16)
    checked = check_dataset(tmp_path).checked
    (error,) = told(checked, True)
    assert "24 of 24 frames of 8 bits are nearly black" in error
