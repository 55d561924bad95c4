"""The account of a trial finds what is wrong."""

from __future__ import annotations

from typing import Any

from tests.client.controller.ledger import Ledger

SECOND = 10**9
PERIOD_S, PITCH, SHEET, DISTANCE = 0.02, 10_000, 20_000, 500_000
"""0.5 m/s; the gate is a second behind the camera."""
BAD, LATE, SILENT = 11, 31, 41
"""A frame with a defect, one whose PASS comes when it is at the gate, one without a verdict."""
FRAMES = 200


def stamp(frame: int) -> int:
    return round(frame * PERIOD_S * SECOND)


def result(frame: int) -> tuple[dict[str, Any], dict[str, Any]]:
    header = {
        "type": "result", "epoch": "e", "seq": frame, "frame": frame, "camera_ns": stamp(frame), "simulated": False, "position_um": frame * PITCH,
        "published_unix_ns": stamp(frame) + (SECOND * 11 // 10 if frame == LATE else SECOND // 10),
    }  # fmt: skip
    return header, {"verdict": "REJECT" if frame == BAD else "PASS"}


def taken(number: int, verdict: int = 1) -> dict[str, Any]:
    """A record a fifth of a second before its sheet comes to the gate."""
    return {"at": number * SHEET / PITCH * PERIOD_S + 0.8, "taken": [number + 1, number, verdict]}


def ledger(plc: list[dict[str, Any]], faults: list[tuple[float, float]] | None = None) -> Ledger:
    return Ledger(
        PITCH, SHEET, DISTANCE, PERIOD_S, 0.0, [(stamp(frame), frame != BAD) for frame in range(FRAMES)],
        [result(frame) for frame in range(FRAMES) if frame != SILENT], plc, (0.0,), faults or [],
    )  # fmt: skip


def opened(first: int, last: int) -> list[dict[str, Any]]:
    """The gate is open while these frames are at it."""
    return [{"at": first * PERIOD_S + 1, "open": True}, {"at": last * PERIOD_S + 1, "open": False}]


GOOD = [number for number in range(60) if number not in (5, 15, 20)]


def test_what_passed_is_let_through_and_counted() -> None:
    one = ledger([*map(taken, GOOD), *opened(0, 10), *opened(12, 30)])
    assert (one.wrong_records(), one.wrongly_open(0)) == ([], [])
    expected = {number for _, number in one.expected(until_s=2.0)}
    assert expected == {number for number in GOOD if number < 25}
    assert one.held_back(2.0, 0.3) == []


def test_a_planted_pass_is_found() -> None:
    for number, words in ((5, "clean False"), (15, "came 0.32"), (20, "no frame at")):
        (found,) = ledger([taken(number)]).wrong_records()
        assert found.startswith(f"sheet {number} at")
        assert words in found


def test_a_listener_that_got_no_time_makes_nothing_wrong() -> None:
    one = ledger([taken(2), taken(3)])
    assert one.wrong_records() == []
    assert one.read_late({stamp(4): 2.0, stamp(6): 0.3}) == 1


def test_a_gate_that_is_open_for_a_defect_is_found_and_one_that_is_open_beside_it_is_not() -> None:
    assert ledger(opened(0, 11)).wrongly_open(0) == []
    (found,) = ledger(opened(0, 12)).wrongly_open(0)
    assert "sent frame 11 shows a defect" in found
    (found,) = ledger(opened(40, 43)).wrongly_open(0)
    assert "sent frame 41: 0 verdicts" in found
    (found,) = ledger(opened(31, 32)).wrongly_open(0)
    assert "its PASS came when it had come to the gate" in found


def test_what_is_held_back_is_found_outside_of_faults() -> None:
    plc = [taken(number, 2 if number in (8, 9) else 1) for number in GOOD if number != 12]
    assert [number for number, _ in ledger(plc).held_back(2.0, 0.3)] == [8, 9, 12]
    assert [number for number, _ in ledger(plc, [(0.3, 0.4)]).held_back(2.0, 0.3)] == [12]
