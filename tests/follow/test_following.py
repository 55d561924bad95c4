"""What a follower says of a roll mark while the strip goes on."""

from __future__ import annotations

from itertools import islice

import numpy as np

from inspector.coil.config import CoilConfig, FollowConfig, RollMarksConfig
from inspector.follow.following import Following
from inspector.protocol.coil import MarkState, RollMarkBody
from tests.coil.endless import endless
from tests.coil.strip import RUN, Camera

EVERY = 25
"""Frames; one is 12 mm long."""


def test_a_roll_mark_is_told_with_its_number_as_it_grows_and_once_that_it_is_over() -> None:
    camera = Camera("a", (0, 40))
    masks = [np.zeros((40, 24), np.uint8) for _ in range(EVERY)]
    masks[0][8:12, 6:10] = 1
    follow = FollowConfig(endpoint="tcp://127.0.0.1:1", publish="tcp://127.0.0.1:2")
    following = Following(RUN, CoilConfig(follow=follow, roll_marks=RollMarksConfig()))
    told: list[RollMarkBody] = []
    for number, packet in enumerate(islice(endless(camera, masks), 9_500)):
        list(following.feed(packet))
        if number % 250 == 0:
            told += [one for one in following.look() if isinstance(one, RollMarkBody)]
    assert [one.state for one in told] == [MarkState.FOUND] * 2
    assert {one.number for one in told} == {1}
    assert [one.mark.count for one in told] == [167, 333]
    over = [one for one in following.finish() if isinstance(one, RollMarkBody)]
    assert [(one.state, one.number) for one in over] == [(MarkState.OVER, 1)]
    assert over[0].mark.count == 380
