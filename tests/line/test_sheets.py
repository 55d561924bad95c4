"""Whole sheets on a line: two cameras with an overlap see one simulated sheet; each defect is counted once, where it is; what is not seen by both is
UNINSPECTED, never PASS."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.bundle import Bundle
from inspector.capture.simulator.scene import SheetRenderer
from inspector.capture.source import Arrival
from inspector.cli.journal import export
from inspector.cli.result_lines import line_of
from inspector.client.completeness import Completeness
from inspector.client.events import StreamKey
from inspector.config.load import parse_config
from inspector.config.simulator import SimulatorConfig
from inspector.errors import UserError
from inspector.frames.outcome import Defect
from inspector.line.line_report import LineReporter
from inspector.line.metrics import LineMetrics
from inspector.protocol.codec import Packet
from inspector.protocol.messages import SheetBody, StartBody
from inspector.report import Report
from inspector.results.journal_reader import JournalReader
from inspector.verdicts.defects import measure
from inspector.verdicts.measured import Settings
from tests.line.accounting import account
from tests.line.sources import GatedCamera, ListCamera
from tests.tiny_bundle import CLASSES, make_tiny_bundle

HEIGHT, WIDTH = 50, 160
OVERLAP = HEIGHT // 10
MM = 0.4
ACROSS = 2 * HEIGHT - OVERLAP
PITCH_UM = 100_000
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_tiny_bundle(tmp_path_factory.mktemp("wide") / "tiny", HEIGHT, WIDTH)


def sheet(index: int, *, clean: bool = False) -> tuple[Pixels, Pixels]:
    """A simulated sheet in the greys that the tiny bundle knows, and its mask: the first two classes are dark, the others bright."""
    share = 0.0 if clean else 1.0
    made = SheetRenderer(SimulatorConfig(seed=5, defect_rate=share), ACROSS, WIDTH).render(index)
    frame, mask = made.frame.clip(85, 125), np.zeros_like(made.mask)
    mask[made.mask & 0b0011 > 0] = 1
    mask[made.mask & 0b1100 > 0] = 2
    if not clean:  # one defect in the overlap, and one that reaches out of it on both sides
        mask[HEIGHT - 3 : HEIGHT - 1, 20:24] = 2
        mask[HEIGHT - OVERLAP - 6 : HEIGHT + 6, 60:63] = 1
    frame[mask == 1], frame[mask == 2] = 64, 192
    return frame, mask


def views(sheets: list[Pixels]) -> tuple[list[Pixels], list[Pixels]]:
    """What two cameras see of them: rows are across the strip."""
    cut = HEIGHT - OVERLAP
    return [one[:HEIGHT].copy() for one in sheets], [one[cut:].copy() for one in sheets]


def options(bundle: Bundle, **sheets: Any) -> dict[str, Any]:
    camera: dict[str, Any] = {
        "source": {"kind": "simulator"},
        "scale": {"mm_per_px_x": MM, "mm_per_px_y": MM},
        "travel_um_per_frame": PITCH_UM,
        "frame_check": {"enabled": False},
    }
    right = {"lateral_mm": (HEIGHT - OVERLAP) * MM}
    return {
        "bundle": bundle,
        "overload": "wait",
        "deadline_ms": None,
        "cameras_of_line": [
            {**camera, "name": "left", "placement": {}},
            {**camera, "name": "right", "placement": right},
        ],
        "sheets": {"by": "frame", "deadline_ms": None, **sheets},
    }


def packets(journal: Path) -> list[Packet]:
    with JournalReader(journal) as reader:
        (epoch,) = reader.epochs()
        return [row.packet() for row in reader.rows(epoch, "sheet", limit=100_000)]


def truth_of(mask: Pixels) -> tuple[Defect, ...]:
    return measure(mask, (1.0, 1.0), Settings(CLASSES, (1, 1), 1000, None)).defects


def place(defect: Defect, number: int) -> tuple[float, float]:
    """x mm and position um that a defect of the whole sheet has."""
    x, y = defect.centroid_px
    return (y + 0.5) * MM, number * PITCH_UM + (x + 0.5) * MM * 1000


def test_two_cameras_count_each_defect_once_and_to_a_pixel_in_a_stream_like_the_others(
    start_line, bundle: Bundle, tmp_path: Path
) -> None:
    made = [sheet(index) for index in range(4)] + [sheet(9, clean=True)]
    left, right = views([frame for frame, _ in made])
    running = start_line({"left": ListCamera(left), "right": ListCamera(right)}, **options(bundle))
    found = running.finish("sheet")
    assert found.reasons == {"defect": 4, "gate_clean": 1}
    several = 0
    for number, (_, mask) in enumerate(made):
        body = found.results[number]
        assert isinstance(body, SheetBody)
        assert [(one.camera, one.frame) for one in body.frames] == [("left", number), ("right", number)]
        assert body.missing == ()
        truths = truth_of(mask)
        assert Counter(one.class_name for one in body.defects) == Counter(one.class_name for one in truths)
        for truth in truths:
            x_mm, position_um = place(truth, number)
            near = [
                one
                for one in body.defects
                if one.class_name == truth.class_name
                and abs(one.position_um - position_um) <= 1000 * MM
                and abs(one.x_mm - x_mm) <= MM
            ]
            _, top, _, height = truth.bbox_px
            if top + height <= HEIGHT or top >= HEIGHT - OVERLAP:  # one camera sees all of it
                assert len(near) == 1
                assert near[0].area_px == truth.area_px
                several += len(near[0].also_in)
    assert several >= 4, "the defect in the overlap is in both cameras' frames"
    for camera in ("left", "right"):
        account(running.journal, camera)
    heard = packets(running.journal)
    books = Completeness(StreamKey("t", "sheet", heard[0].header.epoch))
    for packet in heard:
        books.take(packet)
    assert books.proven
    shown = [line_of(packet).plain for packet in heard]
    assert sum(" sheet " in line and "REJECT" in line and "  2 frames" in line for line in shown) == 4
    assert any(" end " in line and " 5 sheets  " in line for line in shown)
    report = Report(bundle.classes, HEIGHT, WIDTH)
    with JournalReader(running.journal) as reader:
        for row in reader.walk():
            report.add(row.packet())
    assert report.summary().frames == 10, "the report is of frames"
    (begun,) = (packet.body for packet in heard if isinstance(packet.body, StartBody))
    assert begun.sheets is not None
    assert (begun.sheets.by, begun.sheets.cameras) == ("frame", ("left", "right"))
    export(running.journal, tmp_path / "sheets.csv", camera="sheet")
    lines = (tmp_path / "sheets.csv").read_text().splitlines()
    assert len(lines) == 6
    assert all(",sheet," in line for line in lines[1:])
    assert sum(",REJECT," in line for line in lines[1:]) == 4


def test_a_camera_lost_in_the_middle_leaves_no_sheet_passed(start_line, bundle: Bundle) -> None:
    clean = [sheet(index, clean=True)[0] for index in range(6)]
    left, right = views(clean)
    lost: list[Any] = [*right[:2], None, *right[3:5]]  # frame 2 is lost, and the camera ends before frame 5
    running = start_line({"left": ListCamera(left), "right": ListCamera(lost)}, **options(bundle))
    found = running.finish("sheet")
    verdicts = {number: found.verdicts[number][:2] for number in found.verdicts}
    passed = ("PASS", "gate_clean")
    lost_one = ("UNINSPECTED", "camera_lost")
    assert verdicts == {0: passed, 1: passed, 2: lost_one, 3: passed, 4: passed, 5: lost_one}
    assert found.results[2].missing == ("right",)
    assert found.verdicts[5][2] == "right: no frame of this sheet"
    told = LineReporter(running.line).report().sheets
    assert told is not None
    assert (told.cameras, told.sheets, told.open, told.resolved_through) == (["left", "right"], 6, 0, 5)
    assert (told.verdicts, told.reasons) == ({"PASS": 4, "UNINSPECTED": 2}, {"gate_clean": 4, "camera_lost": 2})
    counted = {
        (one.labels["verdict"], one.labels["reason"]): one.value
        for family in LineMetrics(running.line).collect()
        for one in family.samples
        if one.name == "inspector_sheets_total" and one.value
    }
    assert counted == {passed: 4, lost_one: 2}


def test_a_camera_that_hangs_costs_the_sheets_their_deadline(start_line, bundle: Bundle) -> None:
    left, right = views([sheet(index, clean=True)[0] for index in range(4)])
    keys = options(bundle, deadline_ms=150)
    gated = GatedCamera(right, burst=2)
    running = start_line({"left": ListCamera(left), "right": gated}, **keys)
    collector = running.line.sheets
    while collector.waiting or running.line.results.snapshot().resolved_through["sheet"] < 3:
        assert not running.stop.wait(0.005)
    gated.rest.set()
    found = running.finish("sheet")
    assert [found.verdicts[n][:2] for n in (2, 3)] == [("UNINSPECTED", "deadline")] * 2
    assert {found.verdicts[n][0] for n in (0, 1)} <= {"PASS", "UNINSPECTED"}


def test_a_run_that_begins_in_the_middle_has_its_own_sheets(start_line, bundle: Bundle) -> None:
    left, right = views([sheet(index, clean=True)[0] for index in range(6)])
    cameras = {"left": GatedCamera(left, burst=3), "right": GatedCamera(right, burst=3)}
    running = start_line(cameras, **options(bundle))
    while running.line.results.snapshot().resolved_through["sheet"] < 2:
        assert not running.stop.wait(0.005)
    running.line.runs.begin("coil-2")
    for camera in cameras.values():
        camera.rest.set()
    running.finish_only()
    ends = {p.header.run: p.body.frames for p in packets(running.journal) if p.header.type.value == "end"}
    assert list(ends.values()) == [3, 3]
    heard = [p for p in packets(running.journal) if isinstance(p.body, SheetBody)]
    results = sorted(heard, key=lambda p: p.header.frame)  # verdicts come as they are reached
    assert [p.header.run == "coil-2" for p in results] == [False] * 3 + [True] * 3
    assert [p.header.travel_um for p in results if p.header.run == "coil-2"] == [0, PITCH_UM, 2 * PITCH_UM]


class PartCamera(ListCamera):
    """Sends the id of the sheet with each frame, two frames a sheet."""

    def next(self) -> Arrival | None:
        """With its id."""
        arrival = super().next()
        return None if arrival is None else msgspec.structs.replace(arrival, part=f"sheet-{arrival.number // 2}")


def test_the_camera_says_which_part_a_frame_shows(start_line, bundle: Bundle) -> None:
    made = [sheet(index, clean=index != 2)[0] for index in range(6)]
    left, right = views(made)
    keys = options(bundle, by="part", frames_per_part=2)
    running = start_line({"left": PartCamera(left), "right": PartCamera([*right[:5], None])}, **keys)
    running.finish_only()
    heard = {p.header.part: p.body for p in packets(running.journal) if isinstance(p.body, SheetBody)}
    assert {part: body.verdict.value for part, body in heard.items()} == {
        "sheet-0": "PASS",
        "sheet-1": "REJECT",
        "sheet-2": "UNINSPECTED",
    }
    assert heard["sheet-2"].missing == ("right",)
    assert heard["sheet-2"].detail == "right: 1 of 2 frames"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sheets": {"by": "frame", "cameras": ["lefd"]}}, "no camera 'lefd'; its cameras: left, right"),
        ({"sheets": {"by": "frame", "cameras": ["left", "left"]}}, "named twice"),
        ({"sheets": {"by": "length"}}, "found no length_mm, and `by: length` needs it"),
        ({"sheets": {"by": "length", "length_mm": 5}}, "camera left has no positions, and sheets by length need them"),
        (
            {
                "cameras": [{"name": "a", "travel_um_per_frame": 5, "scale": {"mm_per_px_x": 1, "mm_per_px_y": 1}}],
                "sheets": {"by": "length", "length_mm": 100, "unseen_mm": 50},
            },
            "unseen_mm is 50, and a sheet of 100 mm could pass unseen",
        ),
        (
            {"cameras": [{"name": "a", "travel_um_per_frame": 5}], "sheets": {"by": "length", "length_mm": 100}},
            "camera a has no scale, and sheets by length need one",
        ),
        ({"sheets": {"by": "length", "length_mm": 1e-9}}, "length_mm"),
        ({"sheets": {"by": "part", "length_mm": 5}}, "found length_mm, and by: part"),
        ({"sheets": {"by": "frame", "frames_per_part": 2}}, "frames_per_part is for `by: part`"),
        ({"sheets": {"by": "frames"}}, "expected frame, length or part"),
        ({"cameras": [{"name": "a"}, {"name": "b"}]}, "camera a has no placement"),
        ({"cameras": [{"name": "sheet"}]}, "the name 'sheet' is that of the stream of whole sheets"),
    ],
)
def test_what_cannot_be_a_sheet_is_refused(change: dict[str, Any], said: str) -> None:
    cameras = change.get("cameras", [{"name": name, "placement": {}} for name in ("left", "right")])
    tree = {
        "line": "t",
        "cameras": [{"source": {"kind": "simulator"}, **one} for one in cameras],
        "sheets": change.get("sheets", {"by": "frame"}),
    }
    with pytest.raises(UserError, match=re.escape(said)):
        parse_config(msgspec.yaml.encode(tree).decode(), "x.yaml")
