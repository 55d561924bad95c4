from __future__ import annotations

import msgspec
import pytest

from inspector.client.events import Malformed, Missed, NewEpoch, Recovered, SecondPublisher, Stale, Why
from inspector.client.reception.ordering import Room
from inspector.client.reception.reception import MOST_LANES
from inspector.protocol.recovery import Get, Outcome, Reply, decode_request
from tests.client.reception.world import ENDPOINT, LEFTOVER, Line, World, covered, heartbeat, key, published


def a_world(count: int = 12, **options: object) -> World:
    return World(Line({"a": count}), **options)  # type: ignore[arg-type]


def test_a_hole_is_recovered_in_its_place_and_the_messages_behind_it_wait() -> None:
    world, sent = a_world(), published("a", 12)
    world.hear(heartbeat("a", -1), sent[0], sent[1], sent[6], sent[7])
    assert world.names() == ["beat", "a0", "a1"]
    world.answer()
    assert world.names()[-3:] == ["a2", "a3", "a4"], "the answer holds three"
    world.answer()
    assert world.names()[-4:] == ["a5", "Recovered a2-5", "a6", "a7"]
    world.hear(sent[8])
    assert world.names()[-1] == "a8"
    assert not world.reception.asking
    assert not world.requests


def test_other_streams_do_not_wait() -> None:
    world, sent, other = a_world(), published("a", 12), published("a", 3, "cam2")
    world.hear(heartbeat("a", -1), sent[0], sent[4], *other)
    assert world.names() == ["beat", "a0", "a0", "a1", "a2"]


def test_a_heartbeat_shows_what_was_lost_at_the_end() -> None:
    world, sent = a_world(), published("a", 12)
    world.hear(*sent[:10], heartbeat("a", 11))
    assert world.names()[-1] == "beat", "a heartbeat is given at once"
    world.answer()
    assert world.names()[-3:] == ["a10", "a11", "Recovered a10-11"]


def test_what_was_sent_before_joining_is_only_fetched_where_it_is_wanted() -> None:
    joined = a_world()
    joined.hear(heartbeat("a", 5), published("a", 12)[6])
    assert joined.names() == ["Missed a0-5", "beat", "a6"]
    whole = a_world(since="epoch")
    whole.hear(heartbeat("a", 5), published("a", 12)[6])
    whole.finish()
    assert whole.names() == ["beat", *(f"a{n}" for n in range(6)), "Recovered a0-5", "a6"]


def test_going_on_where_one_left_off() -> None:
    same = a_world(since={key("a"): 4})
    same.hear(heartbeat("a", 5))
    same.finish()
    assert same.given("a") == [4, 5]
    same.hear(heartbeat("a", 3, "cam2"))
    assert decode_request(same.requests[0][1]).do == Get(line="line1", camera="cam2", epoch="a", first=0, last=3)
    line = Line({"a": 6, "b": 5, "c": 3, "d": 9})
    later = World(line, since={key("a"): 4})
    later.hear(heartbeat("d", 1))
    later.finish()
    assert [later.given(epoch) for epoch in "abcd"] == [[4, 5], [0, 1, 2, 3, 4], [0, 1, 2], [0, 1]]
    new = [event for event in later.events if isinstance(event, NewEpoch)]
    assert [(one.stream.epoch, one.previous_epoch, one.end_known, one.order) for one in new] == [
        ("b", "a", True, 1), ("c", "b", True, 2), ("d", "c", True, 3),
    ]  # fmt: skip


def test_the_end_of_the_old_epoch_comes_before_the_new_one() -> None:
    world = World(Line({"a": 6, "b": 9}))
    world.hear(heartbeat("a", -1), *published("a", 6)[:3], *published("b", 9)[:2], heartbeat("b", 1))
    assert world.names()[-1] == "a2", "nothing of the new epoch yet, not even a heartbeat"
    world.finish()
    assert world.names()[4:] == ["a3", "a4", "a5", "Recovered a3-5", "NewEpoch b", "b0", "b1", "beat"]
    assert covered(world.given("b")) == 2


def test_what_the_journal_lost_with_the_old_daemon_is_reported() -> None:
    """It was heard of, and is not there: the daemon was killed before it was committed."""
    world = World(Line({"a": 4, "b": 9}))
    old = published("a", 8)
    world.hear(heartbeat("a", -1), *old[:3], old[6], published("b", 9)[0])
    world.finish()
    assert world.given("a") == [0, 1, 2, 3, (4, 5), 6]
    missed = next(event for event in world.events if isinstance(event, Missed))
    assert (missed.why, missed.detail) == (Why.GONE, "never stored: the daemon ended before")


@pytest.mark.parametrize("answers", ["none", "lost", "refused", "busy", "empty"])
def test_what_is_never_answered_is_given_up_after_the_patience(answers: str) -> None:
    world, sent = a_world(), published("a", 12)
    world.hear(heartbeat("a", -1), sent[0], sent[3], sent[5])

    def changed(parts: list[bytes]) -> list[bytes] | None:
        reply = msgspec.json.decode(parts[0], type=Reply)
        if answers == "refused":
            new = Reply(id=reply.id, outcome=Outcome.REFUSED, epoch="x", text="not now")
        elif answers == "busy":
            new = Reply(id=reply.id, outcome=Outcome.BUSY, epoch="x", retry_ms=20)
        elif answers == "empty":
            new = Reply(id=reply.id, outcome=Outcome.DONE, epoch="x", newest=11)
        else:
            return None
        return [msgspec.json.encode(new)]

    for _ in range(400):
        if world.requests and answers != "none":
            world.answer(changed)
        world.wait(0.25)
    assert world.given("a") == [0, (1, 2), 3, (4, 4), 5]
    missed = [event for event in world.events if isinstance(event, Missed)]
    assert {one.why for one in missed} == {Why.REFUSED if answers == "refused" else Why.NO_ANSWER}
    assert all(one.detail for one in missed)
    assert not world.reception.asking


def test_no_recovery_socket_means_missed_at_once() -> None:
    world, sent = a_world(), published("a", 12)
    world.hear(heartbeat("a", -1, recovery=None), sent[0], sent[2], sent[3])
    assert world.names() == ["beat", "a0", "Missed a1-1", "a2", "a3"]
    unknown = a_world()
    unknown.hear(sent[0], sent[2])
    assert unknown.names() == ["a0"]
    unknown.wait(1.25)
    assert unknown.names() == ["a0", "Stale", "Missed a1-1", "a2"], "no heartbeat said where to ask"


def test_without_recovery_nothing_waits_and_nothing_is_asked() -> None:
    world, sent = World(Line({"a": 9, "b": 9}), recovers=False), published("a", 9)
    world.hear(heartbeat("a", -1), sent[0], sent[2], heartbeat("a", 4), sent[2], published("b", 9)[1])
    assert world.names() == ["beat", "a0", "Missed a1-1", "a2", "Missed a3-4", "beat", "Malformed", "NewEpoch b", "Missed b0-0", "b1"]  # fmt: skip
    assert not world.reception.asking


def test_where_nobody_has_answered_before_the_next_hole_is_given_up_sooner() -> None:
    world, sent = a_world(), published("a", 12)
    world.hear(heartbeat("a", -1), sent[0], sent[2])
    world.finish(answers=False)
    begun_s = world.now_s
    world.hear(sent[4])
    world.finish(answers=False)
    assert world.now_s - begun_s == 2.0
    world.hear(sent[6])
    world.answer()
    world.hear(sent[8])
    begun_s = world.now_s
    world.finish(answers=False)
    assert world.now_s - begun_s == 10.0, "it answers again"
    assert world.given("a") == [0, (1, 1), 2, (3, 3), 4, 5, 6, (7, 7), 8]


def test_a_request_is_sent_again_more_and_more_seldom() -> None:
    world, sent = a_world(patience_s=30.0), published("a", 12)
    world.hear(heartbeat("a", -1), sent[0], sent[3])
    times, ids = [], set()
    for _ in range(80):
        if world.requests:
            times.append(world.now_s - 100)
            ids.add(world.requests.pop()[0])
        world.wait(0.25)
    assert times == [0, 1, 3, 7, 11, 15, 19]
    assert len(ids) == 1, "any of the answers will do"


def test_what_could_not_be_sent_is_tried_again() -> None:
    world, sent = a_world(), published("a", 12)
    world.hear(heartbeat("a", -1), sent[0], sent[2])
    world.reception.unsent(world.requests.pop()[0], world.now_s)
    world.wait(0.25)
    world.answer()
    assert world.given("a") == [0, 1, 2]


def test_one_publication_that_cannot_be_read_does_not_cost_those_behind_it() -> None:
    world, sent = a_world(), published("a", 12)
    world.line.per_reply = 500
    world.hear(heartbeat("a", -1), sent[0], sent[9])
    for _ in range(200):
        if world.requests:
            world.answer(lambda parts: [b"{" if b'"seq":2,' in part else part for part in parts])
        world.wait(0.25)
    assert world.given("a") == [0, 1, (2, 2), *range(3, 10)]
    assert any(isinstance(event, Malformed) for event in world.events)


def test_an_answer_with_foreign_publications_is_not_believed() -> None:
    world, sent = a_world(), published("a", 12)
    world.hear(heartbeat("a", -1), sent[0], sent[3])
    foreign = published("b", 12)
    world.answer(lambda parts: [parts[0], *foreign[1], b"", *foreign[2], b""])
    assert world.given("a") == [0]
    world.finish()
    assert world.given("a") == [0, 1, 2, 3]
    assert world.given("b") == []
    world.reception.answer([b"nonsense"], world.now_s)
    assert world.reception.malformed == 3


def test_memory_is_bounded_by_dropping_the_newest_which_are_then_fetched_too() -> None:
    world, sent = a_world(40, room=Room(5, 1 << 20)), published("a", 40)
    world.line.per_reply = 4
    world.hear(heartbeat("a", -1), sent[0], *sent[10:40])
    world.finish()
    assert world.given("a") == list(range(40))
    recovered = [event.count for event in world.events if isinstance(event, Recovered)]
    assert sum(recovered) == 9 + 25
    silent = a_world(40, room=Room(5, 1 << 20))
    silent.hear(heartbeat("a", -1), sent[0], *sent[10:40])
    silent.finish(answers=False)
    assert silent.given("a") == [0, (1, 9), *range(10, 15), (15, 39)]


def test_room_is_given_back() -> None:
    room = Room(3, 1 << 20)
    world, sent = a_world(40, room=room), published("a", 40)
    for begin in range(0, 36, 4):
        world.hear(heartbeat("a", begin - 1), sent[begin], *sent[begin + 2 : begin + 4])
        world.finish()
    assert world.given("a") == list(range(36))
    assert [room.take(10) for _ in range(4)] == [True, True, True, False]


def test_epochs_without_end_are_not_waited_for() -> None:
    names = [f"e{n}" for n in range(40)]
    world = World(Line(dict.fromkeys(names, 3)))
    for name in names:
        world.hear(heartbeat(name, -1), published(name, 3)[0])
    world.finish(answers=False)
    assert [world.given(name)[:1] for name in names] == [[0]] * 40
    assert sum(isinstance(event, NewEpoch) for event in world.events) == 39


def test_a_flood_of_cameras_is_bounded_and_reported() -> None:
    world = World(Line({}))
    for number in range(300):
        world.hear(heartbeat("a", -1, f"cam{number}"), published("a", 4, f"cam{number}")[2])
    forgotten = [event for event in world.events if isinstance(event, Missed) and event.why is Why.TOO_MANY_STREAMS]
    assert [one.stream.camera for one in forgotten] == [f"cam{number}" for number in range(300 - MOST_LANES)]
    assert world.names().count("a2") == 300 - MOST_LANES, "what waited was given"


def test_two_publishers_of_one_camera_are_told() -> None:
    line = Line({"a": 30, "b": 30})
    world = World(line)
    world.hear(heartbeat("a", -1), published("a", 30)[0])
    for seq in range(1, 12):
        world.hear(heartbeat("b", seq - 1), published("b", 30)[seq], heartbeat("a", seq - 1), published("a", 30)[seq])
        world.finish()
    second = [event for event in world.events if isinstance(event, SecondPublisher)]
    assert [(one.stream.epoch, one.other_epoch) for one in second] == [("b", "a")]
    assert sum(isinstance(event, NewEpoch) for event in world.events) == 1
    assert covered(world.given("a")) >= 12
    assert covered(world.given("b")) == 12


def test_what_was_still_on_its_way_is_no_second_publisher() -> None:
    world = World(Line({"a": 9, "b": 9}))
    world.hear(heartbeat("a", -1), *published("a", 9)[:4], published("b", 9)[0])
    world.finish()
    world.hear(*published("a", 9)[4 : 4 + LEFTOVER])
    assert not any(isinstance(event, SecondPublisher) for event in world.events)
    assert world.given("a") == list(range(9)), "they had been fetched already"
    assert world.reception.duplicates == LEFTOVER


def test_stale_is_told_once_while_nothing_comes() -> None:
    world = a_world()
    world.hear(heartbeat("a", -1))
    world.wait(0.5)
    assert world.names() == ["beat"]
    world.wait(2)
    assert world.names() == ["beat", "Stale"]
    stale = world.events[-1]
    assert isinstance(stale, Stale)
    assert stale.silent_ms == 750
    world.hear(heartbeat("a", -1))
    world.wait(1)
    assert world.names() == ["beat", "Stale", "beat", "Stale"]


def test_small_holes_are_asked_for_together() -> None:
    world, sent = a_world(400), published("a", 400)
    world.line.per_reply = 500
    world.hear(heartbeat("a", -1), *sent[0:50:2], *sent[100:400:3])
    world.answer()  # to the first hole, when it was the only one
    asked = 1
    while world.requests:
        world.answer()
        asked += 1
    assert world.given("a") == list(range(398))
    assert asked <= 7


def test_few_requests_wait_at_the_same_time() -> None:
    world = World(Line({"a": 9}))
    for number in range(9):
        world.hear(
            heartbeat("a", -1, f"cam{number}"), published("a", 9, f"cam{number}")[0], heartbeat("a", 3, f"cam{number}")
        )
    assert len(world.requests) == 4
    assert decode_request(world.requests[0][1]).do.camera == "cam0"
    assert ENDPOINT
