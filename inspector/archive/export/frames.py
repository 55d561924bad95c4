"""The frames of an export: pictures with the masks that were found in them, in one list of classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.errors import FileError
from inspector.archive.entry import Box, Entry
from inspector.archive.reader import Archive, Filter
from inspector.archive.review import Missed, Truth
from inspector.errors import UserError
from inspector.protocol.limits import MOST_CLASSES

_PAGE = 200
PREDICTED = (
    "The labels of these frames are PREDICTIONS: what the segmenter of the bundle found. Nobody has checked them. A network that is trained on "
    "them learns the mistakes of the old one, and figures measured against them say how far two networks agree, not how good either is. "
    "Correct the labels first."
)
REVIEWED = (
    "The labels of these frames were REVIEWED: a person has judged what the segmenter of the bundle found, defect by defect. Outlines are those "
    "of the segmenter; what it missed has a box, and no outline."
)
NOT_OUTLINED = "with a defect that has no outline"
"""Why a frame is left out of a form that cannot say so: the rest of it would be taken for clean."""


@dataclass(frozen=True, slots=True, eq=False)
class ExportedFrame:
    """A frame to export."""

    entry: Entry
    name: str
    """Of its file, made of safe characters, and unique in an archive."""
    image: bytes
    """A PNG or a JPEG."""
    mask: NDArray[np.uint8]
    """uint8 [H, W], bit k: class k of the export."""
    truth: Truth | None = None
    """As a person reviewed it; None: it is a prediction."""
    boxes: tuple[tuple[int, Box], ...] = ()
    """Class and box, in pixels of the picture, of each defect that was missed."""

    @property
    def located(self) -> bool:
        """Whether the mask shows every defect."""
        return self.truth is None or self.truth.located

    def regions(self, classes: int) -> Iterator[tuple[int, NDArray[np.bool_], tuple[int, int, int, int]]]:
        """The connected regions (8 neighbours) of each class: class, bool [H, W], and box x, y, width, height."""
        for k in range(classes):
            of_class = (self.mask >> k & 1).astype(np.uint8)
            count, labels, figures, _ = cv2.connectedComponentsWithStats(of_class, connectivity=8)
            for n in range(1, count):
                x, y, width, height, _ = (int(one) for one in figures[n])
                yield k, labels == n, (x, y, width, height)


@dataclass(slots=True)
class Selection:
    """The entries of an archive that meet the conditions, and those of them that cannot be exported."""

    archive: Archive
    wanted: Filter
    left_out: Counter[str] = field(default_factory=Counter)
    """Entries by why they are left out."""

    def classes(self) -> tuple[str, ...]:
        """The classes of all bundles that inspected them, in the order of their bits. Raises UserError where there are more than a mask has
        bits, or no entries."""
        found: dict[str, None] = {}
        count = 0
        for entry in self._entries():
            count += 1
            found.update(dict.fromkeys(entry.bits))
        if not count:
            raise UserError(f"archive {self.archive.path}: holds no entry that meets the conditions")
        if len(found) > MOST_CLASSES:
            raise UserError(
                f"archive {self.archive.path}: the bundles of these entries have {len(found)} classes in all; expected at most {MOST_CLASSES}; "
                "export the runs of one bundle at a time"
            )
        return tuple(found)

    def frames(self, classes: tuple[str, ...]) -> Iterator[ExportedFrame]:
        """The frames, the oldest entry first."""
        for entry in self._entries():
            if entry.lost:
                self.left_out["lost"] += 1
                continue
            try:
                found = self._frame(entry, classes)
            except FileError:
                self.left_out["damaged, or deleted meanwhile"] += 1
                continue
            if found is None:
                self.left_out["not segmented"] += 1
            else:
                yield found

    def _entries(self) -> Iterator[Entry]:
        cursor = None
        while page := self.archive.list(self.wanted, cursor=cursor, limit=_PAGE, oldest_first=True):
            yield from page
            cursor = page[-1].id

    def _frame(self, entry: Entry, classes: tuple[str, ...]) -> ExportedFrame | None:
        """None: nothing is known of it."""
        review = self.archive.review_of(entry.id)
        stored = self.archive.mask(entry) if review is None else self.archive.reviewed_mask(entry)
        if stored is None:
            return None
        truth = None if review is None else review.truth
        boxes = () if review is None else tuple(_placed(one, entry, classes) for one in review.missed)
        mask = np.zeros_like(stored)
        for bit, name in enumerate(entry.bits):
            mask |= (stored >> bit & 1) << classes.index(name)
        name = entry.image.path.rpartition("/")[2]
        if entry.format != "webp":
            return ExportedFrame(entry, name, self.archive.data(entry.image), mask, truth, boxes)
        image = bytes(cv2.imencode(".png", self.archive.pixels(entry))[1])
        return ExportedFrame(entry, name.removesuffix(".webp") + ".png", image, mask, truth, boxes)


def _placed(missed: Missed, entry: Entry, classes: tuple[str, ...]) -> tuple[int, Box]:
    """Class and box, as far as it is on the picture."""
    left, top = (0, 0) if entry.box_px is None else entry.box_px[:2]
    height, width = entry.picture_px
    x, y, box_width, box_height = missed.box_px
    first_x, first_y = max(0, x - left), max(0, y - top)
    end_x, end_y = min(width, x - left + box_width), min(height, y - top + box_height)
    return classes.index(missed.class_name), (first_x, first_y, end_x - first_x, end_y - first_y)
