"""The pictures show what they claim: outlines where the pixels are, defects where they lie along the strip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.metrics.overlap import overlap
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import Packet
from inspector.protocol.messages import ResultBody
from inspector.report.pictures import drawing
from inspector.report.pictures.contact_sheet import contact_sheet, frame_picture
from inspector.report.pictures.outlines import draw_dashed, outlines
from inspector.report.pictures.strip_map import strip_map
from inspector.report.record import record_of
from inspector.report.selection import Selection, Shown
from inspector.report.trace import VERDICTS, Mark, Trace
from tests.report.packets import CLASSES, HEIGHT, WIDTH, gated, region, rejected, result

FRAME = np.full((HEIGHT, WIDTH), 100, np.uint8)


def shown(packet: Packet, true: NDArray[np.uint8] | None) -> Shown:
    assert isinstance(packet.body, ResultBody)
    return Shown(record_of(packet.header, packet.body, packet.blob), FRAME, true, None)


def near(picture: NDArray[np.uint8], colour: drawing.Colour, tolerance: int = 40) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture.astype(int) - colour).max(axis=-1) <= tolerance)


def test_a_found_defect_is_outlined_where_it_lies() -> None:
    scale = 8.0
    picture = frame_picture(shown(rejected(0, region(20, 6, 10, 8, kind=1)), None), 2, scale)
    assert picture.shape == (HEIGHT * 8, WIDTH * 8, 3)
    ys, xs = np.nonzero(near(picture, drawing.CLASSES[1]))
    # Through the centres of the border pixels 20..29 x 6..13.
    assert abs(xs.min() - 20.5 * scale) <= 3
    assert abs(xs.max() - 29.5 * scale) <= 3
    assert abs(ys.min() - 6.5 * scale) <= 3
    assert abs(ys.max() - 13.5 * scale) <= 3
    assert not near(picture, drawing.CLASSES[0]).any()


def test_the_truth_is_dashed_white() -> None:
    picture = frame_picture(shown(gated(0), region(20, 6, 10, 8)), 2, 8.0)
    on_top = picture[50:54, round(20.5 * 8) : round(29.5 * 8)]
    white = near(on_top, drawing.TRUTH, 120).any(axis=0)
    assert 0.3 < white.mean() < 0.8
    assert np.abs(np.diff(white.astype(int))).sum() >= 6, "several dashes"


def test_a_single_pixel_can_be_seen_however_small_the_scale() -> None:
    single = region(20, 6, 1, 1)
    assert near(frame_picture(shown(rejected(0, single), None), 2, 0.5), drawing.CLASSES[0], 90).any()
    lines = outlines(single.astype(np.bool_), 0.5)
    picture = drawing.blank(20, 20)
    draw_dashed(picture, lines, drawing.TRUTH)
    assert (picture != drawing.blank(20, 20)).any()


def test_dark_frames_are_brightened_and_flat_ones_not_blown_up() -> None:
    ramp = np.tile(np.linspace(5, 70, WIDTH).astype(np.uint8), (HEIGHT, 1))
    flat = np.tile(np.array([100, 103], np.uint8), (HEIGHT, WIDTH // 2))
    bright = frame_picture(Shown(shown(gated(0), None).record, ramp, None, None), 2, 1.0)
    calm = frame_picture(Shown(shown(gated(0), None).record, flat, None, None), 2, 1.0)
    assert bright.max() > 200
    assert int(calm.max()) - int(calm.min()) < 20


def test_the_sheet_grows_with_its_frames() -> None:
    one = shown(rejected(0, region(2, 2, 5, 5), name="a-very-long-name-" * 12 + ".jpg"), region(3, 2, 5, 5))
    few = contact_sheet([("Title", [one])], CLASSES, (HEIGHT, WIDTH))
    many = contact_sheet([("Title", [one] * 10), ("Other", [one])], CLASSES, (HEIGHT, WIDTH))
    assert few.shape[1:] == (1640, 3)
    assert many.shape[0] > few.shape[0]
    assert near(few, drawing.CLASSES[0]).sum() > 100


def test_a_text_stays_within_its_width() -> None:
    picture = drawing.blank(40, 300)
    end = drawing.write_text(picture, drawing.fit_text("0123456789" * 20, 10, 200), 20, 25, 10)
    columns = np.nonzero((picture != drawing.PAGE).any(axis=(0, 2)))[0]
    assert 20 <= columns.min() < 30
    assert columns.max() <= end + 2 <= 224
    drawing.write_text(picture, "beyond the edge", 290, 2, 10)


def test_a_defect_is_marked_where_it_lies_on_the_strip() -> None:
    trace = Trace()
    for number in range(100):
        trace.add(number, Verdict.SCRAP if number == 50 else Verdict.PASS, defective=number == 50)
    trace.mark(Mark(frame=50, kind=1, bbox_px=(30, 0, 6, HEIGHT), area_px=100))
    picture = strip_map(trace, CLASSES, (HEIGHT, WIDTH), "cam0", has_truth=True)
    plot = near(picture, drawing.CLASSES[1], 8)
    plot[:60] = False
    ys, xs = np.nonzero(plot)
    px_per_frame = (1640 - 90 - 24) / 100
    assert abs(xs.min() - (90 + 50 * px_per_frame)) <= 2
    assert abs(xs.max() - (90 + 51 * px_per_frame)) <= 2
    assert abs(ys.min() - (70 + 360 * 30 / 60)) <= 2
    assert abs(ys.max() - (70 + 360 * 36 / 60)) <= 2
    below = picture[440:]
    assert abs(np.nonzero(near(below, drawing.VERDICTS[Verdict.SCRAP], 2))[1].mean() - xs.mean()) <= 2
    assert abs(np.nonzero(near(below, drawing.TRUTH, 2))[1].mean() - xs.mean()) <= 2


def test_a_map_of_one_frame_and_of_a_million_can_be_drawn() -> None:
    one = Trace()
    one.add(0, Verdict.PASS)
    one.place(0, 0)
    million = Trace()
    million.add(0, Verdict.PASS, 999_999)
    million.add(999_999, Verdict.REJECT)
    million.place(0, 0)
    million.place(999_999, 999_999 * 400_000)
    for trace in (one, million):
        assert strip_map(trace, CLASSES, (HEIGHT, WIDTH), "cam0").shape[1] == 1640
    assert million.um_per_frame == 400_000


def test_the_trace_of_a_long_run_keeps_its_counts_in_bounded_memory() -> None:
    rng = np.random.default_rng(1)
    verdicts = [VERDICTS[one] for one in rng.integers(0, 4, 9000)]
    trace = Trace()
    order = np.concatenate([rng.permutation(4500), 4500 + rng.permutation(4500)])
    for number in order.tolist():
        trace.add(number, verdicts[number], defective=number % 5 == 0)
    assert trace.frames == 9000
    assert trace.frames_per_bin == 8
    assert trace.verdict_bins.shape == (1125, 4)
    expected = np.zeros((1125, 4), int)
    for number, verdict in enumerate(verdicts):
        expected[number // 8, VERDICTS.index(verdict)] += 1
    np.testing.assert_array_equal(trace.verdict_bins, expected)
    assert trace.defective_bins.sum() == 1800


def test_a_gap_is_spread_over_its_bins() -> None:
    trace = Trace()
    trace.add(0, Verdict.PASS, 4096)
    assert trace.frames_per_bin == 2
    trace.add(4096, Verdict.UNINSPECTED, 5)
    bins = trace.verdict_bins[:, VERDICTS.index(Verdict.UNINSPECTED)]
    assert bins.sum() == 5
    assert trace.verdict_bins.sum() == 4101


def test_the_largest_marks_are_kept() -> None:
    trace = Trace()
    for area in np.random.default_rng(0).permutation(50_000).tolist():
        trace.mark(Mark(0, 0, (0, 0, 1, 1), area))
    kept = [one.area_px for one in trace.marks]
    assert kept == list(range(49_999, 29_999, -1))
    assert trace.marks_left_out == 30_000


def test_the_selection_shows_each_kind_and_each_class() -> None:
    selection = Selection(per_class=1, per_section=4)
    both = (region(2, 2, 4, 4), region(20, 2, 4, 4, kind=1))
    cases: list[tuple[Packet, NDArray[np.uint8] | None]] = []
    for number in range(20):
        cases.append((rejected(number, both[0]), both[0]))
        cases.append((gated(number, gate_score=number / 40), region(0, 0, 0, 0)))
    cases.append((rejected(90, both[1]), both[1]))
    cases.append((rejected(91, both[0]), region(40, 2, 4, 4)))
    cases.append((rejected(92, both[0]), region(0, 0, 0, 0)))
    cases.append((result(93), both[1]))
    cases.append((rejected(94, both[1]), None))
    cases.append((result(95, Verdict.UNINSPECTED, gate_score=None), both[1]))
    for packet, true in cases:
        assert isinstance(packet.body, ResultBody)
        record = record_of(packet.header, packet.body, packet.blob)
        selection.offer(record, true, overlap(record.mask, true, 2), true is not None, lambda: FRAME)
    by_title = {title.split(":")[0]: [one.record.frame for one in frames] for title, frames in selection.sections()}
    assert by_title["Missed"] == [93]
    assert by_title["False alarms"] == [92]
    assert by_title["Caught, but poorly outlined"] == [91]
    assert sorted(by_title["Caught and outlined"]) == [0, 90]
    assert by_title["Caught; no truth for these frames"] == [94]
    assert by_title["Passed, with the highest gate scores"] == [19, 18, 17, 16]
