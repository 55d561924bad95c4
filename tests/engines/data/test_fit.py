"""The one check that a data set fits a network: its form, and whether the network may know the frames. Errors carry data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engines.data.dataset import Dataset
from engines.data.fit import Provenance, overlap_reason, provenance, require_form, require_held_out
from engines.data.part import Part, choose_part, joined
from engines.data.split import Split
from engines.errors import DataError, FrameFormError, HeldOutError
from tests.evaluate.tiny_data import open_data

NETWORK = Provenance("the gate of b-1", "", "s1", ("fold-1", "training"))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_data(tmp_path_factory.mktemp("fit"))


def part_of(dataset: Dataset, name: str | None, split: str | None = "s1") -> Part:
    parts = {"fold-0": ("f00.png", "f01.png"), "fold-1": ("f02.png", "f03.png"), "training": ("f04.png", "f05.png")}
    return choose_part(dataset, None if split is None else Split(parts, split), name)


def test_frames_of_another_size_or_other_classes_are_refused_with_data(dataset: Dataset) -> None:
    require_form(dataset, dataset, "itself")
    with pytest.raises(FrameFormError, match=r"^tiny: frames are 32x48; those of the bundle b-1 are 32x64$") as size:
        require_form(dataset, replace(dataset, width=64), "the bundle b-1")
    assert (size.value.what, size.value.found, size.value.expected) == ("size", "32x48", "32x64")
    with pytest.raises(FrameFormError, match=r"classes are dark, bright; those of w\.pt are bright, dark") as classes:
        require_form(dataset, replace(dataset, classes=("bright", "dark")), "w.pt")
    assert (classes.value.what, classes.value.owner) == ("classes", "w.pt")


def test_frames_that_a_network_may_know_are_refused_with_the_reason(dataset: Dataset) -> None:
    network = replace(NETWORK, data_id=dataset.id)
    require_held_out(part_of(dataset, "fold-0"), [network])
    require_held_out(part_of(dataset, "fold-1"), [NETWORK])  # trained on other data
    for name, split, reason in (
        (None, None, "no_split"),
        ("fold-0", "s2", "other_split"),
        ("fold-1", "s1", "trained_on"),
    ):
        with pytest.raises(HeldOutError) as told:
            require_held_out(part_of(dataset, name, split), [NETWORK, network])
        assert told.value.reason == reason
        assert "--" not in str(told.value)
    assert told.value.others == ("fold-0",)


def test_the_training_part_is_known_to_every_network_of_the_split(dataset: Dataset) -> None:
    silent = Provenance("the gate of b-1", dataset.id, "s1", ())
    assert overlap_reason(silent, dataset.id, "s1", ("training",)) == "trained_on"
    assert overlap_reason(silent, dataset.id, "s1", ("fold-0",)) is None
    with pytest.raises(DataError, match="'training': the networks are trained on these frames"):
        part_of(dataset, "training")


def test_parts_are_joined_in_order(dataset: Dataset) -> None:
    both = joined([part_of(dataset, name) for name in ("fold-0", "fold-1")])
    assert both.name == "fold-0 to fold-1"
    assert [frame.name for frame in both.frames] == ["f00.png", "f01.png", "f02.png", "f03.png"]
    assert both.metadata == {"data": {"name": "tiny", "id": dataset.id}, "split": "s1", "part": "fold-0 to fold-1"}


def test_provenance_is_read_from_a_manifest_as_far_as_it_says() -> None:
    told = {"networks": {"gate": {"data_id": "d", "split_id": "s", "trained_on": ["a"]}, "segmenter": {"recipe": "r"}}}
    assert provenance(told, "b-1") == (Provenance("the gate of b-1", "d", "s", ("a",)),)
    assert provenance({}, "b-1") == ()


def test_the_included_bundle_knows_the_data_it_was_trained_on() -> None:
    from engines.bundle import find_bundle, read_bundle

    demo = read_bundle(find_bundle("demo", Path("/")))
    assert {one.network.split(" of ")[0] for one in provenance(demo.manifest.training, demo.id)} == {
        "the gate",
        "the segmenter",
    }
