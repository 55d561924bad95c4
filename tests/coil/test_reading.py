"""What a line may publish of a run: frames of two runs at once, a daemon that is started again, changes, a strip that runs back, no scale."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from inspector.coil.coil import Coil
from inspector.frames.outcome import Reason
from inspector.frames.position import PositionSource
from inspector.protocol.codec import Packet
from inspector.protocol.messages import HeartbeatBody, LineState, MessageType, ResultBody
from tests.coil.strip import CLASSES, Camera, Line, Mask, Plan, other, run_of
from tests.coil.truth import coil_of, components, differences, found

AGAIN = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def scratched(length: int = 120) -> Mask:
    """A scratch over the whole strip, and a pit."""
    strip = np.zeros((length, 40), dtype=np.uint8)
    strip[:, 10:12] = 2
    strip[20:30, 20:30] = 1
    return strip


def test_frames_of_the_run_before_may_follow_the_start_of_the_next() -> None:
    strip = scratched(96)
    line = Line([Camera()])
    line.start("one")
    first = [line.capture("a", at, "one") for at in (0, 24)]
    line.start()
    second = [line.capture("a", at) for at in (48, 72)]
    for meta, at in ((second[1], 72), (first[0], 0), (second[0], 48), (first[1], 24)):
        line.inspect(meta, line.cameras["a"].mask(strip, at))
    line.end("one")
    line.end()
    findings = coil_of(line.packets)
    assert differences(components(np.concatenate((np.zeros_like(strip[:48]), strip[48:]))), found(findings)) == []
    assert (findings.from_mm, findings.to_mm, findings.complete) == (24.0, 48.0, True)


def test_a_heartbeat_that_overtakes_recovered_messages_loses_none_of_their_frames() -> None:
    """It is not numbered, so that it does not wait for those that are; the verdicts of frames come in any order."""
    strip = scratched()
    line = Line([Camera()])
    line.start()
    frames = [(line.capture("a", at), at) for at in (0, 24, 48, 72)]
    for at in (1, 0, 3, 2):
        line.inspect(frames[at][0], line.cameras["a"].mask(strip, frames[at][1]))
    line.end()
    last = line.packets[-1].header
    body = HeartbeatBody(last_seq=last.seq or 0, state=LineState.RUNNING, interval_ms=200, recovery=None)
    ahead = msgspec.structs.replace(last, type=MessageType.HEARTBEAT, seq=None, frame=None, resolved_through=3)
    findings = coil_of([line.packets[0], Packet(ahead, body), *line.packets[1:]])
    assert differences(components(strip[:96]), found(findings)) == []
    assert (findings.complete, findings.coverage[0].missing) == (True, 0)


def test_a_daemon_that_is_started_again_goes_on_with_the_coil() -> None:
    strip = scratched()
    before, after = Line([Camera()]), Line([Camera()], epoch=AGAIN)
    before.start()
    before.show("a", strip, 0, 24)
    before.capture("a", 48)  # killed before it has its verdict
    after.start()
    after.show("a", strip, 72, 96)
    after.end()
    findings = coil_of(before.packets + after.packets)
    scratches = [one for one in findings.defects if one.class_name == "scratches"]
    assert [(one.area.from_mm, one.area.to_mm, one.head, one.tail) for one in scratches] == [
        (0.0, 24.0, "whole", "unknown"),
        (36.0, 60.0, "unknown", "whole"),
    ]
    assert [(one.area.from_mm, one.area.to_mm, one.reason) for one in findings.unknowns] == [(24.0, 36.0, None)]
    assert findings.ended
    assert not findings.complete, "the first start of the daemon told no end"


def test_nothing_is_lost_where_the_daemon_is_stopped_between_two_frames() -> None:
    strip = scratched()
    before, after = Line([Camera()]), Line([Camera()], epoch=AGAIN)
    for line, firsts in ((before, (0, 24)), (after, (48, 72, 96))):
        line.start()
        line.show("a", strip, *firsts)
        line.end()
    findings = coil_of(before.packets + after.packets)
    assert differences(components(strip), found(findings)) == []
    assert findings.complete


def test_positions_that_are_counted_by_frames_do_not_go_on_after_a_start() -> None:
    strip = scratched(48)
    camera = Camera(source=PositionSource.FRAME_COUNT)
    before, after = Line([camera]), Line([camera], epoch=AGAIN)
    for line in (before, after):
        line.start()
        line.show("a", strip, 0, 24)
        line.end()
    findings = coil_of(before.packets + after.packets)
    assert differences(components(strip), found(findings)) == []
    assert findings.unplaced == {"scratches": 2, "pitting": 2}
    assert any("began again" in note for note in findings.notes)


def test_a_change_holds_for_frames_that_were_captured_after_it() -> None:
    strip = scratched(96)
    old = Camera(calibration="old")
    new = other(old, lines=12, downstream=7, flip_along=True, calibration="new")
    line = Line([old])
    line.start()
    line.show("a", strip, 0)
    waiting = line.capture("a", 24)
    mask = old.mask(strip, 24)
    outcome = line.judges["a"].segmented(0.9, mask, None, (0.75, 0.875), waiting.position_um)
    line.change(new)
    line.show("a", strip, 48, 60, 72, 84)
    line.ledger.settle("a", waiting.frame, outcome)
    line.end()
    findings = coil_of(line.packets)
    assert differences(components(strip), found(findings)) == []
    assert findings.unknowns == ()
    head = findings.head
    assert (head.bundles, head.operating_points, head.calibrations) == (("b",), ("p",), ("old", "new"))
    assert (head.simulated, head.software[0].split()[0]) == (True, "inspector")
    assert head.began_unix_ns is not None
    assert head.ended_unix_ns is not None
    assert head.began_unix_ns < head.ended_unix_ns
    (camera,) = findings.coverage
    assert (camera.face, camera.frames, camera.told) == ("top", 6, 6)


def test_a_strip_that_runs_back_shows_nothing_twice() -> None:
    strip = scratched(144)
    line = Line([Camera()])
    line.start()
    line.show("a", strip, 0, 24, 48, 40, 20, 3, 0, 30, 55, 72, 96, 96, 96, 120)
    line.end()
    findings = coil_of(line.packets)
    assert differences(components(strip), found(findings)) == []
    assert any("only what frames before them showed" in note for note in findings.notes)


def test_what_was_missed_may_be_seen_while_the_strip_runs_back() -> None:
    strip = scratched(144)
    line = Line([Camera()])
    line.start()
    line.show("a", strip, 0)
    line.give_up(line.capture("a", 24))
    line.give_up(line.capture("a", 48))
    line.show("a", strip, 72, 30, 96, 120)
    line.end()
    findings = coil_of(line.packets)
    assert [(one.area.from_mm, one.area.to_mm) for one in findings.unknowns] == [(12.0, 15.0), (27.0, 36.0)]
    seen = strip.copy()
    seen[24:30] = seen[54:72] = 0
    assert differences(components(seen), found(findings)) == []


def test_lost_frames_at_the_end_are_unknown_as_far_as_their_place_is_known() -> None:
    strip = scratched(48)
    for source, expected in ((PositionSource.FRAME_COUNT, [(24.0, 60.0)]), (PositionSource.ENCODER, [])):
        line = Line([Camera(source=source)])
        line.start()
        line.show("a", strip, 0, 24)
        line.lose("a", 48, 3)
        line.end()
        findings = coil_of(line.packets)
        assert [(one.area.from_mm, one.area.to_mm) for one in findings.unknowns] == expected
        assert [one.tail for one in findings.defects if one.class_name == "scratches"] == ["unknown"]
        assert findings.coverage[0].reasons[Reason.CAMERA_LOST] == 3
        assert any("3 frames were not inspected" in note for note in findings.notes) == (not expected)


def test_a_run_without_its_end_may_go_on() -> None:
    packets = run_of(scratched(48), [Camera()], Plan(ended=False))
    findings = coil_of(packets)
    (scratch,) = (one for one in findings.defects if one.class_name == "scratches")
    assert (scratch.head, scratch.tail, findings.ended, findings.complete) == ("whole", "unknown", False, False)


def test_who_joined_late_does_not_know_how_the_coil_began() -> None:
    packets = run_of(scratched(96), [Camera()], Plan(in_flight=1))
    line = Line([Camera()])
    line.start()
    line.streams["a"].joined()
    repeated = line.streams["a"].repeat()
    assert repeated is not None
    line._say(repeated)
    findings = coil_of([line.packets[-1], *packets[2:]])
    (scratch,) = (one for one in findings.defects if one.class_name == "scratches")
    assert (scratch.head, scratch.area.from_mm, findings.complete) == ("unknown", 12.0, False)
    assert any("the start of the run is not there" in note for note in findings.notes)


def test_messages_that_are_missing_are_unknown() -> None:
    packets = run_of(scratched(120), [Camera()], Plan(in_flight=1))
    findings = coil_of([packets[0], packets[1], *packets[4:]])
    assert [(one.area.from_mm, one.area.to_mm, one.reason) for one in findings.unknowns] == [(12.0, 36.0, None)]
    assert (findings.coverage[0].missing, findings.complete) == (2, False)


@pytest.mark.parametrize(
    ("camera", "why"),
    [(Camera(scaled=False), "no scale"), (Camera(source=None), "did not know their position")],
)
def test_without_scale_or_position_nothing_is_placed(camera: Camera, why: str) -> None:
    findings = coil_of(run_of(scratched(), [camera]))
    assert (findings.defects, findings.unknowns, findings.length_mm) == ((), (), 0.0)
    assert findings.unplaced == {"scratches": 5, "pitting": 2}
    assert any(why in note for note in findings.notes)
    assert findings.complete


def test_without_masks_boxes_stand_for_regions() -> None:
    strip = scratched()
    findings = coil_of(run_of(strip, [Camera(overlap=4)], Plan(masks=False)))
    # These are boxes on the strip, too.
    assert differences(components(strip), found(findings)) == []
    assert any("no masks" in note for note in findings.notes)


def test_an_area_of_boxes_is_that_of_their_defects() -> None:
    strip = np.zeros((48, 40), dtype=np.uint8)
    for step in range(30):
        strip[9 + step, 5 + step] = 2
    (defect,) = coil_of(run_of(strip, [Camera()], Plan(masks=False))).defects
    assert defect.length_mm == 15.0
    assert defect.area_mm2 == pytest.approx(30 * 0.5 * 0.25, abs=0.002)


def test_a_damaged_mask_is_said_and_its_place_is_unknown() -> None:
    packets = run_of(scratched(72), [Camera()], Plan(in_flight=1))
    broken = [Packet(one.header, one.body, one.blob[:-8]) if one.header.frame == 1 else one for one in packets]
    findings = coil_of(broken)
    assert [(one.area.from_mm, one.area.to_mm) for one in findings.unknowns] == [(12.0, 24.0)]
    assert any("masks are damaged" in note for note in findings.notes)


def test_findings_come_while_the_run_goes_on_and_only_once() -> None:
    strip = np.zeros((48000, 40), dtype=np.uint8)
    strip[100:110, 5:10] = strip[24 * 900 : 24 * 900 + 30, 5:10] = 1
    coil = Coil("coil")
    told = []
    for number, packet in enumerate(run_of(strip, [Camera()])):
        told += [(number, one) for one in coil.feed(packet)]
    assert [number < 1500 for number, _ in told] == [True, True]
    assert coil.finish() == []
    assert [one for _, one in told] == list(coil.findings.defects)


def test_the_score_is_the_highest_of_its_pieces_and_names_its_first_frames() -> None:
    packets = run_of(scratched(2400), [Camera()], Plan(in_flight=1))
    findings = coil_of(packets)
    (scratch,) = (one for one in findings.defects if one.class_name == CLASSES[1])
    body = packets[1].body
    assert isinstance(body, ResultBody)
    assert scratch.score == max(one.score for one in body.defects if one.class_name == CLASSES[1])
    assert scratch.pieces == 100
    assert [frame.frame for frame in scratch.frames] == list(range(16))


def test_what_is_told_twice_counts_once() -> None:
    strip = scratched(96)
    packets = run_of(strip, [Camera()], Plan(in_flight=3))
    assert differences(components(strip), found(coil_of([*packets[:3], *packets[1:3], *packets[3:]]))) == []


def test_what_was_missed_of_an_epoch_may_come_after_the_next_one_has_begun() -> None:
    strip = scratched()
    before, after = Line([Camera()]), Line([Camera()], epoch=AGAIN)
    for line, firsts in ((before, (0, 24)), (after, (48, 72, 96))):
        line.start()
        line.show("a", strip, *firsts)
        line.end()
    late = before.packets[-2:]
    findings = coil_of([*before.packets[:-2], *after.packets[:2], *late, *after.packets[2:]])
    assert differences(components(strip), found(findings)) == []
    assert findings.complete


def test_a_second_run_of_the_same_name_is_told() -> None:
    strip = scratched(96)
    line = Line([Camera()])
    for firsts in ((0, 24), (48, 72)):
        line.start()
        line.show("a", strip, *firsts)
        line.end()
    findings = coil_of(line.packets)
    assert findings.complete
    assert findings.coverage[0].told == 4
    assert any("begun 2 times" in note for note in findings.notes)


def test_cameras_on_one_encoder_are_compared_by_their_positions() -> None:
    strip = np.zeros((120, 40), dtype=np.uint8)
    strip[30:90, 15:25] = 1
    line = [Camera("a", (0, 20)), Camera("b", (20, 40), begins=24, travel_from=24)]
    findings = coil_of(run_of(strip, line, Plan(in_flight=1, seed=1)))
    (defect,) = findings.defects
    assert (defect.length_mm, defect.width_mm) == (30.0, 2.5)
    assert defect.area.from_mm in (15.0, 3.0), "from where the first camera began, whichever that was"
