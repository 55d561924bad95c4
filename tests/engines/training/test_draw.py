"""Batches: groups in their shares, sizes in turns, the same for the same place, never dark."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from engines.data.dataset import Dataset, open_dataset
from engines.errors import NoCropError, NoExtraDataError, RecipeError
from engines.training.crops import is_dark
from engines.training.draw import Drawer
from engines.training.frames import Frames
from engines.training.groups import share_out
from engines.training.read_recipe import read_recipe
from engines.training.recipe import Recipe
from tests.engines.training.labelled import CLASSES, HEIGHT, WIDTH, write_frames

CONFIGS = Path(__file__).parents[3] / "configs" / "training"
CROPS = "batches.crops=[[32, 48], [32, 64]]"
PLAIN = "augmentation={flip: 0}"


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(write_frames(tmp_path_factory.mktemp("bars") / "data"))


def _recipe(name: str, *changes: str) -> Recipe:
    return read_recipe(CONFIGS / f"{name}.yaml", changes)


def _drawer(data: Dataset, recipe: Recipe) -> Drawer:
    return Drawer(recipe, Frames(data.frames, len(data.classes), recipe.scale), data.classes)


def test_five_equal_groups_are_one_each_in_every_batch() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        assert sorted(share_out((0.2,) * 5, 5, rng)) == [0, 1, 2, 3, 4]
        assert Counter(share_out((0.2,) * 5, 10, rng)) == dict.fromkeys(range(5), 2)


def test_uneven_shares_are_met_on_the_average_and_nearly_in_each_batch() -> None:
    shares = (0.32, 0.18, 0.1, 0.24, 0.16)
    rng = np.random.default_rng(0)
    counts = [np.bincount(share_out(shares, 7, rng), minlength=5) for _ in range(4000)]
    np.testing.assert_allclose(np.mean(counts, axis=0), np.multiply(shares, 7), atol=0.05)
    assert (np.abs(counts - np.multiply(shares, 7)) < 1).all()


def test_each_crop_shows_its_group_and_none_is_dark(bars: Dataset) -> None:
    drawer = _drawer(bars, _recipe("segmenter-resnet34", CROPS, PLAIN))
    for step in range(40):
        batch = drawer.draw(0, step)
        assert sorted(batch.groups) == [0, 1, 2, 3, 4]
        for frame, mask, group in zip(batch.frames, batch.masks, batch.groups, strict=True):
            assert not is_dark(frame, 16)
            assert (mask & (1 << (group - 1))).any() if group else not mask.any()
        np.testing.assert_array_equal(batch.defective, batch.groups > 0)


def test_crops_moved_about_are_not_dark_either(bars: Dataset) -> None:
    changes = ("batches.crops=[[16, 24]]", "augmentation={shift: 1.0, rotation_degrees: 90}")
    drawer = _drawer(bars, _recipe("segmenter-resnet34", *changes))
    assert not any(is_dark(frame, 16) for step in range(60) for frame in drawer.draw(0, step).frames)


def test_crop_sizes_take_turns_by_epoch(bars: Dataset) -> None:
    drawer = _drawer(bars, _recipe("segmenter-resnet34", CROPS))
    assert [drawer.draw(epoch, 0).frames.shape for epoch in range(3)] == [(5, 32, 48), (5, 32, 64), (5, 32, 48)]


def test_a_batch_depends_on_its_place_alone(bars: Dataset) -> None:
    recipe = _recipe("segmenter-resnet34", CROPS)
    first, second = _drawer(bars, recipe), _drawer(bars, recipe)
    first.draw(0, 0)
    a, b, other = first.draw(3, 2), second.draw(3, 2), second.draw(3, 3)
    np.testing.assert_array_equal(a.frames, b.frames)
    np.testing.assert_array_equal(a.masks, b.masks)
    assert (a.frames != other.frames).any()


def test_a_gate_sees_whole_frames_half_of_them_clean(bars: Dataset) -> None:
    drawer = _drawer(bars, _recipe("gate-resnet50"))
    batches = [drawer.draw(0, step) for step in range(20)]
    assert all(batch.frames.shape == (4, HEIGHT, WIDTH) for batch in batches)
    assert all((batch.groups == 0).sum() == 2 for batch in batches)


def test_strips_and_pasted_defects_are_labelled_as_they_look(bars: Dataset) -> None:
    drawer = _drawer(bars, _recipe("gate-resnet50", "augmentation={join: 0.5, paste: 0.5}", "batches.size=8"))
    batches = [drawer.draw(0, step) for step in range(20)]
    for batch in batches:
        np.testing.assert_array_equal(batch.defective, batch.masks.any(axis=(1, 2)))
    assert any(batch.defective[batch.groups == 0].any() for batch in batches)


def test_half_resolution_halves_frames_and_masks(bars: Dataset) -> None:
    batch = _drawer(bars, _recipe("gate-resnet50", "scale=2")).draw(0, 0)
    assert batch.frames.shape == batch.masks.shape == (4, HEIGHT // 2, WIDTH // 2)


def test_a_class_without_a_frame_is_refused_by_name(tmp_path: Path) -> None:
    data = open_dataset(write_frames(tmp_path / "data", kinds=(None, 0, 1, 2)))
    assert data.classes == CLASSES
    with pytest.raises(RecipeError, match="no frame to train on shows class 'corrosion'"):
        _drawer(data, _recipe("segmenter-resnet34", CROPS))
    _drawer(data, _recipe("segmenter-resnet34", CROPS, "batches.class_shares=[0.3, 0.3, 0.2, 0.0]")).draw(0, 0)


def test_without_clean_frames_a_segmenter_takes_clean_places_and_a_gate_refuses(tmp_path: Path) -> None:
    data = open_dataset(write_frames(tmp_path / "data", kinds=(0, 1, 2, 3)))
    batch = _drawer(data, _recipe("segmenter-resnet34", CROPS, PLAIN)).draw(0, 0)
    assert sorted(batch.groups) == [0, 1, 2, 3, 4]
    assert not batch.masks[batch.groups == 0].any()
    with pytest.raises(RecipeError, match="no frame to train on shows no defect"):
        _drawer(data, _recipe("gate-resnet34"))


def test_frames_that_are_all_dark_end_in_one_line(bars: Dataset) -> None:
    drawer = _drawer(bars, _recipe("segmenter-resnet34", CROPS, "batches.dark_level=255"))
    with pytest.raises(NoCropError, match="not dark"):
        drawer.draw(0, 0)


def test_extra_frames_get_their_share(bars: Dataset, tmp_path: Path) -> None:
    recipe = _recipe("gate-resnet34", "batches.extra_share=0.5", PLAIN)
    with pytest.raises(NoExtraDataError):
        _drawer(bars, recipe)
    others = open_dataset(write_frames(tmp_path / "data", each=1))
    frames = Frames(bars.frames, 4, 1)
    extra = Frames(others.frames, 4, 1)
    drawer = Drawer(recipe, frames, bars.classes, extra)
    drawer.draw(0, 0)
    kept = [len(source._kept) for source in (frames, extra)]
    assert kept == [2, 2]


def test_the_data_stand_in_for_a_class_the_extra_frames_lack(bars: Dataset, tmp_path: Path) -> None:
    others = open_dataset(write_frames(tmp_path / "data", kinds=(None, 2)))
    recipe = _recipe("segmenter-resnet34", CROPS, "batches.extra_share=1", PLAIN)
    drawer = Drawer(recipe, Frames(bars.frames, 4, 1), bars.classes, Frames(others.frames, 4, 1))
    batch = drawer.draw(0, 0)
    for mask, group in zip(batch.masks, batch.groups, strict=True):
        assert (mask & (1 << (group - 1))).any() if group else not mask.any()


@pytest.mark.parametrize(("kinds", "donors"), [((2,), {0, 4}), ((None,), {0, 1, 2, 4, 8})])
def test_pasted_defects_come_from_the_extra_frames_where_these_have_any(
    bars: Dataset, tmp_path: Path, kinds: tuple[int | None, ...], donors: set[int]
) -> None:
    others = open_dataset(write_frames(tmp_path / "data", kinds=(None, 2)))
    extra = Frames([one for one in others.frames if bool(one.classes) == (kinds[0] is not None)], 4, 1)
    changes = ("batches.extra_share=1", "batches.clean_share=1", "batches.size=24", "augmentation={paste: 1, flip: 0}")
    drawer = Drawer(_recipe("gate-resnet34", *changes), Frames(bars.frames, 4, 1), bars.classes, extra)
    found = {int(value) for step in range(4) for value in np.unique(drawer.draw(0, step).masks)}
    assert found == donors
