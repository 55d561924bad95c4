"""Epochs that come and go while nothing is heard, or side by side for long: everything of them is given once, or told as missed."""

from __future__ import annotations

from inspector.client.events import Missed, NewEpoch, SecondPublisher, Why
from inspector.client.reception.reception import MOST_LANES
from tests.client.reception.world import LEFTOVER, Line, World, covered, heartbeat, key, published


def test_of_more_epochs_than_are_fetched_the_older_ones_are_told_as_missed() -> None:
    """The subscriber was away while the daemon was restarted a hundred times."""
    names = [f"e{number}" for number in range(100)]
    world = World(Line(dict.fromkeys(names, 3)), since={key("e0"): 1})
    world.hear(heartbeat("e99", 2))
    world.finish()
    assert covered(world.given("e0"), 1) == 3
    for name in names[1:]:
        assert covered(world.given(name)) == 3, name
    missed = [event for event in world.events if isinstance(event, Missed)]
    assert {one.why for one in missed} == {Why.TOO_MANY_STREAMS}
    assert {one.stream.epoch for one in missed} == set(names[1:35])


def test_an_epoch_that_the_line_knows_no_more_is_told_as_one_of_unknown_end() -> None:
    """It is not known then which epochs were between it and the present one."""
    world = World(Line({"b": 5, "c": 3}), since={key("a"): 4})
    world.hear(heartbeat("c", 2))
    world.finish()
    new = [event for event in world.events if isinstance(event, NewEpoch)]
    assert [(one.stream.epoch, one.previous_epoch, one.end_known) for one in new] == [("c", "a", False)]
    assert world.given("c") == [0, 1, 2]


def test_a_daemon_that_goes_on_beside_one_that_is_restarted_again_and_again_is_not_given_twice() -> None:
    names = [f"b{number}" for number in range(80)]
    line = Line({"a": 400, **dict.fromkeys(names, 3)})
    world, sent = World(line), published("a", 400)
    world.hear(heartbeat("a", -1), sent[0])
    seq = 1
    for name in names:
        world.hear(heartbeat(name, -1), published(name, 3)[0])
        world.finish()
        for _ in range(LEFTOVER if seq > LEFTOVER + 1 else 2 * LEFTOVER):
            world.hear(sent[seq])
            seq += 1
            world.finish()
    assert covered(world.given("a")) >= seq
    assert sum(isinstance(event, SecondPublisher) for event in world.events) >= 1


def test_a_camera_that_was_not_followed_for_a_while_is_not_given_twice() -> None:
    world = World(Line({"a": 9}), since="epoch")
    for seq in (0, 1, 4):
        world.hear(heartbeat("a", seq - 1), published("a", 9)[seq])
        world.finish()
        for number in range(MOST_LANES):
            world.now_s += 0.001
            world.hear(heartbeat("a", -1, f"other{number}"))
    world.hear(heartbeat("a", 8))
    world.finish()
    assert covered(world.given("a")) == 9
