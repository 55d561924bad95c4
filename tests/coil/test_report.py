"""The report of a coil, in every form, read back by other programs."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engines.errors import FileError
from inspector.archive.quota import Quota
from inspector.archive.store import Store
from inspector.coil.cutting import cut_list
from inspector.coil.grading import grade
from inspector.coil.head import Head
from inspector.frames.coil import CoilDefect
from inspector.frames.outcome import Verdict
from inspector.frames.sheet import FrameOfCamera
from inspector.report.coil.archived import ArchivedPictures
from inspector.report.coil.coil_map import coil_map
from inspector.report.coil.content import CameraProof, CoilReport, report_of
from inspector.report.coil.fonts import KNOWN, Fonts
from inspector.report.coil.write import write_report
from inspector.report.pictures import drawing
from inspector.report.pictures.drawing import Picture
from tests.archive.making import add, make_facts
from tests.coil.test_grading import COIL, config, defect, mark, unknown

EVIL = "<script>alert(1)</script>"
CHINESE = "表面缺陷"
CYRILLIC = "рулон № 7"


HEAD = Head(
    recipes=(), bundles=("demo-1.0",), operating_points=("3f2a",), calibrations=(), flat_fields=(), software=("inspector 0.1",),
    began_unix_ns=1_795_471_201_000_000_000, ended_unix_ns=None, simulated=False,
)  # fmt: skip


def camera(told: int | None = 1000) -> CameraProof:
    return CameraProof(
        camera="top",
        face="top",
        frames=1000,
        verdicts={"PASS": 990, "REJECT": 10},
        reasons={},
        told=told,
        complete=told == 1000,
    )


def whole(run: str = "coil-4711", kind: str = "scratches") -> CoilReport:
    defects = [defect(20 * at, 0.01 * 4**at, kind if at % 2 else "corrosion", x=90.0 * at) for at in range(1, 8)]
    unknowns, marks = [unknown(300, 8)], [mark(340, 60)]
    bottom = msgspec.structs.replace(camera(), camera="bottom", face="bottom")
    return report_of(
        run, "line1", HEAD, [camera(), bottom], defects, unknowns, coil=COIL, width_mm=1250.0,
        grade=grade(config(), COIL, defects, unknowns, marks), cuts=cut_list(config(), COIL, defects, unknowns, marks),
        roll_marks=marks,
    )  # fmt: skip


def test_the_four_files_say_the_same(tmp_path: Path) -> None:
    report = whole()
    assert write_report(tmp_path / "r", report) == []
    read = msgspec.json.decode((tmp_path / "r/report.json").read_bytes(), type=CoilReport)
    assert read == report
    html = (tmp_path / "r/index.html").read_text()
    assert "Grade C" in html
    assert not re.search(r"(src|href)=\"(?!data:)", html)  # self-contained
    rows = list(csv.DictReader(io.StringIO((tmp_path / "r/defects.csv").read_bytes().decode())))
    assert len(rows) == report.defects_in_all == 7
    assert {row["class"] for row in rows} == {"scratches", "corrosion"}
    assert [float(row["area_mm2"]) for row in rows] == sorted((float(row["area_mm2"]) for row in rows), reverse=True)
    assert (tmp_path / "r/report.pdf").read_bytes().startswith(b"%PDF-")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)


def test_names_steer_neither_page_nor_pdf_nor_spreadsheet(tmp_path: Path) -> None:
    report = whole(run=EVIL + "/../../x" + "y" * 200, kind="=HYPERLINK(1)" + EVIL)
    write_report(tmp_path / "r", report)
    tags = Tags()
    tags.feed((tmp_path / "r/index.html").read_text())
    assert "script" not in tags.found
    rows = list(csv.reader(io.StringIO((tmp_path / "r/defects.csv").read_bytes().decode())))
    assert any(row[0].startswith("'=HYPERLINK") for row in rows[1:])


@pytest.mark.skipif(not Path(KNOWN[0]).is_file(), reason="fonts-dejavu-core is not installed, which has Cyrillic")
def test_a_character_that_no_font_has_is_told_and_not_printed_as_a_box(tmp_path: Path) -> None:
    told = write_report(tmp_path / "r", whole(run=f"{CYRILLIC} \U00013000", kind="цех"))
    assert len(told) == 1
    assert "U+13000" in told[0]
    marked = Fonts().marked_up(f"{CYRILLIC} \U00013000 <b>&")
    assert marked == f"{CYRILLIC} [U+13000] &lt;b&gt;&amp;"


def test_a_font_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.ttf").write_bytes(b"no font")
    with pytest.raises(FileError, match=r"no\.ttf: cannot be used as a font"):
        Fonts([tmp_path / "no.ttf"])


def test_the_map_shows_what_was_not_inspected_and_never_as_clean() -> None:
    report = whole()
    drawn = coil_map(report)
    assert drawn is not None
    hatched = np.all(drawn == drawing.VERDICTS[Verdict.UNINSPECTED], axis=2)
    columns = np.flatnonzero(hatched.any(axis=0))
    inside = (columns - 90) / (1640 - 90 - 24) * 500
    assert inside.min() == pytest.approx(300, abs=1)
    assert inside.max() == pytest.approx(308, abs=1)
    for name, colour in zip(("corrosion", "scratches"), drawing.CLASSES, strict=False):
        assert np.all(drawn == colour, axis=2).any(), name


def test_a_run_without_places_and_without_a_picture_comes_out_right(tmp_path: Path) -> None:
    report = report_of(
        "coil-4711", "line1", HEAD, [camera(told=None)], [], [], coil=None, notes=["positions are unknown"]
    )
    assert coil_map(report) is None
    assert write_report(tmp_path / "r", report) == []
    html = (tmp_path / "r/index.html").read_text()
    assert "<img" not in html
    assert "NOT PROVEN COMPLETE" in html
    assert "positions are unknown" in html
    assert "not looked for" in html


def test_the_largest_defects_are_shown(tmp_path: Path) -> None:
    def picture(one: CoilDefect) -> Picture | None:
        return np.full((64, 400, 3), 90, np.uint8) if one.class_name == "corrosion" else None

    report = whole()
    write_report(tmp_path / "r", report, picture)
    html = (tmp_path / "r/index.html").read_text()
    assert html.count("data:image/jpeg") == sum(one.class_name == "corrosion" for one in report.worst)


def test_the_archive_gives_the_pictures(tmp_path: Path) -> None:
    with Store(tmp_path / "archive", Quota(least_free_bytes=0)) as store:
        for frame in range(3):
            add(store, make_facts(frame, run="coil-4711", line="line1"))
        add(store, make_facts(9, run="another", line="line1"))
    shows = FrameOfCamera(camera="top", frame=1), FrameOfCamera(camera="top", frame=9)
    defects = [msgspec.structs.replace(defect(10, 1.0, "crack"), frames=(one,)) for one in shows]
    report = report_of("coil-4711", "line1", HEAD, [camera()], defects, [], coil=COIL)
    pictures = ArchivedPictures(tmp_path / "archive", report)
    found = [pictures(one) for one in report.worst]
    assert [one is None for one in found] == [False, True]
    assert found[0] is not None
    assert np.all(found[0] == drawing.CLASSES[0], axis=2).any()
    assert ArchivedPictures(tmp_path / "nowhere", report)(defects[0]) is None
