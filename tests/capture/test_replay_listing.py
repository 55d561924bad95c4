"""Which files a path means, in which order, and what is said when it means none."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from inspector.capture.replay.camera import ReplayCamera
from inspector.capture.replay.listing import frame_names, list_files
from inspector.capture.replay.order import in_natural_order
from inspector.config.replay import ReplayConfig
from inspector.errors import UserError
from tests.capture.replay_files import HEIGHT, WIDTH, encoded, severstal, sheet, write

PNG = encoded(".png", sheet())


def make(folder: Path, *names: str) -> None:
    for name in names:
        write(folder / name, PNG)


def names_of(path: str | tuple[str, ...]) -> list[str]:
    return [one.name for one in list_files(path)]


def test_a_directory_is_listed_in_natural_order_without_what_is_no_image(tmp_path: Path) -> None:
    make(tmp_path, "frame10.png", "frame2.PNG", "Frame1.png", "b.bmp", "notes.md", ".hidden.png", "below/x.png")
    assert names_of(str(tmp_path)) == ["b.bmp", "Frame1.png", "frame2.PNG", "frame10.png"]


def test_long_numbers_and_leading_zeros_sort_by_value(tmp_path: Path) -> None:
    make(tmp_path, "c2_10.png", "c2_9.png", "c10_1.png", "c02_11.png", "20261231235959999999.png", "3.png")
    expected = ["3.png", "20261231235959999999.png", "c2_9.png", "c2_10.png", "c02_11.png", "c10_1.png"]
    assert names_of(str(tmp_path)) == expected


def test_a_glob_may_reach_below(tmp_path: Path) -> None:
    make(tmp_path, "coil2/f1.png", "coil10/f1.png", "coil2/f11.png", "coil2/f1.jpg")
    files = list_files(str(tmp_path / "**" / "*.png"))
    assert [str(one.relative_to(tmp_path)) for one in files] == ["coil2/f1.png", "coil2/f11.png", "coil10/f1.png"]


def test_a_single_file_is_a_run_of_one(tmp_path: Path) -> None:
    make(tmp_path, "a.png")
    assert names_of(str(tmp_path / "a.png")) == ["a.png"]


def test_a_text_list_keeps_its_order_and_falls_back_to_images(tmp_path: Path) -> None:
    make(tmp_path, "b.png", "images/a, with comma.png")
    listing = tmp_path / "list.txt"
    listing.write_text("# the good ones\nb.png\n\nimages/../b.png\na, with comma.png\ngone.png\n")
    files = list_files(str(listing))
    assert files[0] == tmp_path / "b.png"
    assert files[2] == tmp_path / "images" / "a, with comma.png"
    assert [one.is_file() for one in files] == [True, True, True, False]


def delivered(path: str | Path) -> list[tuple[str, str]]:
    """Name, and why there are no pixels, of every frame of a replay."""
    camera = ReplayCamera(ReplayConfig(path=str(path)), HEIGHT, WIDTH)
    camera.open()
    try:
        return [(one.name, one.error) for one in iter(camera.next, None)]
    finally:
        camera.close()


def test_a_frame_that_is_not_there_costs_one_verdict_and_leftovers_none(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "._a.png", "@eaDir/a.png/x.png")
    (tmp_path / "b.png").symlink_to(".git/annex/objects/b")
    (tmp_path / "c.png").symlink_to("c.png")
    assert delivered(tmp_path) == [
        ("a.png", ""),
        ("b.png", "b.png: is a link to a file that is not there"),
        ("c.png", "c.png: cannot be read (Too many levels of symbolic links)"),
    ]


def test_a_line_of_a_list_that_is_no_name_costs_one_verdict(tmp_path: Path) -> None:
    make(tmp_path, "a.png")
    listing = tmp_path / "list.txt"
    listing.write_text(f"a.png\n{'x' * 100_000}.png\nb\0.png\n")
    names, errors = zip(*delivered(listing), strict=True)
    assert (names[0], errors[0]) == ("a.png", "")
    assert len(names[1]) < 2000
    assert errors[1].endswith("...: cannot be read (File name too long)")
    assert len(errors[1]) < 200
    assert "null" in errors[2]


def test_names_that_repeat_in_a_run_have_the_folders_that_differ(tmp_path: Path) -> None:
    make(tmp_path, "k/1/p.png", "k/2/p.png", "k/2/q.png")
    assert delivered(tmp_path / "k" / "*" / "*.png") == [("1/p.png", ""), ("2/p.png", ""), ("q.png", "")]
    make(tmp_path, "one.png")
    assert frame_names(list_files(str(tmp_path / "one.png"))) == ["one.png"]
    assert frame_names([tmp_path / "\udcff.png"])[0].encode() == b"\\udcff.png"


def test_a_link_to_a_folder_above_repeats_no_frame(tmp_path: Path) -> None:
    make(tmp_path, "coil/a/f1.png", "coil/b/f2.png")
    (tmp_path / "coil" / "a" / "up").symlink_to("..")
    assert names_of(str(tmp_path / "coil" / "**" / "*.png")) == ["f1.png", "f2.png"]


@pytest.mark.parametrize(
    "text",
    [
        "image_id,status\na.png,clean\nb.png,\n",
        "status,image_id\nclean,a.png\n,b.png\n",
        "image_id,file\nx,a.png\ny,images/b.png\n",
        "a.png,1\nb.png,2\n",
        "\ufeffImage_Id\n\na.png\nb.png\n",
        "file_name,w\na.png,1\nb.png,2\n",
        "n,Bild\n1,a.png\n2,b.png\n",
        "name,where\nPlate 1,a.png\nPlate 2,b.png\n",
        "ImageId_ClassId,EncodedPixels\na.png_1,\na.png_2,1 5\nb.png_1,\n",
        "ImageId,ClassId,EncodedPixels\na.png,1,1 5\na.png,3,9 5\nb.png,1,1 5\n",
        f'image,rle\na.png,"{"1 1 " * 50_000}"\nb.png,\n',
        "image\n.\\a.png\nimages\\b.png\n",
    ],
)
def test_a_csv_list_is_read_by_its_column(text: str, tmp_path: Path) -> None:
    make(tmp_path, "a.png", "images/b.png")
    listing = tmp_path / "list.csv"
    listing.write_text(text, encoding="utf-8")
    assert [one.resolve() for one in list_files(str(listing))] == [tmp_path / "a.png", tmp_path / "images" / "b.png"]


def test_the_list_of_the_kaggle_set_is_found_beside_its_frames(tmp_path: Path) -> None:
    make(tmp_path, "train_images/a.png", "test_images/b.png")
    (tmp_path / "train.csv").write_text("ImageId,ClassId,EncodedPixels\na.png,1,1 5\na.png,3,9 5\n")
    (tmp_path / "all.txt").write_text("a.png\nb.png\na.png\n")
    assert names_of(str(tmp_path / "train.csv")) == ["a.png"]
    assert names_of(str(tmp_path / "all.txt")) == ["a.png", "b.png"]


def test_a_first_row_that_is_a_name_is_no_heading(tmp_path: Path) -> None:
    make(tmp_path, "b.png")
    (tmp_path / "list.csv").write_text("gone.png,1\nb.png,2\n")
    assert names_of(str(tmp_path / "list.csv")) == ["gone.png", "b.png"]


def test_a_yaml_list_keeps_its_order(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "b.png")
    assert names_of((str(tmp_path / "b.png"), str(tmp_path / "gone.png"), str(tmp_path / "a.png"))) == [
        "b.png",
        "gone.png",
        "a.png",
    ]


def test_nothing_to_replay_is_told_in_one_line(tmp_path: Path) -> None:
    make(tmp_path, "set/images/a.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "gone.txt").write_text("x.png\ny.png\n")
    (tmp_path / "columns.csv").write_text("id,label\n1,clean\n2,clean\n")
    (tmp_path / "quote.csv").write_text('image,rle\na.png,"1 5\nb.png,1 5\n')
    os.mkfifo(tmp_path / "pipe.png")
    make(tmp_path, "stems/images/0007.png")
    (tmp_path / "stems" / "stems.csv").write_text("image\n7\n8\n")
    (tmp_path / "latin.txt").write_bytes(b"\xe9t\xe9.png\n")
    cases = {
        str(tmp_path / "empty"): "holds no image files",
        str(tmp_path / "set"): "there are some in .*images: give that one",
        str(tmp_path / "absent"): "does not exist",
        str(tmp_path / "*.jpg"): "no file matches this pattern",
        str(tmp_path / "empty.txt"): "lists no files",
        str(tmp_path / "gone.txt"): "none of the 2 listed files exists, the first being x.png; looked in",
        str(
            tmp_path / "columns.csv"
        ): r"no column of it names files that are there; it has id, label; expected a column file, image",
        str(tmp_path / "quote.csv"): r"line 3: cannot be read as CSV \(unexpected end of data\)",
        str(
            tmp_path / "stems" / "stems.csv"
        ): r"none of the 2 listed files exists, the first being 7; .*holds 1 image files, such as 0007\.png",
        str(tmp_path / "pipe.png"): "is no directory and no regular file",
        str(tmp_path / ("x" * 300)): "cannot be looked for .File name too long.",
        str(tmp_path / "latin.txt"): "is not UTF-8 text",
    }
    for path, why in cases.items():
        with pytest.raises(UserError, match=why) as told:
            list_files(path)
        assert "\n" not in str(told.value)
    for paths in ((), (str(tmp_path / "x.png"),)):
        with pytest.raises(UserError, match=r"lists no files|none of the 1 listed"):
            list_files(paths)


def test_the_real_lists_are_found() -> None:
    place = severstal()
    assert len(list_files(str(place / "demo_list.csv"))) == 22
    whole = list_files(str(place / "frames.csv"))
    assert len(whole) == 160
    assert all(one.is_file() for one in whole)
    assert len(list_files(str(place / "images"))) == 160


def test_the_natural_order_of_many_names_is_that_of_their_pieces() -> None:
    names = [
        "a",
        "a1",
        "a01",
        "a2",
        "a10",
        "A3",
        "a-1",
        "ab",
        "1",
        "b1c2",
        "b1c10",
        "b01c3",
        "",
        "a1b",
        f"a{10**70}",
        "é9",
    ]
    paths = [Path(f"{name}x{number}") for number in range(400) for name in names]

    def by_pieces(path: Path) -> tuple[list[tuple[int, int, str]], str]:
        pieces = re.split(r"([0-9]+)", str(path).lower())
        return [(0, int(one), "") if one.isdecimal() else (1, 0, one) for one in pieces], str(path)

    assert in_natural_order(reversed(paths)) == sorted(paths, key=by_pieces)
