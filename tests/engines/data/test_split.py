"""Splits: by group, each class in its share, the same for the same seed, refused where they do not fit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.data.dataset import Dataset, LabelledFrame
from engines.data.split import TRAINING, fold_fractions, make_split, read_split, write_split
from engines.errors import DataError

THREE_WAYS = {TRAINING: 0.6, "calibration": 0.2, "validation": 0.2}


def one(name: str, classes: tuple[int, ...] = (), group: str = "", **facts: bool) -> LabelledFrame:
    defective = facts.pop("defective", bool(classes))
    located = facts.pop("located", True)
    return LabelledFrame(name, Path(name), group or name, classes, defective, located, **facts)


def of(frames: list[LabelledFrame], classes: int = 3) -> Dataset:
    return Dataset("set", tuple("xyz"[:classes]), 8, 8, tuple(frames), "id")


def strip() -> Dataset:
    """60 clean, 30, 20 and 5 of the classes, two thirds of them in groups of two."""
    labels = [()] * 60 + [(0,)] * 30 + [(1,)] * 20 + [(2,)] * 5
    return of([one(f"{i:03}.png", label, f"g{i // 2}" if i % 3 else "") for i, label in enumerate(labels)])


def test_each_part_gets_its_share_of_each_class() -> None:
    dataset = strip()
    split = make_split(dataset, THREE_WAYS, 1)
    for part, share in THREE_WAYS.items():
        counts = Counter(frame.classes for frame in split.frames(dataset, part))
        for label, total in (((), 60), ((0,), 30), ((1,), 20), ((2,), 5)):
            assert abs(counts[label] - share * total) <= 2, (part, label)
        assert counts[(2,)] >= 1


def test_groups_stay_together_and_every_frame_has_one_part() -> None:
    dataset = strip()
    split = make_split(dataset, fold_fractions(5), 1)
    part_of = {name: part for part, names in split.parts.items() for name in names}
    assert sorted(part_of) == sorted(frame.name for frame in dataset.frames)
    assert sum(map(len, split.parts.values())) == len(dataset.frames)
    by_group = {(frame.group, part_of[frame.name]) for frame in dataset.frames}
    assert len(by_group) == len({frame.group for frame in dataset.frames})


def test_the_seed_decides_not_the_order() -> None:
    dataset = strip()
    turned = of(list(dataset.frames[::-1]))
    first = make_split(dataset, THREE_WAYS, 1)
    assert first == make_split(turned, THREE_WAYS, 1)
    assert first.id != make_split(dataset, THREE_WAYS, 2).id


def test_what_cannot_be_measured_on_is_for_training_with_its_group() -> None:
    frames = [one(f"{i}.png", (i % 3,) if i % 2 else ()) for i in range(40)]
    frames += [one("lost.png", (1,), "pair", located=False), one("beside.png", (1,), "pair")]
    frames += [one("altered.png", (2,), training_only=True)]
    for fractions in (THREE_WAYS, fold_fractions(4), {"calibration": 0.5, "validation": 0.5}):
        split = make_split(of(frames), fractions, 3)
        assert {"lost.png", "beside.png", "altered.png"} <= set(split.parts[TRAINING])


def test_impossible_splits_are_refused() -> None:
    for fractions in ({}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": 0.0, "b": 1.0}):
        with pytest.raises(
            DataError, match=r"fractions of the parts: found .*; expected shares above 0 that add up to 1"
        ):
            make_split(strip(), fractions, 1)
    with pytest.raises(DataError, match="set: no frame of class z; add frames"):
        make_split(of([frame for frame in strip().frames if frame.classes != (2,)]), THREE_WAYS, 1)
    with pytest.raises(DataError, match="part 'fold-2' would be empty: 2 groups"):
        make_split(of([one("a", (0,)), one("b", (0,))], 1), fold_fractions(3), 1)
    with pytest.raises(DataError, match="folds: found 1"):
        fold_fractions(1)


def test_a_split_is_written_and_read_back(tmp_path: Path) -> None:
    dataset, path = strip(), tmp_path / "split.csv"
    split = make_split(dataset, THREE_WAYS, 1)
    write_split(split, dataset, path)
    assert path.read_text().splitlines()[0] == "name,group,part,classes"
    assert read_split(path, dataset) == split


def _changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_a_split_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    frames = [one(f"{stem}.png", (0,) if stem in "bd" else (), "pair" if stem in "ab" else "") for stem in "abcdef"]
    dataset, path = of(frames, 1), tmp_path / "split.csv"
    write_split(make_split(dataset, {"left": 0.5, "right": 0.5}, 1), dataset, path)
    text = path.read_text()
    part = next(line.split(",")[2] for line in text.splitlines() if line.startswith("b.png"))
    other = "right" if part == "left" else "left"
    bad = {
        text + "z.png,z.png,left,\n": r"row 8: z\.png is not in the data set set; make a new split",
        text + "a.png,pair,left,\n": r"row 8: a\.png is already in row \d",
        text.replace("f.png,f.png", "f.png,f.png").replace(",right,", ",,"): r"row \d: no part of",
        _changed(
            text, f"b.png,pair,{part},x", f"b.png,pair,{part},"
        ): r"b\.png is clean in the split, but x in the data",
        _changed(text, f"b.png,pair,{part}", f"b.png,pair,{other}"): r"same group pair is in",
        "\n".join(
            line for line in text.splitlines() if not line.startswith("c.png")
        ): r"names 5 frames, but not c\.png",
        "name,part\na.png,left\n": "columns name, part; expected name,group,part,classes",
    }
    for content, why in bad.items():
        path.write_text(content)
        with pytest.raises(DataError, match=why) as told:
            read_split(path, dataset)
        assert str(told.value).startswith(str(path))
    path.write_text(text)
    altered = of([one("c.png", training_only=True) if frame.name == "c.png" else frame for frame in frames], 1)
    with pytest.raises(DataError, match=r"c\.png is for training only"):
        read_split(path, altered)


def test_a_part_that_is_not_there_is_told() -> None:
    dataset = strip()
    with pytest.raises(DataError, match="no part 'test'; it has training, calibration, validation"):
        make_split(dataset, THREE_WAYS, 1).frames(dataset, "test")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 7), st.sets(st.integers(0, 2))), min_size=12, max_size=60), st.integers(2, 4))
def test_any_data_is_dealt_out_whole(rows: list[tuple[int, set[int]]], folds: int) -> None:
    frames = [one(f"{i}.png", tuple(sorted(label)), f"g{group}") for i, (group, label) in enumerate(rows)]
    frames += [one(f"base{k}.png", (k % 3,)) for k in range(12)]
    dataset = of(frames)
    split = make_split(dataset, fold_fractions(folds), 1)
    names = [name for part in split.parts.values() for name in part]
    assert sorted(names) == sorted(frame.name for frame in frames)
    part_of = {name: part for part, members in split.parts.items() for name in members}
    assert all(len({part_of[f.name] for f in frames if f.group == group}) == 1 for group in {f.group for f in frames})
