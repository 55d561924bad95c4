"""Which files a path means, in which order, and what is said when it means none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inspector.capture.replay.listing import list_files
from inspector.capture.replay.order import in_natural_order
from inspector.errors import UserError
from tests.capture.replay_files import encoded, severstal, sheet, write

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


@pytest.mark.parametrize(
    "text",
    [
        "image_id,status\na.png,clean\nb.png,\n",
        "status,image_id\nclean,a.png\n,b.png\n",
        "image_id,file\nx,a.png\ny,images/b.png\n",
        "a.png,1\nb.png,2\n",
        "\ufeffImage_Id\n\na.png\nb.png\n",
    ],
)
def test_a_csv_list_is_read_by_its_column(text: str, tmp_path: Path) -> None:
    make(tmp_path, "a.png", "images/b.png")
    listing = tmp_path / "list.csv"
    listing.write_text(text, encoding="utf-8")
    assert list_files(str(listing)) == [tmp_path / "a.png", tmp_path / "images" / "b.png"]


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
    (tmp_path / "latin.txt").write_bytes(b"\xe9t\xe9.png\n")
    cases = {
        str(tmp_path / "empty"): "holds no image files",
        str(tmp_path / "set"): "there are some in .*images: give that one",
        str(tmp_path / "absent"): "does not exist",
        str(tmp_path / "*.jpg"): "no file matches this pattern",
        str(tmp_path / "empty.txt"): "lists no files",
        str(tmp_path / "gone.txt"): "none of the 2 listed files exists, the first being x.png; looked in",
        str(tmp_path / "latin.txt"): "cannot be read as a UTF-8 list",
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
