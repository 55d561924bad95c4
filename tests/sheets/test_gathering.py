"""Which frames are a sheet, when it is over, and what its verdict is: by number, by part, by length of strip. A sheet of which anything was not seen
is never PASS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from inspector.config.positions import PlacementConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Defect, Outcome, Reason, Settled, Verdict
from inspector.frames.sheet import SettledSheet
from inspector.frames.size import FrameSize
from inspector.protocol.limits import MOST_SHEET_FRAMES
from inspector.sheets.by_frame import ByFrame
from inspector.sheets.by_length import ByLength
from inspector.sheets.by_part import ByPart
from inspector.sheets.combining import Limits, combined
from inspector.sheets.gathering import Ending, Gathering
from inspector.sheets.numbers import Numbers
from inspector.sheets.overlap import View, once
from inspector.verdicts.places import Places

MS = 1_000_000
SIZE = FrameSize(50, 100)
"""At 1 mm a pixel 50 mm across and 100 mm along the strip."""
LIMITS = Limits(0.0, 100)


def places(lateral_mm: float = 0.0, face: Any = "top") -> Places:
    return Places(
        PlacementConfig(lateral_mm=lateral_mm, face=face),
        VerdictsConfig(),
        SIZE,
        Scale(mm_per_px_x=1.0, mm_per_px_y=1.0),
    )


def defect(box: tuple[int, int, int, int], name: str = "dark") -> Defect:
    x, y, width, height = box
    middle = (x + width / 2 - 0.5, y + height / 2 - 0.5)
    return Defect(
        class_name=name,
        score=0.9,
        area_px=width * height,
        bbox_px=box,
        centroid_px=middle,
        length_px=1.0,
        width_px=1.0,
        area_mm2=None,
        length_mm=None,
        width_mm=None,
        x_mm=None,
        position_um=None,
    )


def settled(
    camera: str,
    frame: int,
    verdict: Verdict = Verdict.PASS,
    *,
    defects: tuple[Defect, ...] = (),
    where: Places | None = None,
    count: int = 1,
    lost: bool = False,
    run: str = "coil",
    **meta: Any,
) -> Settled:
    reasons = {Verdict.PASS: Reason.GATE_CLEAN, Verdict.REJECT: Reason.DEFECT, Verdict.SCRAP: Reason.DEFECT}
    reason = Reason.CAMERA_LOST if lost else reasons.get(verdict, Reason.DEADLINE)
    inspected = verdict is not Verdict.UNINSPECTED and not lost
    outcome = Outcome(
        verdict=Verdict.UNINSPECTED if lost else verdict,
        reason=reason,
        detail="gone" if lost else "",
        defects=defects,
        places=(where or places()) if inspected else None,
    )
    identity = {"captured_ns": frame * 10 * MS, "run": run, **meta}
    return Settled(
        meta=FrameMeta(camera=camera, frame=frame, **identity),
        outcome=outcome,
        settled_ns=0,
        resolved_through=0,
        count=count,
    )


def told(endings: list[Ending], now_ns: int = 0) -> list[tuple[int, str, str]]:
    """Number, verdict and reason of each."""
    found = []
    for one in endings:
        if one.sheet is None:
            found.append((one.first, f"{one.first}..{one.last}", one.detail))
            continue
        sheet = combined(one.sheet, one.missing, one.why, now_ns, one.through, LIMITS)
        found.append((sheet.meta.frame, sheet.outcome.verdict.value, sheet.outcome.reason.value))
    return found


def fed(gathering: Gathering[Any], *frames: Settled) -> list[tuple[int, str, str]]:
    return [one for frame in frames for one in told(gathering.add(frame))]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((Verdict.PASS, Verdict.PASS), "PASS"),
        ((Verdict.PASS, Verdict.REJECT), "REJECT"),
        ((Verdict.SCRAP, Verdict.REJECT), "SCRAP"),
        ((Verdict.SCRAP, Verdict.UNINSPECTED), "UNINSPECTED"),
        ((Verdict.UNINSPECTED, Verdict.PASS), "UNINSPECTED"),
    ],
)
def test_the_worst_frame_decides(verdicts: tuple[Verdict, Verdict], expected: str) -> None:
    found = fed(ByFrame(("a", "b"), None), settled("a", 0, verdicts[0]), settled("b", 0, verdicts[1]))
    assert [verdict for _, verdict, _ in found] == [expected]


def test_by_frame_verdicts_come_in_any_order_and_a_lost_one_is_missing() -> None:
    sheets = ByFrame(("a", "b"), None)
    assert fed(sheets, settled("a", 1), settled("b", 0)) == []
    assert fed(sheets, settled("b", 1), settled("a", 0, lost=True)) == [
        (1, "PASS", "gate_clean"),
        (0, "UNINSPECTED", "camera_lost"),
    ]
    assert sheets.closed.through == 1


def test_by_frame_the_deadline_counts_from_the_first_capture_and_what_comes_later_changes_nothing() -> None:
    sheets = ByFrame(("a", "b"), 50 * MS)
    fed(sheets, settled("a", 3))
    assert sheets.next_deadline_ns() == 80 * MS
    assert told(sheets.due(79 * MS)) == []
    assert told(sheets.due(80 * MS), 80 * MS) == [(3, "UNINSPECTED", "deadline")]
    assert fed(sheets, settled("b", 3, Verdict.REJECT)) == []


def test_no_pass_is_late() -> None:
    sheets = ByFrame(("a",), 50 * MS)
    endings = sheets.add(settled("a", 0))
    assert told(endings, 49 * MS) == [(0, "PASS", "gate_clean")]
    assert told(endings, 50 * MS) == [(0, "UNINSPECTED", "deadline")]


def test_a_great_loss_is_one_verdict_and_takes_no_memory() -> None:
    sheets = ByFrame(("a", "b"), None)
    fed(sheets, settled("b", 0), settled("b", 7), settled("a", 0))
    assert fed(sheets, settled("a", 1, lost=True, count=10**12)) == [(1, f"1..{10**12}", "a: gone")]
    assert sheets.waiting == 0
    assert fed(sheets, settled("b", 8)) == []


def test_a_run_that_begins_between_two_cameras_takes_the_sheet_along() -> None:
    sheets = ByFrame(("a", "b"), None)
    fed(sheets, settled("a", 5, run="one"))
    assert sheets.run_over("one", "two") == []
    (ending,) = sheets.add(settled("b", 5, run="two"))
    assert (ending.run, told([ending])) == ("two", [(5, "PASS", "gate_clean")])
    fed(sheets, settled("a", 6, run="two"))
    assert told(sheets.run_over("two", None)) == [(6, "UNINSPECTED", "camera_lost")]


def test_by_frame_nothing_passes_after_a_camera_missed_an_unknown_number_of_frames() -> None:
    """Frame 3 of b shows sheet 6."""
    sheets = ByFrame(("a", "b"), None)
    fed(sheets, settled("a", 1), *(settled("a", n) for n in range(3, 6)))
    away = settled("b", 2, lost=True, uncounted=True)
    assert fed(sheets, away, settled("b", 4), settled("b", 3), settled("b", 1), settled("a", 2)) == [
        (4, "UNINSPECTED", "camera_lost"),
        (3, "UNINSPECTED", "camera_lost"),
        (1, "PASS", "gate_clean"),
        (2, "UNINSPECTED", "camera_lost"),
    ]
    alone = ByFrame(("b",), None)
    assert fed(alone, away, settled("b", 3))[-1] == (3, "PASS", "gate_clean"), "there are no others"


def test_by_part_a_sheet_is_over_when_its_cameras_show_the_next() -> None:
    sheets = ByPart(("a", "b"), 50 * MS)
    assert (
        fed(sheets, settled("a", 0, part="p1"), settled("a", 1, Verdict.REJECT, part="p1"), settled("b", 0, part="p1"))
        == []
    )
    assert fed(sheets, settled("a", 2, part="p2"), settled("b", 1, part="")) == [(0, "REJECT", "defect")]
    assert fed(sheets, settled("b", 2, part="p2")) == []
    assert told(sheets.run_over("coil", None)) == [(1, "PASS", "gate_clean")]


def test_by_part_frames_wait_for_those_before_them() -> None:
    sheets = ByPart(("a",), None)
    assert fed(sheets, settled("a", 1, part="p1"), settled("a", 2, part="p2")) == []
    assert fed(sheets, settled("a", 0, Verdict.SCRAP, part="p1")) == [(0, "SCRAP", "defect")]


def test_by_part_a_camera_that_missed_it_or_lost_a_frame_leaves_it_uninspected() -> None:
    sheets = ByPart(("a", "b"), 50 * MS)
    fed(sheets, settled("a", 0, part="p1"), settled("a", 1, part="p2"), settled("a", 2, part="p3"))
    assert fed(sheets, settled("b", 0, part="p1"), settled("b", 1, part="p3")) == [
        (0, "PASS", "gate_clean"),
        (1, "UNINSPECTED", "camera_lost"),
    ]
    assert fed(
        sheets, settled("b", 2, lost=True, part="p3"), settled("a", 3, part="p4"), settled("b", 3, part="p4")
    ) == [(2, "UNINSPECTED", "camera_lost")]


@pytest.mark.parametrize("reason", [Reason.CAMERA_LOST, Reason.BAD_FRAME])
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["p1", None, "p1", "p2", "p3"], ["UNINSPECTED", "PASS"]),
        (["p1", "p1", None, "p2", "p3"], ["UNINSPECTED", "UNINSPECTED"]),
        (["p1", "", None, "p2", "p3"], ["PASS", "UNINSPECTED"]),
        (["p1", "", None, "", "p2", "p3"], ["PASS", "PASS"]),
        (["p1", None, "", "p2", "p3"], ["UNINSPECTED", "PASS"]),
    ],
)
def test_by_part_a_frame_whose_id_was_lost_too_lets_no_part_beside_it_pass(
    parts: list[str | None], expected: list[str], reason: Reason
) -> None:
    sheets, found = ByPart(("a",), None), []
    for number, part in enumerate(parts):
        frame = settled("a", number, Verdict.UNINSPECTED if part is None else Verdict.PASS, part=part or "")
        if part is None:
            frame = replace(frame, outcome=replace(frame.outcome, reason=reason))
        found += fed(sheets, frame)
    assert [verdict for _, verdict, _ in found] == expected


def test_by_part_a_frame_that_was_lost_at_the_end_of_a_run_lets_its_last_part_not_pass() -> None:
    sheets = ByPart(("a",), None)
    fed(sheets, settled("a", 0, part="p1"), settled("a", 1, lost=True))
    assert told(sheets.run_over("coil", None)) == [(0, "UNINSPECTED", "camera_lost")]


def test_by_part_a_camera_that_comes_after_the_deadline_opens_no_second_sheet() -> None:
    sheets = ByPart(("a", "b"), 50 * MS)
    fed(sheets, settled("a", 0, part="p1"), settled("a", 1, part="p2"))
    assert told(sheets.due(60 * MS)) == [(0, "UNINSPECTED", "deadline")]
    assert fed(sheets, settled("b", 0, part="p1"), settled("b", 1, part="p2"), settled("a", 2), settled("b", 2)) == [
        (1, "PASS", "gate_clean")
    ]


def test_by_part_with_a_known_number_of_frames_nothing_is_waited_for() -> None:
    sheets = ByPart(("a",), None, frames=2)
    assert fed(sheets, settled("a", 0, part="p1"), settled("a", 1, part="p1")) == [(0, "PASS", "gate_clean")]
    assert fed(sheets, settled("a", 2, part="p2"), settled("a", 3, part="p3")) == [(1, "UNINSPECTED", "camera_lost")]


def by_length(cameras: tuple[str, ...] = ("a",), deadline_ns: int | None = None) -> ByLength:
    return ByLength(cameras, deadline_ns, length_mm=250, unseen_mm=1)


def strip(camera: str, frames: range, first: int = 0, **keys: Any) -> list[Settled]:
    """Frames of 100 mm one behind another."""
    return [settled(camera, n, position_um=(n + first) * 100_000, **keys) for n in frames]


def test_by_length_a_sheet_is_over_when_every_camera_has_seen_all_of_it() -> None:
    sheets = by_length(("a", "b"))
    assert fed(sheets, *strip("a", range(5)), *strip("b", range(2))) == []
    assert fed(sheets, *strip("b", range(2, 5))) == [(0, "PASS", "gate_clean"), (1, "PASS", "gate_clean")]


def test_by_length_a_defect_rejects_the_sheets_that_its_frame_shows() -> None:
    frames = strip("a", range(8))
    frames[2] = settled("a", 2, Verdict.REJECT, position_um=200_000)
    assert fed(by_length(), *frames) == [(0, "REJECT", "defect"), (1, "REJECT", "defect"), (2, "PASS", "gate_clean")]


def test_by_length_a_defect_is_listed_where_it_is() -> None:
    frames = strip("a", range(8))
    found = (defect((10, 0, 5, 5)), defect((70, 0, 5, 6)), defect((40, 0, 20, 7)))  # 210, 270 and across 250 mm
    frames[2] = settled("a", 2, Verdict.REJECT, position_um=200_000, defects=found)
    sheets = by_length()
    endings = [one for frame in frames for one in sheets.add(frame)]
    listed = []
    for one in endings:
        assert one.sheet is not None
        sheet = combined(one.sheet, one.missing, one.why, 0, one.through, LIMITS)
        assert sheet.meta.position_um == 250_000 * sheet.meta.frame
        listed.append([of_sheet.bbox_px[0] for of_sheet in sheet.outcome.defects])
    assert listed == [[40, 10], [40, 70], []]


@pytest.mark.parametrize("hole", [{"lost": True}, {"verdict": Verdict.UNINSPECTED}, {"position_um": None}])
def test_by_length_what_was_not_seen_is_uninspected(hole: dict[str, Any]) -> None:
    frames = strip("a", range(11))
    frames[3] = settled("a", 3, **{"position_um": 300_000, **hole})
    found = fed(by_length(), *frames)
    assert [(number, verdict) for number, verdict, _ in found] == [
        (0, "PASS"), (1, "UNINSPECTED"), (2, "PASS"), (3, "PASS"),
    ]  # fmt: skip


def test_by_length_a_run_cuts_its_first_and_last_sheet() -> None:
    sheets = by_length(("a", "b"))
    frames = [*strip("a", range(6), first=1), *strip("b", range(6), first=1)]
    frames[6:] = [settled("b", n, position_um=(n + 1) * 100_000 + 40_000) for n in range(6)]
    assert fed(sheets, *frames) == [(0, "PASS", "gate_clean"), (1, "PASS", "gate_clean")]
    assert told(sheets.run_over("coil", None)) == [(2, "PASS", "gate_clean")]
    found = fed(sheets, *strip("a", range(6, 9), first=1, run="next"), *strip("b", range(6, 8), first=4, run="next"))
    found += told(sheets.run_over("next", None))
    assert [verdict for _, verdict, _ in found] == ["UNINSPECTED"] * 3, "b began 300 mm further on"


def test_by_length_a_jump_of_the_position_is_told_as_one_and_a_strip_that_runs_back_changes_nothing() -> None:
    sheets = by_length()
    fed(sheets, *strip("a", range(3)))
    found = fed(sheets, settled("a", 3, position_um=100_000_000))
    assert found == [(2, "2..399", "no camera has seen 99.5 m of the strip"), (1, "UNINSPECTED", "camera_lost")]
    assert fed(sheets, settled("a", 4, Verdict.REJECT, position_um=0)) == []
    assert sheets.closed.through == 399


def test_by_length_a_strip_at_rest_takes_no_memory_and_a_defect_that_shows_meanwhile_is_not_missed() -> None:
    sheets = by_length()
    fed(sheets, *strip("a", range(3)))
    for number in range(3, 5000):
        fed(sheets, settled("a", number, position_um=200_000 + number % 2 * 1000))
    assert len(sheets._open[1].views) == 1
    fed(sheets, settled("a", 5000, Verdict.REJECT, position_um=200_000))
    found = fed(sheets, *[settled("a", n, position_um=(n - 4998) * 100_000) for n in range(5001, 5008)])
    assert [verdict for _, verdict, _ in found] == ["REJECT", "PASS", "PASS"]


def test_a_sheet_that_does_not_end_takes_no_memory_and_does_not_pass() -> None:
    sheets = ByPart(("a",), None)
    assert fed(sheets, *(settled("a", number, part="p1") for number in range(MOST_SHEET_FRAMES + 5))) == []
    (ending,) = sheets.add(settled("a", MOST_SHEET_FRAMES + 5, part="p2"))
    assert ending.sheet is not None
    assert len(ending.sheet.views) == MOST_SHEET_FRAMES
    sheet = combined(ending.sheet, ending.missing, ending.why, 0, ending.through, LIMITS)
    assert (sheet.outcome.verdict, sheet.missing) == (Verdict.UNINSPECTED, ("a",))


@pytest.mark.parametrize(("frames", "listed"), [(2, 2), (1, 1)])
def test_by_part_only_frames_of_one_trigger_show_one_place_where_positions_are_unknown(
    frames: int, listed: int
) -> None:
    cameras = ("a", "b")[: 3 - frames]
    sheets = ByPart(cameras, None, frames=frames)
    views = [(camera, number) for camera in cameras for number in range(frames)]
    endings = [
        one
        for camera, number in views
        for one in sheets.add(
            settled(camera, number, Verdict.REJECT, part="p1", defects=(defect((10, 10, 4, 3)),)),
        )
    ]
    (ending,) = endings
    assert ending.sheet is not None
    assert len(once(ending.sheet.views)) == listed


def test_by_length_a_dead_camera_costs_the_deadline() -> None:
    sheets = by_length(("a", "b"), 50 * MS)
    fed(sheets, *strip("a", range(3)))
    assert told(sheets.due(70 * MS)) == [(0, "UNINSPECTED", "deadline")]


def seen(*views: tuple[str, Places, tuple[Defect, ...]]) -> list[View]:
    return [View(settled(camera, 0, Verdict.REJECT, defects=found, where=where), 0.0) for camera, where, found in views]


def test_a_defect_in_the_overlap_is_one_and_others_stay_apart() -> None:
    left, right, below = places(), places(45.0), places(45.0, "bottom")
    in_both = seen(("a", left, (defect((10, 46, 4, 3)),)), ("b", right, (defect((10, 1, 4, 2)),)))
    (one,) = once(in_both)
    assert (one.camera, one.area_px, [also.camera for also in one.also_in]) == ("a", 12, ["b"])
    reaching = seen(("a", left, (defect((10, 20, 4, 30)),)), ("b", right, (defect((10, 0, 4, 40)),)))
    assert [one.camera for one in once(reaching)] == ["b"]
    for apart in (
        [("a", left, (defect((10, 46, 4, 3)),)), ("b", right, (defect((20, 1, 4, 3)),))],
        [("a", left, (defect((10, 46, 4, 3)),)), ("b", right, (defect((10, 1, 4, 3), "bright"),))],
        [("a", left, (defect((10, 46, 4, 3)),)), ("b", below, (defect((10, 1, 4, 3)),))],
        [("a", left, (defect((10, 10, 4, 3)),)), ("b", right, (defect((10, 10, 4, 3)),))],
        [("a", left, (defect((10, 46, 4, 2)), defect((20, 46, 4, 2))))],
    ):
        assert len(once(seen(*apart))) == 2
    near = seen(("a", left, (defect((10, 46, 4, 3)),)), ("b", right, (defect((15, 1, 4, 3)),)))
    assert (len(once(near, 0.0)), len(once(near, 3.0))) == (2, 1)


def test_a_range_of_defects_is_cut_to_what_is_listed() -> None:
    found = tuple(defect((2 * n, 10, 1, n + 1)) for n in range(5))
    (ending,) = ByFrame(("a",), None).add(settled("a", 0, Verdict.REJECT, defects=found))
    assert ending.sheet is not None
    sheet = combined(ending.sheet, ending.missing, ending.why, 0, 0, Limits(0.0, 2))
    assert isinstance(sheet, SettledSheet)
    assert [one.area_px for one in sheet.outcome.defects] == [5, 4]
    assert sheet.outcome.detail == "3 smaller defects not listed"


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=30), st.integers(0, 60), st.integers(1, 30))
def test_numbers_are_a_set(ranges: list[tuple[int, int]], first: int, count: int) -> None:
    numbers, model = Numbers(), np.zeros(200, bool)
    for begin, length in ranges:
        numbers.add(begin, begin + length - 1)
        model[begin : begin + length] = True
    missing = [n for begin, end in numbers.missing(first, first + count - 1) for n in range(begin, end + 1)]
    assert missing == [n for n in range(first, first + count) if not model[n]]
    assert numbers.through == int(np.argmin(model)) - 1
    assert all((n in numbers) == bool(model[n]) for n in range(100))


@given(st.data())
def test_every_sheet_gets_one_verdict_and_passes_only_where_all_frames_do(data: st.DataObject) -> None:
    """Frames of two cameras, in any order, some lost one by one or many at once, deadlines in between."""
    sheets, clock = ByFrame(("a", "b"), 200 * MS), 0
    passed: dict[str, set[int]] = {"a": set(), "b": set()}
    waiting: list[Settled] = []
    for camera in ("a", "b"):
        number = 0
        while number < 30:
            kind = data.draw(st.sampled_from(["pass", "pass", "reject", "lost", "many"]))
            count = {"lost": data.draw(st.integers(1, 5)), "many": 70}.get(kind, 1)
            if kind == "pass":
                passed[camera].add(number)
            verdict = Verdict.REJECT if kind == "reject" else Verdict.PASS
            waiting.append(settled(camera, number, verdict, lost=kind in ("lost", "many"), count=count))
            number += count
    endings: list[Ending] = []
    for one in data.draw(st.permutations(waiting)):
        endings += sheets.add(one)
        clock += data.draw(st.integers(0, 20)) * MS
        endings += sheets.due(clock)
    endings += sheets.close()
    numbers, through = [n for one in endings for n in range(one.first, one.last + 1)], -1
    assert len(numbers) == len(set(numbers)), "two verdicts for one sheet"
    assert sorted(numbers) == list(range(len(numbers)))
    settled_so_far: set[int] = set()
    for one in endings:
        settled_so_far |= set(range(one.first, one.last + 1))
        assert one.through >= through, "the watermark fell"
        through = one.through
        assert settled_so_far >= set(range(through + 1)), "the watermark is ahead of the verdicts"
        if one.sheet is not None:
            sheet = combined(one.sheet, one.missing, one.why, 0, one.through, LIMITS)
            number = sheet.meta.frame
            if sheet.outcome.verdict is Verdict.PASS:
                assert number in passed["a"]
                assert number in passed["b"]
