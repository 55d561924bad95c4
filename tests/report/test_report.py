"""A run's packets in, figures, pictures and page out."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from jinja2 import UndefinedError
from numpy.typing import NDArray
from rich.console import Console

from engines.errors import FileError
from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.codec import Packet
from inspector.report import Report, Summary
from inspector.report.html import render
from inspector.report.page import page
from inspector.report.table import summary_table
from inspector.report.truth import NumberedTruth, TruthError
from tests.report.packets import CLASSES, HEIGHT, WIDTH, end, gap, gated, late, region, rejected, result

FRAME = np.tile(np.linspace(40, 200, WIDTH).astype(np.uint8), (HEIGHT, 1))
EMPTY = np.zeros((HEIGHT, WIDTH), np.uint8)
BOX = region(10, 5, 8, 6)
LINE = region(30, 0, 2, 24, kind=1)

RUN: list[tuple[Packet, NDArray[np.uint8] | None]] = [
    (rejected(0, BOX, latency_us=10_000), BOX),  # found exactly
    (gated(1, latency_us=2_000), EMPTY),  # clean, stopped at the gate
    (gated(2, latency_us=2_000), LINE),  # missed by the gate
    (rejected(3, region(40, 2, 4, 4), latency_us=12_000), EMPTY),  # a false alarm
    (result(4, latency_us=11_000), BOX),  # let through, then missed
    (result(5, Verdict.SCRAP, Reason.DEFECT, BOX | LINE, latency_us=30_000), LINE),  # found, and something else
    (result(6, Verdict.UNINSPECTED, Reason.BAD_FRAME, gate_score=None, latency_us=9), BOX),
    (result(7, Verdict.UNINSPECTED, Reason.DEADLINE, gate_score=None, latency_us=50_000), BOX),
    (late(7), None),
    (gap(8, 11), None),
    (result(12), None),  # no truth
    (end(13), None),
]
TRUTHS = {packet.header.frame: true for packet, true in RUN if packet.header.type == "result"}


def made(packets: list[Packet], truth: bool = True, minimum_area_px: tuple[int, int] = (1, 1)) -> Report:
    source = NumberedTruth(lambda camera, number: TRUTHS[number], "written by hand")
    given = source if truth else None
    report = Report(CLASSES, HEIGHT, WIDTH, given, minimum_area_px=minimum_area_px, title="A <small> run")
    for packet in packets:
        report.add(packet, lambda: FRAME)
    return report


@pytest.fixture
def summary() -> Summary:
    return made([packet for packet, _ in RUN]).summary()


def test_the_run_is_counted(summary: Summary) -> None:
    assert summary.frames == 13
    assert summary.verdicts == {"PASS": 4, "REJECT": 2, "SCRAP": 1, "UNINSPECTED": 6}
    assert summary.reasons == {
        "gate_clean": 2,
        "no_defect": 2,
        "defect": 3,
        "camera_lost": 4,
        "bad_frame": 1,
        "deadline": 1,
    }
    assert summary.defects == {"pitting": 3, "scratches": 1}
    assert (summary.dropped, summary.late, summary.unresolved, summary.repeated) == (4, 1, 0, 0)
    # 13 verdicts from second 0 to second 12.
    assert summary.frames_per_s == pytest.approx(1.0)


def test_latency_is_of_the_frames_that_were_inspected_or_out_of_time(summary: Summary) -> None:
    # 2, 2, 10, 10, 11, 12, 30, 50 ms: not the bad frame.
    assert summary.latency is not None
    assert summary.latency.frames == 8
    assert summary.latency.p50_ms == pytest.approx(10, rel=0.005)
    assert summary.latency.p95_ms == pytest.approx(50, rel=0.005)
    assert summary.latency.max_ms == 50


def test_the_run_is_held_against_its_truth(summary: Summary) -> None:
    truth = summary.truth
    assert truth is not None
    assert (truth.labelled, truth.defective, truth.clean, truth.excluded) == (8, 6, 2, 5)
    # Gate: 0, 4, 5 caught, 2 missed; 3 false, 1 passed. 6 and 7 have no score.
    assert (truth.gate.tp, truth.gate.fn, truth.gate.fp, truth.gate.tn) == (3, 1, 1, 1)
    assert truth.gate.recall == 0.75
    # Verdict: 0, 5 caught, 2, 4 missed; 3 false, 1 passed.
    assert (truth.verdict.tp, truth.verdict.fn, truth.verdict.fp, truth.verdict.tn) == (2, 2, 1, 1)
    assert truth.verdicts_by_truth == {
        "defective": {"PASS": 2, "REJECT": 1, "SCRAP": 1, "UNINSPECTED": 2},
        "clean": {"PASS": 1, "REJECT": 1, "SCRAP": 0, "UNINSPECTED": 0},
    }


def test_the_masks_are_compared_over_the_inspected_frames(summary: Summary) -> None:
    truth = summary.truth
    assert truth is not None
    assert truth.compared == 6
    pitting, scratches = truth.classes
    assert (pitting.frames, pitting.found, pitting.false_frames) == (2, 1, 2)
    assert pitting.dice == pytest.approx((1 + 0) / 2)
    assert (scratches.frames, scratches.found, scratches.as_other) == (2, 1, 0)
    assert scratches.dice == pytest.approx((0 + 1) / 2)
    # 12 pairs: pitting 1, 1, 1, 0, 0, 0; scratches 1, 1, 0, 1, 1, 1. The truth is empty in 8.
    assert truth.kaggle_mean_dice == pytest.approx(8 / 12)
    assert truth.kaggle_all_empty == pytest.approx(8 / 12)
    # Frames 0, 2, 4, 5: 48 px of pitting or 48 px of scratches true in each; marked 48, 0, 0, 96.
    assert truth.pixel_dice == pytest.approx(2 * (48 + 48) / (48 + 96 + 4 * 48))
    assert truth.pixel_dice_any_class == truth.pixel_dice


def test_specks_too_small_for_a_defect_are_left_out_of_the_second_column(summary: Summary) -> None:
    # The false alarm of frame 3 has 16 px; all other regions 48.
    sifted = made([packet for packet, _ in RUN], minimum_area_px=(17, 1)).summary().truth
    truth = summary.truth
    assert sifted is not None
    assert truth is not None
    assert sifted.kaggle_mean_dice == truth.kaggle_mean_dice == truth.kaggle_mean_dice_of_defects
    assert sifted.kaggle_mean_dice_of_defects == pytest.approx(9 / 12)
    assert sifted.pixel_dice_of_defects == truth.pixel_dice
    gone = made([packet for packet, _ in RUN], minimum_area_px=(49, 49)).summary().truth
    assert gone is not None
    assert gone.kaggle_mean_dice_of_defects == gone.kaggle_all_empty
    assert gone.pixel_dice_any_class_of_defects == 0


def test_a_mask_that_was_not_published_is_not_compared() -> None:
    summary = made([rejected(0, BOX, publish_mask=False), rejected(3, BOX)]).summary()
    assert summary.truth is not None
    assert summary.truth.verdict.tp == 1
    assert summary.truth.compared == 1


def test_frames_without_or_with_two_verdicts_are_found() -> None:
    holes = made([gated(0), gated(1), gated(4), gated(4)], truth=False)
    assert (holes.summary().unresolved, holes.summary().repeated, holes.summary().frames) == (2, 1, 3)
    assert holes.summary({"cam0": 7}).unresolved == 4
    silent = made([end(3, "cam0"), end(2, "cam1"), gated(0, camera="cam1")], truth=False)
    assert silent.summary().unresolved == 4


def test_unusable_truth_is_told_and_left_out() -> None:
    def broken(camera: str, number: int) -> NDArray[np.uint8]:
        raise TruthError(f"mask {number} is broken")

    report = Report(CLASSES, HEIGHT, WIDTH, NumberedTruth(broken, "broken masks"))
    for number in range(8):
        report.add(gated(number))
    truth = report.summary().truth
    assert truth is not None
    assert (truth.excluded, truth.problems, len(truth.first_problems)) == (8, 8, 5)
    assert truth.first_problems[0] == "mask 0 is broken"


def test_masks_of_another_geometry_are_refused() -> None:
    report = Report(CLASSES, HEIGHT, WIDTH, NumberedTruth(lambda camera, number: np.ones((3, 3), np.uint8), "small"))
    with pytest.raises(ValueError, match="cannot be compared"):
        report.add(rejected(0, BOX))


def test_an_empty_run_has_a_summary(tmp_path: Path) -> None:
    for truth in (True, False):
        report = made([], truth)
        summary = report.write(tmp_path, report.summary())
        assert summary.frames == 0
        assert summary.frames_per_s is None
        assert summary.latency is None
        assert summary.pictures == ()
        assert "0 frames, each with exactly one verdict" in text_of(summary)


def test_the_report_is_written(tmp_path: Path) -> None:
    report = made([packet for packet, _ in RUN])
    written = report.write(tmp_path / "out", report.summary())
    assert written.pictures == ("contact_sheet.png", "strip_map.png")
    assert msgspec.json.decode((tmp_path / "out" / "report.json").read_bytes(), type=Summary) == written
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<title>A &lt;small&gt; run</title>" in html
    assert '<img src="contact_sheet.png"' in html
    assert "http" not in html
    for name in written.pictures:
        picture = cv2.imdecode(np.frombuffer((tmp_path / "out" / name).read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape[1] == 1640
        assert len(np.unique(picture.astype(np.int32) @ np.array([1, 256, 65536]))) > 50


def test_names_cannot_break_the_page(summary: Summary) -> None:
    odd = """<img src=x onerror="y"> & 'z'"""
    truth = summary.truth
    assert truth is not None
    truth = msgspec.structs.replace(truth, rule=odd, problems=1, first_problems=(odd,))
    named = msgspec.structs.replace(
        summary, truth=truth, reasons={odd: 1}, pictures=(f"strip_map_{odd}.png", "#1?.png")
    )
    html = page(odd, named)
    assert "<img src=x" not in html
    assert (
        html.count("&lt;img src=x onerror=&#34;y&#34;&gt; &amp; &#39;z&#39;") == 6
    )  # title, heading, reason, rule, problem, picture
    assert 'src="%231%3F.png"' in html  # the whole name is a file's, no part of it a query or a fragment


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="conclusion"):
        render("inspector.report", "run.html", title="", sound=True)


def test_each_camera_has_its_strip_map(tmp_path: Path) -> None:
    report = made([gated(0, camera="left"), gated(0, camera="right")], truth=False)
    written = report.write(tmp_path, report.summary())
    assert written.pictures[-2:] == ("strip_map_left.png", "strip_map_right.png")


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    report = made([gated(0)])
    with pytest.raises(FileError, match=r"cannot be written \(Not a directory\)"):
        report.write(tmp_path / "file" / "out", report.summary())


def text_of(summary: Summary) -> str:
    console = Console(width=140, file=io.StringIO(), record=True)
    console.print(summary_table(summary))
    return console.export_text()


def test_the_table_says_it_all(summary: Summary) -> None:
    text = text_of(summary)
    for words in ("written by hand", "gate lets through", "75.0%", "Kaggle mean Dice", "0.667", "marking nothing"):
        assert words in text
    assert "13 frames, each with exactly one verdict" in text
    unsound = text_of(msgspec.structs.replace(summary, unresolved=2))
    assert "NOT SOUND: 2 frames without a verdict" in unsound


def test_a_long_run_keeps_few_frames() -> None:
    asked = 0

    def pixels() -> NDArray[np.uint8]:
        nonlocal asked
        asked += 1
        return FRAME

    report = Report(CLASSES, HEIGHT, WIDTH)
    for number in range(3000):
        report.add(rejected(number, BOX) if number % 3 else gated(number), pixels)
    assert asked <= 10
    shown = sum(len(frames) for _, frames in report._selection.sections())
    assert 0 < shown <= 8
