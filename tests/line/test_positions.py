"""Positions of frames: from the encoder's counts, over its turns, restarts and errors; else from numbers and pitch; never guessed."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.capture.source import Arrival
from inspector.config.camera import CameraConfig
from inspector.config.load import parse_config
from inspector.errors import UserError
from inspector.frames.position import UNKNOWN, Position, PositionSource
from inspector.line.positions import Positions
from inspector.protocol.messages import Header, MessageType
from inspector.protocol.values import PROTOCOL
from inspector.results.journal_reader import JournalReader
from tests.line.sources import ListCamera
from tests.tiny_bundle import frame_with

SECOND_NS = 1_000_000_000
CLEAN = frame_with([])


def camera(**keys: Any) -> CameraConfig:
    return msgspec.convert({"name": "top", "source": {"kind": "simulator"}, **keys}, CameraConfig)


def by_encoder(told: list[str] | None = None, **encoder: Any) -> Positions:
    codes = [] if told is None else told
    keys = {"um_per_count": 10, "bits": 16, "fastest_m_per_s": 5, **encoder}
    return Positions(camera(encoder=keys), lambda well, code, text: codes.append(code))


def frame(number: int, count: int | None, at_ns: int | None = None) -> Arrival:
    return Arrival(number, 10_000_000 * number if at_ns is None else at_ns, None, encoder=count)


def last(**keys: Any) -> Header:
    every: dict[str, Any] = dict.fromkeys(Header.__struct_fields__)
    now = {"captured_unix_ns": time.time_ns() - time.monotonic_ns() - SECOND_NS // 100, "published_unix_ns": 0}
    fixed = {"protocol": PROTOCOL, "type": MessageType.RESULT, "line": "t", "camera": "top", "epoch": "e", "seq": 0}
    return Header(**{**every, **fixed, **now, "resolved_through": 0, "simulated": False, **keys})


def test_counts_turn_over_and_each_camera_on_one_encoder_has_the_same_position() -> None:
    one, other = by_encoder(), by_encoder()
    assert one.of(0, frame(0, 65_530), "coil").position_um == 655_300
    assert one.of(1, frame(1, 4), "coil") == Position(655_400, 100, PositionSource.ENCODER, 4)
    other.of(0, frame(0, 65_535), "coil")
    assert other.of(1, frame(1, 4), "coil").position_um == 655_400


@given(st.lists(st.integers(0, 400), min_size=1, max_size=40), st.sampled_from([10, 12, 16, 32]), st.booleans())
def test_travel_is_the_sum_of_the_steps(steps: list[int], bits: int, reversed_: bool) -> None:
    where = by_encoder(bits=bits, reversed=reversed_, um_per_count=1, fastest_m_per_s=0.04)
    count = total = 0
    for number, step in enumerate([0, *steps]):
        total += step
        count = (count - step if reversed_ else count + step) % (1 << bits)
        found = where.of(number, frame(number, count), "coil")
        assert (found.travel_um, found.encoder) == (total, count)


@given(
    st.lists(st.tuples(st.integers(-400, 400), st.booleans()), min_size=1, max_size=40),
    st.integers(-(2**40), 2**40),
    st.sampled_from([(12, False), (16, False), (32, False), (16, True), (64, True)]),
    st.booleans(),
)
def test_positions_are_the_counts_back_and_forth_over_turns_and_restarts(
    steps: list[tuple[int, bool]], first: int, counter: tuple[int, bool], reversed_: bool
) -> None:
    """A counter turns over at 0 or, where it is signed, in the middle of its range; the daemon is started again in between."""
    bits, signed = counter
    turns = 1 << bits

    def raw(forward: int) -> int:
        count = (-forward if reversed_ else forward) % turns
        return count - turns if signed and count >= turns // 2 else count

    def started() -> Positions:
        return by_encoder(bits=bits, reversed=reversed_, um_per_count=1, fastest_m_per_s=0.0004)

    where, count, header = started(), first, None
    position = -raw(first) if reversed_ else raw(first)  # the first count is taken as it is
    for number, (step, restarted) in enumerate([(0, False), *steps]):
        if restarted and header is not None:
            where = started()
            where.resume(header, live=True)
        count, position = count + step, position + step
        found = where.of(number, frame(number, raw(count)), "coil")
        assert (found.position_um, found.encoder) == (position, raw(count))
        header = last(run="coil", encoder=found.encoder, position_um=found.position_um, travel_um=found.travel_um)


@pytest.mark.parametrize(("reversed_", "counts"), [(False, (-5, 2)), (True, (5, -2))])
def test_a_count_below_0_is_a_position_below_0(reversed_: bool, counts: tuple[int, int]) -> None:
    where = by_encoder(bits=64, reversed=reversed_)
    assert [where.of(n, frame(n, count), "coil")[:2] for n, count in enumerate(counts)] == [(-50, 0), (20, 70)]
    other = by_encoder(bits=64, reversed=reversed_)
    assert other.of(0, frame(0, counts[1]), "coil").position_um == 20, "cameras on one encoder have the same positions"


def test_a_position_that_no_message_can_hold_is_unknown() -> None:
    told: list[str] = []
    assert by_encoder(told, bits=64).of(0, frame(0, 2**63), "coil") == UNKNOWN
    assert told == ["encoder_jumped"]


def test_a_new_run_begins_at_travel_0_and_the_position_goes_on() -> None:
    where = by_encoder()
    where.of(0, frame(0, 100), "coil-1")
    assert where.of(1, frame(1, 200), "coil-1")[:2] == (2000, 1000)
    assert where.of(2, None, "coil-2") == UNKNOWN, "lost frames have no count"
    assert where.of(5, frame(5, 500), "coil-2")[:2] == (5000, 0)
    assert where.of(6, frame(6, 600), "")[:2] == (6000, None)


def test_a_sheet_that_runs_back_is_told_and_measured() -> None:
    told: list[str] = []
    where = by_encoder(told)
    positions = [
        where.of(n, frame(n, count), "coil").position_um for n, count in enumerate([9000, 8950, 8000, 8500, 9001])
    ]
    assert positions == [90_000, 89_500, 80_000, 85_000, 90_010]
    assert told == ["encoder_back", "encoder_well"], "half a millimetre is vibration"


def test_a_count_that_was_reset_leaves_positions_unknown_until_the_next_run() -> None:
    told: list[str] = []
    where = by_encoder(told, bits=32)
    where.of(0, frame(0, 5_000_000), "coil")
    assert where.of(1, frame(1, 3), "coil") == Position(encoder=3)
    assert where.of(2, frame(2, 103), "coil").position_um is None
    assert where.of(3, frame(3, 203), "next")[:2] == (2030, 0)
    assert told == ["encoder_jumped", "encoder_well"]


@pytest.mark.parametrize(("count", "at_ns"), [(200, 10 * SECOND_NS), (70_000, SECOND_NS // 100)])
def test_a_count_that_says_nothing_is_not_guessed(count: int, at_ns: int) -> None:
    """After 10 s at 5 m/s 16 bits may have turned over; and 70,000 has more than 16 bits."""
    told: list[str] = []
    where = by_encoder(told)
    where.of(0, frame(0, 100), "coil")
    assert where.of(1, frame(1, count, at_ns), "coil").position_um is None
    assert told == ["encoder_jumped"]


def test_frames_without_a_count_are_told() -> None:
    told: list[str] = []
    where = by_encoder(told)
    assert where.of(0, frame(0, None), "coil") == UNKNOWN
    assert where.of(1, frame(1, 7), "coil").position_um == 70
    assert told == ["encoder_missing", "encoder_well"]


def test_a_frame_that_did_not_arrive_whole_says_nothing_of_the_encoder() -> None:
    told: list[str] = []
    where = by_encoder(told)
    assert where.of(0, frame(0, 7), "coil").position_um == 70
    assert where.of(1, Arrival(1, 10_000_000, None, "packets are missing"), "coil") == UNKNOWN
    assert where.of(2, frame(2, 9), "coil")[:2] == (90, 20)
    assert told == []


def test_an_encoder_goes_on_after_a_restart() -> None:
    where = by_encoder()
    where.resume(last(run="coil", encoder=65_500, position_um=7_000_000, travel_um=40_000), live=True)
    assert where.of(0, frame(0, 14), "coil")[:2] == (7_000_500, 40_500)
    other = by_encoder()
    other.resume(last(run="coil", encoder=65_500, position_um=7_000_000, travel_um=40_000), live=True)
    assert other.of(0, frame(0, 14), "next coil")[:2] == (7_000_500, 0)


def test_what_was_unknown_before_a_restart_stays_unknown() -> None:
    where = by_encoder()
    where.resume(last(run="coil", encoder=100), live=True)
    assert where.of(0, frame(0, 200), "coil").position_um is None
    assert where.of(1, frame(1, 300), "next")[:2] == (3000, 0)


def test_numbers_and_lines_give_positions_from_the_beginning_of_each_run() -> None:
    where = Positions(camera(line_scan={"lines": 256, "overlap_lines": 56, "um_per_line": 12.5}))
    assert where.of(0, frame(0, None), "coil") == Position(0, 0, PositionSource.FRAME_COUNT)
    assert where.of(3, None, "coil")[:2] == (7500, 7500), "lost frames are where their numbers say"
    assert where.of(10, frame(10, 5), "next") == Position(25_000, 0, PositionSource.FRAME_COUNT, 5)


@pytest.mark.parametrize("restarted", [True, False])
def test_without_an_encoder_an_interruption_leaves_positions_unknown_until_the_next_run(restarted: bool) -> None:
    where = Positions(camera(travel_um_per_frame=1000))
    if restarted:
        where.resume(last(run="coil", position_um=5000), live=True)
    else:
        where.of(0, frame(0, None), "coil")
        where.broken()
    assert where.of(1, frame(1, None), "coil") == UNKNOWN
    assert where.of(2, frame(2, None), "next")[:2] == (0, 0)
    assert where.of(3, frame(3, None), "next")[:2] == (1000, 1000)


def test_a_recording_begins_again() -> None:
    where = Positions(camera(travel_um_per_frame=1000))
    where.resume(last(run="coil", position_um=5000), live=False)
    assert where.of(0, frame(0, None), "coil")[:2] == (0, 0)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"travel_um_per_frame": 5, "line_scan": {"lines": 8, "um_per_line": 1}}, "leave one out"),
        ({"line_scan": {"lines": 8, "um_per_line": 1, "overlap_lines": 8}}, "expected less than lines, which is 8"),
        ({"encoder": {"um_per_count": 0}}, "um_per_count"),
        ({"encoder": {"um_per_count": 1, "bits": 65}}, "bits"),
        ({"encoder": {"um_per_counts": 1}}, "um_per_counts"),
    ],
)
def test_what_cannot_be_is_refused(keys: dict[str, Any], said: str) -> None:
    text = msgspec.yaml.encode({"line": "t", "cameras": [{"name": "top", "source": {"kind": "simulator"}, **keys}]})
    with pytest.raises(UserError, match=said):
        parse_config(text.decode(), "x.yaml")


class CountingCamera(ListCamera):
    """Sends a count with each frame, as a device does."""

    live = True

    def __init__(self, counts: list[int | None]) -> None:
        super().__init__([np.array(CLEAN) for _ in counts], rate_hz=200)
        self._counts = counts

    def next(self) -> Arrival | None:
        """With its count."""
        arrival = super().next()
        if arrival is None:
            return None
        return Arrival(arrival.number, arrival.captured_ns, arrival.pixels, encoder=self._counts[arrival.number])


def test_positions_go_on_when_the_daemon_is_started_again(start_line, tmp_path) -> None:
    encoder = {"um_per_count": 10, "bits": 16, "fastest_m_per_s": 0.01}
    for counts in ([65_000, 65_100, 65_200], [65_400, 64, 164, 100, 30, 300]):
        start_line(
            {"top": CountingCamera(counts)},
            cameras_keys={"encoder": encoder},
            journal={"path": str(tmp_path / "j")},
            run="coil-7",
        ).finish_only()
    with JournalReader(tmp_path / "j") as reader:
        headers = [row.packet().header for row in reader.walk(verdicts_only=True)]
        codes = [row.packet().body.code for row in reader.walk() if row.type == "status"]
    assert [h.position_um for h in headers] == [
        650_000, 651_000, 652_000, 654_000, 656_000, 657_000, 656_360, 655_660, 658_360,
    ]  # fmt: skip
    assert [h.travel_um for h in headers][:5] == [0, 1000, 2000, 4000, 6000]
    assert {h.position_source for h in headers} == {PositionSource.ENCODER}
    assert [code for code in codes if code.startswith("encoder")] == ["encoder_back", "encoder_well"]
