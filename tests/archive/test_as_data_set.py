"""The archive, and what is exported from it, are read as data sets as they are, and their labels are said to be predictions."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from engines.data import archive_list
from engines.data.check import check_dataset
from engines.data.dataset import open_dataset
from engines.data.split import make_split
from engines.errors import DataError
from inspector.archive import index_schema, places
from inspector.archive.export.write import Form, export
from inspector.archive.reader import Archive, Filter
from inspector.archive.store import Store
from inspector.frames.outcome import Reason, Verdict
from tests.archive.making import CLASSES, add, make_clean, make_facts, mask, pixels, png


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four runs of rejected and clean frames, one that was not segmented, and one whose picture is lost."""
    root = tmp_path / "archive"
    with Store(root) as store:
        for frame in range(12):
            add(store, (make_facts if frame % 3 else make_clean)(frame, run=f"coil-{frame // 3}"))
        for frame in (12, 13):
            store.add(
                make_facts(frame, run=f"coil-{frame % 2}", pixels={"scale": 200}),
                png(pixels(frame)),
                png(2 * mask()),
                None,
            )
        unseen = make_facts(
            20, verdict=Verdict.UNINSPECTED, reason=Reason.DEADLINE, pixels={}, defect_pixels={}, defects=(), classes=()
        )
        add(store, unseen)
        lost = add(store, make_facts(21))
        with Archive(root) as archive:
            entry = archive.get(lost)
        assert entry is not None
        (root / entry.image.path).unlink()
        store.mend()
    return root


def test_both_sides_know_the_same_index() -> None:
    assert (archive_list.FILE, archive_list.NEWEST) == (places.INDEX, index_schema.SCHEMA_VERSION)


def test_the_archive_is_a_data_set(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        dataset = open_dataset(root)
    assert dataset.predicted
    assert "PREDICTIONS" in caplog.text
    assert dataset.classes == CLASSES
    assert len(dataset.frames) == 14
    assert {frame.group for frame in dataset.frames} == {f"coil-{k}" for k in range(4)}
    clean = [frame for frame in dataset.frames if not frame.defective]
    assert len(clean) == 4
    assert not any(frame.mask().any() for frame in clean), "a sampled clean sheet has an empty mask"
    defective = dataset.frames[1]
    assert np.array_equal(defective.mask(), mask())
    assert np.array_equal(defective.frame(), pixels(1))
    split = make_split(dataset, {"training": 0.5, "validation": 0.5}, 1)
    assert sum(map(len, split.parts.values())) == 14


def test_the_check_reads_it_and_says_whose_labels_they_are(root: Path) -> None:
    next((root / "images").rglob("*.png")).with_name("added-meanwhile.png").write_bytes(b"")
    checked = check_dataset(root).checked
    assert any("PREDICTIONS" in finding.what for finding in checked.findings)
    assert checked.left_out == {"not labelled": 2}
    assert (checked.frames, checked.clean, checked.groups) == (14, 4, 4)
    assert not any("not in the list" in finding.what for finding in checked.findings)


def test_what_is_exported_for_kaggle_is_read_alike(root: Path, tmp_path: Path) -> None:
    with Archive(root) as archive:
        exported = export(archive, Filter(), Form.SEVERSTAL, tmp_path / "kaggle")
    assert exported.left_out == {"not segmented": 1, "lost": 1}
    one, other = open_dataset(root, find_groups=False), open_dataset(tmp_path / "kaggle", find_groups=False)
    assert other.predicted
    assert other.classes == one.classes
    assert [frame.name for frame in other.frames] == sorted(frame.name for frame in one.frames)
    for frame in one.frames:
        twin = next(found for found in other.frames if found.name == frame.name)
        assert np.array_equal(twin.mask(), frame.mask())
        assert np.array_equal(twin.frame(), frame.frame())


def test_other_classes_are_told_with_both_lists(root: Path) -> None:
    with Store(root) as store:
        id_ = add(store, make_facts(40, bits=("scale", "crack")))
    with pytest.raises(DataError, match=f"classes of entry 1 are crack, scale, those of entry {id_} are scale, crack"):
        open_dataset(root)


def test_an_archive_of_a_newer_program_is_refused(root: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(root / places.INDEX)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DataError, match="has schema version 99, this program knows version 2"):
        open_dataset(root)


def test_a_description_of_an_archive_leaves_its_labels_predicted_unless_it_says_otherwise(root: Path) -> None:
    described = "kind: masks\nmask_style: bitmask\nframes: archive.sqlite\nexclude: ['*-13-*']\n"
    (root / "dataset.yaml").write_text(described, encoding="utf-8")
    dataset = open_dataset(root, find_groups=False)
    assert (dataset.predicted, len(dataset.frames)) == (True, 13)
    (root / "dataset.yaml").write_text(described + "labels: given\n", encoding="utf-8")
    assert not open_dataset(root, find_groups=False).predicted
