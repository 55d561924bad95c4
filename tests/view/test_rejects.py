"""The list of the last rejects: one long defect does not fill it."""

from __future__ import annotations

import itertools

import msgspec

from inspector.frames.outcome import Verdict
from inspector.protocol.codec import Packet, decode
from inspector.protocol.messages import ResultBody
from inspector.view.live.rejects import MOST, Rejects
from tests.protocol.examples import examples

EXAMPLE = next(
    packet
    for packet in (decode(one.parts()) for one in examples().values())
    if isinstance(packet.body, ResultBody) and packet.body.defects
)


def rejected(
    frame: int, x_px: int, class_name: str = "scratches", verdict: Verdict = Verdict.REJECT, more: str | None = None
) -> Packet:
    assert isinstance(EXAMPLE.body, ResultBody)
    defect = msgspec.structs.replace(EXAMPLE.body.defects[0], class_name=class_name, bbox_px=(x_px, 0, 8, 256))
    others = () if more is None else (msgspec.structs.replace(defect, class_name=more, bbox_px=(1000, 9, 9, 9)),)
    body = msgspec.structs.replace(EXAMPLE.body, verdict=verdict, defects=(defect, *others), mask=None)
    return Packet(msgspec.structs.replace(EXAMPLE.header, frame=frame), body)


def listed(*packets: Packet, across: int | None = 0) -> list[tuple[int, int]]:
    rejects = Rejects()
    if across is not None:
        rejects.across[EXAMPLE.header.camera] = across
    for packet in packets:
        rejects.add(packet)
    assert rejects.changed == len(packets)
    return [(one["frame"], one["alike"]) for one in rejects.listed()]


def test_of_a_long_scratch_the_first_frame_and_the_newest_are_listed() -> None:
    scratch = [rejected(frame, 100 + frame) for frame in range(10, 24)]
    assert listed(rejected(1, 500), *scratch) == [(23, 12), (10, 0), (1, 0)]


def test_what_is_elsewhere_of_another_class_or_later_is_another_defect() -> None:
    assert listed(rejected(1, 100), rejected(2, 200), rejected(3, 300)) == [(3, 0), (2, 0), (1, 0)]
    assert listed(*(rejected(frame, 100, ("pitting", "scratches")[frame % 2]) for frame in range(4))) == [
        (3, 0), (2, 0), (1, 0), (0, 0),
    ]  # fmt: skip
    assert listed(*(rejected(frame, 100) for frame in range(0, 80, 8)), across=0)[:2] == [(72, 0), (64, 0)]


def test_nothing_else_that_a_frame_shows_is_left_out() -> None:
    frames = [rejected(1, 100), rejected(2, 100, more="inclusion"), rejected(3, 100), rejected(4, 100)]
    assert listed(*frames) == [(4, 1), (2, 0), (1, 0)]
    scrap = rejected(3, 100, verdict=Verdict.SCRAP)
    assert (3, 0) in listed(rejected(1, 100), rejected(2, 100), scrap, rejected(4, 100), rejected(5, 100))


def test_of_a_camera_that_does_not_say_how_frames_lie_all_are_listed() -> None:
    frames = [rejected(frame, 100) for frame in range(MOST + 3)]
    assert len(listed(*frames, across=None)) == MOST
    assert len(listed(*frames, across=1)) == 2


def test_what_is_listed_is_of_the_last_ones_whatever_the_memory_of_those_before_is_used_for_again() -> None:
    rejects, numbers = Rejects(), itertools.count()
    for _ in range(20):
        for _ in range(MOST):
            last = next(numbers)
            rejects.add(rejected(last, 100))
        assert [each["frame"] for each in rejects.listed()] == list(range(last, last - MOST, -1))
