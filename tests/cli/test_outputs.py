"""No command writes over what it reads, or among the frames that it would read the next time."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engines.bundle import Bundle
from engines.errors import FileError
from inspector.bundles.request import BuildRequest, require_new
from inspector.errors import UserError
from inspector.results.journal import Journal
from inspector.results.stream import Stream
from tests.cli.in_process import refused, run
from tests.engines.data.sets import describe, sheet, write_image, write_kaggle, write_masks
from tests.results.publishing import REJECTED, RUN, START, make_identity, make_settled
from tests.results.test_journal import make_journal

HOSTILE = ['=HYPERLINK("http:x").jpg', "@SUM(A1).jpg", "+1.jpg", "-1.jpg", "\t=1.jpg", "a\x1b[2J.jpg", "plain.jpg"]


def everything(folder: Path) -> dict[str, bytes]:
    """The content of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A closed journal with a verdict for each hostile name."""
    identity, path = make_identity(), tmp_path / "line.sqlite"
    written: Journal = make_journal(path, identity)
    written.open()
    stream = Stream(identity, "cam1", heartbeat_ms=200, masks=True)
    written.append(stream.start(RUN, START))
    for frame, name in enumerate(HOSTILE):
        settled = make_settled(frame, REJECTED, "cam1")
        written.append(
            stream.settled(msgspec.structs.replace(settled, meta=msgspec.structs.replace(settled.meta, name=name)))
        )
    assert written.close(5)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set with masks."""
    boxes = {f"{i:02}": (() if i % 3 == 0 else ((i % 3 - 1, 2, 5, 6, 9),)) for i in range(12)}
    return describe(write_masks(tmp_path / "set", boxes), "kind: masks\nmask_style: bitmask\nclasses: [pit, scab]\n")


def test_an_export_is_never_the_journal_that_is_read(journal: Path, tmp_path: Path) -> None:
    os.link(journal, tmp_path / "hard")
    (tmp_path / "soft").symlink_to(journal)
    before = everything(tmp_path)
    for output in (journal, "hard", "soft", "line.sqlite-wal"):
        told = refused("journal", "export", journal, "-o", tmp_path / output)
        assert told.startswith(f"inspector: --output {tmp_path / output}: is ")
        assert told.endswith("name another file")
    assert everything(tmp_path).items() >= before.items()  # SQLite puts files of its own beside a journal that is read


def test_an_export_holds_no_formula_and_no_control_character(journal: Path, tmp_path: Path) -> None:
    assert run("journal", "export", journal, "-o", tmp_path / "out.csv").status == 0
    with (tmp_path / "out.csv").open(newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    clean = [name.replace("\t", "\ufffd").replace("\x1b", "\ufffd") for name in HOSTILE]
    assert names == [*(f"'{name}" for name in clean[:5]), *clean[5:]]
    exact = run("journal", "export", journal, "-f", "jsonl").out.splitlines()
    assert [msgspec.json.decode(line)["body"].get("name") for line in exact[1:]] == HOSTILE


def test_a_split_is_never_what_a_data_set_is_read_from(data: Path, tmp_path: Path) -> None:
    kaggle = write_kaggle(tmp_path / "kaggle", ["a.png", "b.png"], ["a.png,1,5 3"])
    before = everything(tmp_path)
    parts = ("--parts", "training=0.5,validation=0.5")
    assert "train.csv: is the list of labels of kaggle; name another" in refused(
        "data", "split", kaggle, kaggle / "train.csv", *parts
    )
    assert "is the list of frames of set" in refused("data", "split", data, data / "frames.csv", *parts)
    assert "is the description of set" in refused("data", "split", data, data / "dataset.yaml", *parts)
    assert "is there already and is no split" in refused("data", "split", data, data / "images" / "00.png", *parts)
    assert everything(tmp_path) == before
    for _ in range(2):  # an earlier split may be replaced
        assert run("data", "split", data, tmp_path / "split.csv", *parts).status == 0


def test_a_picture_is_never_among_the_frames(data: Path) -> None:
    before = everything(data)
    (data / "images" / "below").mkdir()
    for place, what in (
        ("images", "is the folder of the frames"),
        ("masks", "is the folder of the masks"),
        ("images/below", "lies in"),
    ):
        assert what in refused("data", "check", data, "--picture", data / place / "sheet.png")
    assert everything(data) == before


def test_simulated_sheets_never_replace_others(tmp_path: Path, data: Path) -> None:
    write_image(tmp_path / "mine" / "images" / "000000.jpg", sheet(1))
    (tmp_path / "listed").mkdir()
    (tmp_path / "listed" / "frames.csv").write_text("image,defect\na.jpg,1\n")
    before = everything(tmp_path)
    for folder in (tmp_path / "mine", tmp_path / "listed", data):
        assert "was not written by inspector simulate" in refused("simulate", folder, "--frames", "1")
    assert everything(tmp_path) == before


def test_an_evaluation_is_never_put_into_its_data_set(tiny_bundle: Bundle, data: Path, tmp_path: Path) -> None:
    before = everything(tmp_path)
    for place in (data, data / "images", data / "masks" / "out"):
        assert f"--report {place}: " in refused("evaluate", tiny_bundle.path, data, "--report", place)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("mine")
    told = refused("evaluate", tiny_bundle.path, data, "--report", tmp_path / "site")
    assert "index.html there is not of an earlier report" in told
    (tmp_path / "site" / "index.html").unlink()
    assert everything(tmp_path) == before


def test_an_operating_point_never_replaces_what_it_was_made_from(tiny_bundle: Bundle, data: Path) -> None:
    before = everything(data), everything(tiny_bundle.path)
    for option in ("--out", "--curve"):
        for place in (data / "dataset.yaml", tiny_bundle.path / "gate.onnx", tiny_bundle.path / "bundle.yaml"):
            assert f"{option} {place}: is " in refused("calibrate", "thresholds", tiny_bundle.path, data, option, place)
    point = tiny_bundle.path / "operating_point.yaml"
    assert "is the bundle's operating point" in refused(
        "calibrate", "thresholds", tiny_bundle.path, data, "--curve", point
    )
    assert (everything(data), everything(tiny_bundle.path)) == before


def test_a_bundle_is_never_built_among_the_frames(data: Path, tmp_path: Path) -> None:
    def request(out: Path) -> BuildRequest:
        return BuildRequest(gate=data, segmenter=data, data=data, split=None, out=out, name="b")

    with pytest.raises(FileError, match=r"--out .*: lies in the folder of the frames of set"):
        require_new(request(data / "images" / "bundle"))
    with pytest.raises(UserError, match="is there already"):
        require_new(request(data))
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    require_new(request(tmp_path / "link"))


LONG = "x" * 300
QUESTIONS: list[Callable[[str], list[str]]] = [
    lambda path: ["bundle", "show", path],
    lambda path: ["bundle", "verify", path],
    lambda path: ["config", "check", path],
    lambda path: ["data", "check", path],
    lambda path: ["data", "split", path, "split.csv"],
    lambda path: ["journal", "tail", path],
    lambda path: ["journal", "export", path],
    lambda path: ["replay", path],
    lambda path: ["replay", ".", "-c", path],
    lambda path: ["replay", ".", "--report", path],
    lambda path: ["evaluate", "demo", path],
    lambda path: ["calibrate", "thresholds", "demo", path],
    lambda path: ["reference", "demo", path],
    lambda path: ["run", "-c", path],
    lambda path: ["demo", "-c", path],
    lambda path: ["simulate", path],
    lambda path: ["engines", "list", "--cache", path],
    lambda path: ["engines", "verify", "--cache", path],
]


@pytest.mark.parametrize("command", QUESTIONS, ids=lambda make: " ".join(make("X")))
@pytest.mark.parametrize("path", [LONG, "loop"])
def test_a_path_that_cannot_be_looked_at_is_one_line(
    command: Callable[[str], list[str]], path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    write_image(tmp_path / "frame.png", sheet(1))
    assert len(refused(*command(path))) < 1000
