"""Which frames a shadow sees."""

from __future__ import annotations

import pytest

from inspector.frames.sampling import Sampling


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_share_of_the_frames_is_chosen_and_always_the_same(share: float) -> None:
    first, again = Sampling(share), Sampling(share)
    chosen = [frame for frame in range(20_000) if first.chosen("top", frame)]
    assert [frame for frame in range(20_000) if again.chosen("top", frame)] == chosen
    # Four standard deviations of a fair draw.
    assert abs(len(chosen) - 20_000 * share) < 4 * (20_000 * share * (1 - share)) ** 0.5


def test_the_frames_of_a_smaller_share_are_among_those_of_a_larger_one() -> None:
    small, large, every = Sampling(0.05), Sampling(0.3), Sampling(1.0)
    for frame in range(2000):
        assert every.chosen("top", frame)
        assert large.chosen("top", frame) or not small.chosen("top", frame)


def test_no_place_of_a_roll_is_chosen_more_often_and_cameras_differ() -> None:
    """A mark that comes back every 8th frame must not be in every frame of the sample, or in none."""
    sampling = Sampling(0.25)
    chosen = [frame for frame in range(16_000) if sampling.chosen("top", frame)]
    by_place = [sum(frame % 8 == place for frame in chosen) for place in range(8)]
    assert max(by_place) - min(by_place) < 150
    assert chosen != [frame for frame in range(16_000) if sampling.chosen("side", frame)]


def test_the_choice_is_the_documented_one() -> None:
    """docs/shadow.md says how to compute it elsewhere; a recording that was looked at once must give the same frames for ever."""
    sampling = Sampling(0.1)
    assert [frame for frame in range(60) if sampling.chosen("top", frame)] == [
        1, 8, 20, 21, 26, 34, 49, 51, 54, 56,
    ]  # fmt: skip
