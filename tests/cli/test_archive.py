"""``inspector archive`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.archive.store import Store
from tests.archive.making import add, make_clean, make_facts
from tests.cli.in_process import inspector, refused, run

HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Seven entries of two runs, one of them called as nobody should."""
    with Store(tmp_path / "archive") as store:
        for frame in range(6):
            add(store, (make_facts if frame % 3 else make_clean)(frame))
        add(store, make_facts(50, run=HOSTILE))
    return tmp_path / "archive"


def test_a_list_goes_on_where_it_ended(root: Path) -> None:
    first = json.loads(inspector("archive", "list", root, "-n", "4", "--json").stdout)
    assert [one["id"] for one in first["entries"]] == [7, 6, 5, 4]
    second = json.loads(inspector("archive", "list", root, "-n", "4", "--after", str(first["after"]), "--json").stdout)
    assert [one["id"] for one in second["entries"]] == [3, 2, 1]
    assert second["after"] is None
    assert second["totals"]["reject"]["entries"] == 5


def test_a_list_in_words_never_steers_the_terminal(root: Path) -> None:
    told = inspector("archive", "list", root).stdout
    assert "\x1b[31m" not in told
    assert "in all: reject 5 (0.1 MiB), clean 2" in told
    assert "no entries" in inspector("archive", "list", root, "--run", "none").stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--run", HOSTILE], [7]),
        (["--verdict", "pass"], [4, 1]),
        (["--evidence", "clean"], [4, 1]),
        (["--class", "crack", "--most-score", "0.5"], []),
        (["--class", "crack", "--run", "coil-7"], [6, 5, 3, 2]),
        (["--camera", "bottom"], []),
        (["--since", "2100-01-01"], []),
        (["--until", "2100-01-01", "--not-protected", "--not-lost"], [7, 6, 5, 4, 3, 2, 1]),
        (["--protected"], []),
    ],
)
def test_filters(options: list[str], expected: list[int], root: Path) -> None:
    told = json.loads(inspector("archive", "list", root, "--json", *options).stdout)
    assert [one["id"] for one in told["entries"]] == expected


def test_one_entry_in_words_and_its_picture(root: Path, tmp_path: Path) -> None:
    shown = inspector("archive", "show", "2", root, "--picture", tmp_path / "two.png").stdout
    assert "entry 2  REJECT  defect  crack of 12 mm" in shown
    assert "(predicted by the segmenter)" in shown
    assert "crack at 20, 24: 20 x 10 px, 200 px, score 0.90" in shown
    assert (tmp_path / "two.png").read_bytes().startswith(b"\x89PNG")
    assert "\x1b" not in inspector("archive", "show", "7", root).stdout


def test_protecting_and_no_longer(root: Path) -> None:
    assert inspector("archive", "protect", "coil-7", "7", "--archive", root).stdout.splitlines() == [
        "1 of 1 entries: protected",
        "run coil-7: protected, 6 entries of it are there now",
    ]
    assert len(json.loads(inspector("archive", "list", root, "--protected", "--json").stdout)["entries"]) == 7
    inspector("archive", "protect", "coil-7", "--off", "--archive", root)
    told = json.loads(inspector("archive", "list", root, "--protected", "--json").stdout)
    assert [one["id"] for one in told["entries"]] == [7]


def test_an_export_says_that_its_labels_are_predictions(root: Path, tmp_path: Path) -> None:
    told = inspector("archive", "export", root, "--severstal", tmp_path / "out").stdout
    assert f"{tmp_path / 'out'}: 7 frames, 5 rows of crack, scale" in told
    assert "PREDICTIONS" in told
    assert "PREDICTIONS" in (tmp_path / "out" / "README.txt").read_text(encoding="utf-8")


def test_a_check_tells_and_mends(root: Path) -> None:
    assert run("archive", "check", root, "--thorough")[:2] == (0, "7 entries: all is well\n")
    pictures = sorted((root / "images").rglob("*.png"))
    pictures[0].unlink()
    pictures[1].write_bytes(b"\0" * pictures[1].stat().st_size)
    status, told, _ = run("archive", "check", root)
    assert (status, told) == (1, "7 entries: 1 entries lost; not mended (--mend mends)\n")
    status, told, _ = run("archive", "check", root, "--mend", "--thorough")
    assert status == 1
    assert "7 entries: 1 entries lost; mended; 1 lost in all; 1 files damaged" in told
    with Store(root):
        assert "is written by this process already" in refused("archive", "check", root, "--mend")
        assert run("archive", "check", root).status == 1, "looking is allowed meanwhile"


def test_mistakes_are_one_line(root: Path, tmp_path: Path) -> None:
    none = tmp_path / "none"
    commands: list[list[str | Path]] = [
        ["list", none],
        ["show", "1", none],
        ["check", none],
        ["check", none, "--mend"],
        ["export", none, "--coco", tmp_path / "o"],
    ]
    for command in commands:
        assert str(none) in refused("archive", *command)
    assert "has no entry 99" in refused("archive", "show", "99", root)
    assert "has none of the entries 99" in refused("archive", "protect", "99", "--archive", root)
    assert "holds no archive" in refused("archive", "protect", "run", "--archive", none)
    assert "expected one of --coco" in refused("archive", "export", root)
    assert "expected one of scrap" in refused("archive", "list", root, "--evidence", "nice")
    assert "is no time" in refused("archive", "list", root, "--since", "yesterday")
    assert "--picture" in refused("archive", "show", "1", root, "--picture", root / "images" / "a.png")
    assert not none.exists()
