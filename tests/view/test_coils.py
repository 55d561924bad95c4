"""The coils of a line over HTTP: a real server, journal and archive."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspector.archive.reader import Archive
from inspector.coil.coil import Coil
from inspector.protocol import masks
from inspector.results.journal_reader import JournalReader
from inspector.view.coils.routes import coil_routes
from tests.view.coil_app import Line, Pages, served
from tests.view.making import LONG_MM, RUN, archive_of, journal_of

AT = "/api/lines/line1"
CONFIG = """
width_mm: 10
grading:
  grades: [{name: A, limits: [{most: 3}], most_uninspected_percent: 20}]
  otherwise: C
"""


@dataclass(frozen=True)
class Place:
    pages: Pages
    journal: Path
    archive: Path

    def json(self, path: str, status: int = 200) -> dict:
        answer = self.pages.get(AT + path)
        assert answer.status == status, answer.body
        return json.loads(answer.body)

    def coil(self) -> tuple[str, dict]:
        [run] = self.json("/runs")["runs"]
        return f"/runs/{run['id']}", self.json(f"/runs/{run['id']}")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("coils")
    journal = journal_of(folder / "j.sqlite")
    archive = archive_of(folder / "archive", journal)
    config = folder / "coil.yaml"
    config.write_text(CONFIG)
    lines = [Line(journal=journal, archive=archive), Line(id="bare"), Line(id="gone", journal=folder / "no.sqlite")]
    with served(coil_routes(lines, {"line1": config})) as pages:
        yield Place(pages, journal, archive)


def arrays_of(head: dict, block: bytes) -> dict[str, np.ndarray]:
    kinds = {"f4": "<f4", "u1": "u1"}
    return {
        one["name"]: np.frombuffer(block, kinds[one["type"]], one["count"], one["offset"]) for one in head["arrays"]
    }


def test_a_coil_is_what_its_journal_says(place: Place) -> None:
    at, head = place.coil()
    block = place.pages.get(f"{AT}{at}/defects.bin").body
    assert len(block) == head["bytes"]
    coil = Coil(RUN, width_mm=10)
    with JournalReader(place.journal) as reader:
        for row in reader.walk():
            coil.feed(row.packet())
    coil.finish()
    defects = coil.findings.defects
    arrays = arrays_of(head, block)
    assert head["defects"] == len(defects) == len(arrays["x"])
    assert head["classes"] == ["pitting", "scratches"]
    np.testing.assert_allclose(arrays["x"], [one.area.from_mm for one in defects])
    np.testing.assert_allclose(arrays["y"], [one.area.x_from_mm for one in defects])
    np.testing.assert_allclose(arrays["length"], [one.length_mm for one in defects], rtol=1e-6)
    np.testing.assert_allclose(arrays["area"], [one.area_mm2 for one in defects], rtol=1e-6)
    assert [head["classes"][kind] for kind in arrays["kind"]] == [one.class_name for one in defects]
    assert {head["verdicts"][one] for one in arrays["verdict"]} == {"REJECT"}
    assert arrays["length"].max() == LONG_MM
    assert head["complete"]
    judged = place.json(f"{at}/judgement")
    assert judged["grade"]["name"] == "C"
    assert judged["grade"]["why"][0]["text"] == f"defects: {len(defects)}, at most 3"


def test_what_nobody_inspected_is_told_with_its_reason(place: Place) -> None:
    at, head = place.coil()
    arrays = arrays_of(head, place.pages.get(f"{AT}{at}/defects.bin").body)
    lost = [index for index, reason in enumerate(arrays["unknown.reason"]) if reason < len(head["reasons"])]
    assert [head["reasons"][arrays["unknown.reason"][index]] for index in lost] == ["camera_lost"]
    assert arrays["unknown.x"][lost[0]] == 24 * 6 / 2
    assert arrays["unknown.length"][lost[0]] == 12


def test_a_defect_names_its_frames_with_verdict_thresholds_and_picture(place: Place) -> None:
    at, head = place.coil()
    arrays = arrays_of(head, place.pages.get(f"{AT}{at}/defects.bin").body)
    told = place.json(f"{at}/defects/{int(arrays['length'].argmax())}")
    assert told["defect"]["class"] == "scratches"
    assert [frame["frame"] for frame in told["frames"]] == [1, 2, 3]
    frame = told["frames"][0]
    assert (frame["verdict"], frame["reason"], frame["gate_score"]) == ("REJECT", "defect", 0.9)
    assert frame["thresholds"]["gate"] == 0.5
    archived = frame["archived"]
    assert archived["bits"] == ["pitting", "scratches"]
    answer = place.pages.get(f"{AT}/pictures/{archived['mask']}")
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    found = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_UNCHANGED)
    with JournalReader(place.journal) as reader:
        [row] = reader.rows(frame["epoch"], frame["camera"], frame["seq"], frame["seq"])
    np.testing.assert_array_equal(found, masks.decode(row.blob, *archived["picture_px"]))
    assert place.pages.get(f"{AT}/pictures/{archived['thumbnail']}").headers["content-type"] == "image/jpeg"
    assert place.pages.get(f"{AT}/pictures/{archived['picture']}").status == 200
    place.json(f"{at}/defects/{head['defects']}", 404)


def test_the_report_is_a_file_of_its_own(place: Place) -> None:
    at, _ = place.coil()
    answer = place.pages.get(f"{AT}{at}/report.html")
    assert answer.status == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert b"Grade C" in answer.body
    assert answer.body.count(b"data:image/jpeg") > 3  # of the archive


@pytest.mark.parametrize(
    "path",
    [
        "/pictures/..%2f..%2fj.sqlite", "/pictures/../archive.sqlite", "/pictures/1-00000000.picture", "/pictures/1",
        "/pictures/%00", "/pictures/99999999999999999999-00000000.picture", "/pictures/9223372036854775807-00000000.mask",
        "/pictures/1-00000000.entry", "/pictures/" + "a" * 5000, "/runs/999", "/runs/99999999999999999999999", "/runs/-1",
        "/runs/1e3", "/runs/1/defects/99999999999999999999999", "/runs/1/defects/-1", "/runs/../../secret",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(place: Place, path: str) -> None:
    answer = place.pages.get(AT + path)
    assert answer.status in (404, 414)
    assert b"Traceback" not in answer.body


def test_addresses_of_no_line_and_bad_names(place: Place) -> None:
    for path in ("/api/lines/../runs", "/api/lines/other/runs", "/api/lines/line1%00/runs", "/api/lines/%2e%2e/runs"):
        assert place.pages.get(path).status == 404
    assert place.json("/runs?name=" + "x" * 301, 400)
    assert place.json("/runs?name=%00%ff%3Cb%3E")["runs"] == []
    assert "no journal" in json.loads(place.pages.get("/api/lines/bare/runs").body)["error"]
    gone = place.pages.get("/api/lines/gone/runs")
    assert gone.status == 502
    assert "there is no such file" in json.loads(gone.body)["error"]


def test_a_picture_that_was_replaced_by_a_link_is_not_shown(place: Place, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(place.archive, archive)
    secret = tmp_path / "secret.png"
    with Archive(archive) as opened:
        [entry, other, *_] = opened.list(limit=2)
    image = archive / entry.image.path
    shutil.move(image, secret)
    image.symlink_to(secret)
    days = archive / "masks" / Path(other.mask.path).parts[1] if other.mask else archive
    shutil.move(days, tmp_path / "outside")
    days.symlink_to(tmp_path / "outside")
    with served(coil_routes([Line(archive=archive)])) as pages:
        for name in (f"{entry.id}-{entry.image.crc32:08x}.picture", f"{other.id}-{other.mask.crc32:08x}.mask"):  # type: ignore[union-attr]
            answer = pages.get(f"{AT}/pictures/{name}")
            assert answer.status == 502
            assert "link" in json.loads(answer.body)["error"]


def test_a_pipe_in_the_place_of_a_picture_holds_nobody_up(place: Place, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(place.archive, archive)
    with Archive(archive) as opened:
        [entry] = opened.list(limit=1)
    (archive / entry.image.path).unlink()
    os.mkfifo(archive / entry.image.path)
    with served(coil_routes([Line(archive=archive)])) as pages:
        assert pages.get(f"{AT}/pictures/{entry.id}-{entry.image.crc32:08x}.picture").status == 502


def test_journal_and_archive_that_vanish_are_told(place: Place, tmp_path: Path) -> None:
    journal, archive = tmp_path / "j.sqlite", tmp_path / "archive"
    shutil.copy(place.journal, journal)
    shutil.copytree(place.archive, archive)
    with served(coil_routes([Line(journal=journal, archive=archive)])) as pages:
        [run] = json.loads(pages.get(f"{AT}/runs").body)["runs"]
        at = f"{AT}/runs/{run['id']}"
        assert pages.get(at).status == 200
        shutil.rmtree(archive)
        told = json.loads(pages.get(f"{at}/defects/0").body)
        assert told["frames"][0]["archived"] is None
        assert "archive" in told["notes"][0]
        journal.unlink()
        for path in (at, f"{at}/defects/0", f"{AT}/runs"):
            answer = pages.get(path)
            assert answer.status == 502
            assert "journal" in json.loads(answer.body)["error"]
        journal.write_bytes(b"no database" * 100)
        assert pages.get(f"{AT}/runs").status == 502


def test_the_page_needs_nothing_from_elsewhere(place: Place) -> None:
    page = place.pages.get("/coil?line=line1&run=%3Cscript%3E")
    assert page.status == 200
    assert b"<script>" not in page.body
    assert b" style=" not in page.body
    assert b"//" not in page.body.replace(b"<!doctype html>", b"")
