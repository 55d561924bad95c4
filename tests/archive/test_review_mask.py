"""The defects that a line measures are found again as regions of the mask that it archived, whatever the mask looks like."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspector.archive.describing import _around
from inspector.archive.entry import Entry
from inspector.archive.files import kept
from inspector.archive.places import image_path, mask_path, stem_of
from inspector.archive.review import Judgement, Proposal
from inspector.archive.review_mask import classes_of, is_located, reviewed_mask
from inspector.errors import UserError
from inspector.frames.size import FrameSize
from inspector.verdicts.defects import measure
from inspector.verdicts.measured import Settings
from tests.archive.making import CLASSES, make_facts

LEAST_PX = 3
Mask = NDArray[np.uint8]


def entry_of(drawn: Mask, *, crop: bool, most: int = 1000) -> tuple[Entry, Mask]:
    """The entry of a frame with this mask, and its own mask."""
    settings = Settings(class_names=CLASSES, minimum_area_px=(LEAST_PX,) * 2, max_defects=most, scale=None)
    found = measure(drawn, (0.9, 0.8), settings)
    height, width = drawn.shape
    box = _around(found.defects, 1, FrameSize(height, width)) if crop else None
    facts = make_facts(
        1, defects=found.defects, defect_pixels=dict(zip(CLASSES, found.defect_pixels(CLASSES), strict=True)),
        height_px=height, width_px=width, box_px=box,
    )  # fmt: skip
    stem = stem_of(facts.run, facts.camera, facts.frame, facts.epoch, facts.captured_unix_ns)
    entry = Entry(
        **{name: getattr(facts, name) for name in facts.__struct_fields__}, id=1, added_unix_ns=0, bytes=0, thumbnail=None,
        image=kept(image_path(stem, "png"), b""), mask=kept(mask_path(stem), b""),
    )  # fmt: skip
    x, y, w, h = box or (0, 0, width, height)
    return entry, np.ascontiguousarray(drawn[y : y + h, x : x + w])


def large_regions(mask: Mask) -> list[tuple[int, NDArray[np.bool_]]]:
    """Class and pixels of each region that is large enough, by OpenCV's labelling of the whole plane."""
    regions = []
    for k in range(len(CLASSES)):
        count, labels = cv2.connectedComponents(mask >> k & 1, connectivity=8)
        planes = [np.asarray(labels == n, np.bool_) for n in range(1, count)]
        regions += [(k, plane) for plane in planes if plane.sum() >= LEAST_PX]
    return regions


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    """Small and full, so that equal regions, regions within regions and touching corners are common."""
    height, width = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    seed, share = draw(st.integers(0, 2**32 - 1)), draw(st.floats(0.05, 0.6))
    return np.asarray(
        np.random.default_rng(seed).choice(4, (height, width), p=(1 - share, share / 2, share / 4, share / 4)), np.uint8
    )


@given(drawn=masks(), crop=st.booleans())
def test_right_is_the_union_of_all_regions_that_are_large_enough(drawn: Mask, crop: bool) -> None:
    entry, stored = entry_of(drawn, crop=crop)
    asked = Proposal(base=0, says="right")
    made = reviewed_mask(entry, stored, asked)
    expected = np.zeros_like(drawn)
    for k, plane in large_regions(drawn):
        expected[plane] |= np.uint8(1 << k)
    x, y, w, h = entry.box_px or (0, 0, entry.width_px, entry.height_px)
    assert np.array_equal(made, expected[y : y + h, x : x + w])
    assert is_located(entry, asked)
    bits = int(np.bitwise_or.reduce(made, axis=None))
    assert classes_of(entry, asked) == tuple(name for k, name in enumerate(CLASSES) if bits >> k & 1)


@given(drawn=masks(), crop=st.booleans(), seed=st.integers(0, 1000))
def test_each_judgement_changes_its_own_region_only(drawn: Mask, crop: bool, seed: int) -> None:
    entry, stored = entry_of(drawn, crop=crop)
    draw = np.random.default_rng(seed)
    false = [index for index in range(len(entry.defects)) if draw.random() < 0.4]
    whole = reviewed_mask(entry, stored, Proposal(base=0, says="right"))
    rest = Proposal(
        base=0, says="corrected", judgements=tuple(Judgement(defect=one, says="false_alarm") for one in false)
    )
    made = reviewed_mask(entry, stored, rest)
    gone = sum(entry.defects[index].area_px for index in false)
    assert np.all(made & ~whole == 0)
    count = [sum(int((mask >> k & 1).sum()) for k in range(2)) for mask in (whole, made)]
    assert count[0] - count[1] == gone


@pytest.mark.parametrize("says", ["right", "corrected"])
def test_defects_beyond_those_that_are_listed_make_it_not_located(says: str) -> None:
    drawn = np.zeros((20, 20), np.uint8)
    drawn[1:4, 1:4], drawn[8:12, 8:12], drawn[15:18, 1:4] = 1, 1, 2
    entry, stored = entry_of(drawn, crop=False, most=1)
    judgements = (Judgement(defect=0, says="false_alarm"),) if says == "corrected" else ()
    asked = Proposal(base=0, says="right" if says == "right" else "corrected", judgements=judgements)
    assert not is_located(entry, asked)
    assert classes_of(entry, asked) == CLASSES
    assert reviewed_mask(entry, stored, asked).any() == (says == "right")


def test_a_mask_with_a_class_that_the_bundle_lacks_is_refused() -> None:
    entry, stored = entry_of(np.full((8, 8), 1, np.uint8), crop=False)
    stored[0, 0] = 128
    with pytest.raises(UserError, match="its defects cannot be told apart"):
        reviewed_mask(entry, stored, Proposal(base=0, says="right"))
