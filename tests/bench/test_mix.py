"""The lists of frames that are let through: the share is exact, whatever the pattern."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.bench.mix import Mix, mixes
from inspector.bench.pattern import BURST, Pattern

SHARES = st.integers(1, 1000).map(lambda thousandths: thousandths / 1000)
MIXES = st.builds(Mix, SHARES, st.sampled_from(Pattern))


@given(MIXES, st.floats(1, 5000), st.integers(0, 2**32))
def test_share_is_exact(mix: Mix, least: float, seed: int) -> None:
    frames = mix.whole(least)
    assert frames >= least
    assert mix.let_through(frames, seed).sum() == round(frames * mix.share)


@given(SHARES, st.integers(1, 300))
def test_even_ones_are_as_far_from_each_other_as_they_can_be(share: float, least: int) -> None:
    mix = Mix(share)
    gaps = np.diff(np.flatnonzero(mix.let_through(mix.whole(least))))
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1


@given(SHARES, st.integers(1, 300))
def test_bursts_are_whole_and_as_far_from_each_other_as_they_can_be(share: float, least: int) -> None:
    mix = Mix(share, Pattern.BURSTS)
    blocks = mix.let_through(mix.whole(least)).reshape(-1, BURST)
    assert (blocks == blocks[:, :1]).all()
    gaps = np.diff(np.flatnonzero(blocks[:, 0]))
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1


def test_a_tenth_in_bursts() -> None:
    mix = Mix(0.1, Pattern.BURSTS)
    assert mix.whole(1) == 200
    assert np.flatnonzero(mix.let_through(200)).tolist() == list(range(80, 100))


def test_random_ones_are_repeatable_and_neither_even_nor_in_bursts() -> None:
    mix = Mix(0.1, Pattern.RANDOM)
    first = mix.let_through(1000, seed=1)
    assert np.array_equal(first, mix.let_through(1000, seed=1))
    assert not np.array_equal(first, mix.let_through(1000, seed=2))
    gaps = np.diff(np.flatnonzero(first))
    assert gaps.min() < 5
    assert gaps.max() > 20


@pytest.mark.parametrize("pattern", Pattern)
def test_all_frames_let_through_are_measured_once(pattern: Pattern) -> None:
    assert mixes((0.5, 1.0), (pattern,)) == (Mix(0.5, pattern), Mix(1.0, Pattern.EVEN))
    assert Mix(1.0, pattern).let_through(40).all()


def test_every_share_in_every_pattern() -> None:
    assert len(mixes((0.02, 0.1, 0.5, 1.0), tuple(Pattern))) == 10
