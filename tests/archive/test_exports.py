"""Exports hold the same pixels and masks as the archive, and say that their labels are predictions."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.errors import FileError
from inspector.archive.entry import Evidence
from inspector.archive.export.coco import run_lengths
from inspector.archive.export.write import Form, export
from inspector.archive.export.yolo import outline
from inspector.archive.reader import Archive, Filter
from inspector.archive.store import Store
from inspector.errors import UserError
from tests.archive.making import add, make_clean, make_facts, mask, pixels, png

RING = np.zeros((64, 96), np.uint8)
RING[5:25, 40:70] = 1
RING[10:20, 50:60] = 0
"""A crack with a hole."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A frame with two classes in the other order of bits, one kept as WebP, one crop, a clean one."""
    with Store(tmp_path / "archive") as store:
        add(store, make_facts(1))
        both = png((RING * np.uint8(2)) | mask())
        store.add(make_facts(2, bits=("scale", "crack"), classes=("crack", "scale")), png(pixels(2)), both, None)
        webp = bytes(cv2.imencode(".webp", pixels(3), [cv2.IMWRITE_WEBP_QUALITY, 101])[1])
        store.add(make_facts(3, format="webp"), webp, png(mask()), None)
        crop = make_facts(4, box_px=(10, 20, 32, 16), height_px=256, width_px=1600)
        store.add(crop, png(pixels(4)[:16, :32]), png(mask()[20:36, 10:42]), None)
        add(store, make_clean(5))
    return tmp_path / "archive"


def drawn_from_runs(counts: list[int], size: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A reader of its own of COCO's uncompressed run lengths."""
    flat = np.repeat(np.arange(len(counts), dtype=np.uint8) % 2, counts)
    return flat.reshape(size[1], size[0]).T


def test_coco_keeps_every_pixel(root: Path, tmp_path: Path) -> None:
    with Archive(root) as archive:
        exported = export(archive, Filter(), Form.COCO, tmp_path / "coco")
        entries = {one.id: one for one in archive.list()}
        told = json.loads((tmp_path / "coco" / "annotations.json").read_text(encoding="utf-8"))
        assert (exported.frames, exported.labels, exported.classes) == (5, 5, ("crack", "scale"))
        assert told["info"]["predicted"]
        assert all(one["predicted"] for one in told["annotations"])
        names = {one["id"]: one["name"] for one in told["categories"]}
        for image in told["images"]:
            entry = entries[image["id"]]
            stored = cv2.imread(str(tmp_path / "coco" / image["file_name"]), cv2.IMREAD_GRAYSCALE)
            assert stored is not None
            assert np.array_equal(stored, archive.pixels(entry))
            found = np.zeros((image["height"], image["width"]), np.uint8)
            for one in (one for one in told["annotations"] if one["image_id"] == image["id"]):
                region = drawn_from_runs(one["segmentation"]["counts"], one["segmentation"]["size"])
                x, y, width, height = one["bbox"]
                assert one["area"] == region.sum()
                assert region[y : y + height, x : x + width].sum() == region.sum()
                found |= region << entry.bits.index(names[one["category_id"]])
            expected = archive.mask(entry)
            assert expected is not None
            assert np.array_equal(found, expected)


def test_runs_begin_outside() -> None:
    assert run_lengths(np.array([[True, False], [True, True]])) == [0, 2, 1, 1]
    assert run_lengths(np.array([[False, False], [True, False]])) == [1, 1, 2]


def test_yolo_outlines_cover_the_regions(root: Path, tmp_path: Path) -> None:
    with Archive(root) as archive:
        exported = export(archive, Filter(run="coil-7"), Form.YOLO, tmp_path / "yolo")
        assert exported.labels == 5
        (entry,) = [one for one in archive.list() if one.frame == 2]
    name = entry.image.path.rpartition("/")[2]
    lines = (tmp_path / "yolo" / "labels" / name).with_suffix(".txt").read_text(encoding="ascii").splitlines()
    drawn = np.zeros((2, 64, 96), np.uint8)
    for line in lines:
        k, *numbers = line.split()
        points = np.array(numbers, float).reshape(-1, 2) * (96, 64) - 0.5
        cv2.fillPoly(drawn[int(k)], [np.rint(points).astype(np.int32)], 1)
    filled = RING.copy()
    filled[10:20, 50:60] = 1
    assert np.array_equal(drawn[0], filled), "class 0 is crack; its hole is filled"
    assert np.array_equal(drawn[1], mask())
    assert (
        (tmp_path / "yolo" / "data.yaml")
        .read_text(encoding="utf-8")
        .startswith("# The labels of these frames are PREDICT")
    )
    clean = [path for path in (tmp_path / "yolo" / "labels").iterdir() if not path.read_text(encoding="ascii")]
    assert len(clean) == 1


def test_a_region_of_one_pixel_has_an_outline() -> None:
    region = np.zeros((10, 20), bool)
    region[3, 7] = True
    assert outline(region, (7, 3, 1, 1)).tolist() == [[0.35, 0.3], [0.4, 0.3], [0.4, 0.4], [0.35, 0.4]]


@pytest.mark.parametrize("form", Form)
def test_a_folder_in_use_is_left_alone(form: Form, root: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("keep me")
    with Archive(root) as archive:
        with pytest.raises(FileError, match="cannot be written"):
            export(archive, Filter(), form, mine)
        with pytest.raises(FileError, match="lies in the archive that is read"):
            export(archive, Filter(), form, root / "images" / "export")
        with pytest.raises(UserError, match="holds no entry that meets the conditions"):
            export(archive, Filter(evidence=Evidence.SCRAP), form, tmp_path / "none")
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]
    assert not (tmp_path / "none").exists()
