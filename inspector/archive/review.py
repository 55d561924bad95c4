"""What a person says of an archived frame: each defect right, a false alarm or of another class, and what was missed.

A review is never changed: a further one of the same entry has the next revision, and so has taking it back (``undone``).
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from inspector.archive.entry import Box, Entry, KeptFile
from inspector.errors import UserError
from inspector.protocol import limits
from inspector.protocol.values import ClassName, Count, UnixNs

Says = Literal["right", "false_alarm", "corrected", "undone"]
Judged = Literal["right", "false_alarm", "other_class"]
LONGEST_AUTHOR = 64
LONGEST_NOTE = 1000
MOST_MISSED = 100
MOST_REVISIONS = 500
"""Reviews of one entry."""
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of controls, half characters and line ends."""
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that make a terminal or a page show text in another order than it is stored."""


class ConflictError(UserError):
    """Somebody else has reviewed the entry since the person looked at it."""

    def __init__(self, entry: int, base: int, there: Review | None) -> None:
        """``there``: the review that is there now, also one that says ``undone``; None where there is none."""
        self.there = there
        now = "not reviewed" if there is None else f"at revision {there.revision}, by {there.author}"
        super().__init__(
            f"entry {entry}: is {now}; this review is based on revision {base}; look at what is there, and review it again"
        )


class GoneError(UserError):
    """The entry was deleted, or never there."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of one defect."""

    defect: Annotated[int, Meta(ge=0, lt=limits.MOST_DEFECTS)]
    """Index into the entry's ``defects``."""
    says: Judged
    class_name: ClassName | None = None
    """The class that it has; only with ``other_class``."""


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A defect that was not found: a box around it, not its outline."""

    class_name: ClassName
    box_px: Box
    """x, y, width, height in pixels of the frame."""


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """The label that a review gives to a frame."""

    classes: Annotated[tuple[ClassName, ...], Meta(max_length=limits.MOST_CLASSES)]
    """Classes that it has, in the order of the entry's bits; none: it is clean."""
    located: bool
    """Whether the mask shows every defect. False where one was missed, or where the line listed only the largest ones."""
    mask: KeptFile
    """PNG of the same size and bits as the entry's mask: regions judged right, in their class."""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One review of one entry."""

    entry: Annotated[int, Meta(ge=1, le=2**62)]
    revision: Annotated[int, Meta(ge=1, le=MOST_REVISIONS)]
    """1 is the first review of the entry."""
    says: Says
    judgements: Annotated[tuple[Judgement, ...], Meta(max_length=limits.MOST_DEFECTS)]
    """With ``corrected``: of single defects; one that is not named is right."""
    missed: Annotated[tuple[Missed, ...], Meta(max_length=MOST_MISSED)]
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)]
    author: Annotated[str, Meta(min_length=1, max_length=LONGEST_AUTHOR)]
    at_unix_ns: UnixNs
    truth: Truth | None
    """None where it says ``undone``."""

    @property
    def dismisses(self) -> bool:
        """Whether it says that all of what the line found is a false alarm."""
        return self.truth is not None and not self.truth.classes and self.says != "right"


class Proposal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A review as a person gives it."""

    base: Count
    """The revision that the person saw; 0: none."""
    says: Says
    judgements: Annotated[tuple[Judgement, ...], Meta(max_length=limits.MOST_DEFECTS)] = ()
    missed: Annotated[tuple[Missed, ...], Meta(max_length=MOST_MISSED)] = ()
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] = ""


def require_text(what: str, text: str, least: int, most: int) -> None:
    """Raises UserError for a text that is too short or too long, or holds what steers a terminal."""
    if not least <= len(text) <= most:
        raise UserError(f"{what}: found {len(text)} characters; expected {least} to {most}")
    bad = next((one for one in text if unicodedata.category(one) in _REFUSED or one in _TURNING), None)
    if bad is not None:
        raise UserError(f"{what}: holds the control character U+{ord(bad):04X}; leave it out")


def require_fitting(entry: Entry, asked: Proposal) -> None:
    """Raises UserError, in one line, where a review contradicts itself, or names what the entry does not have."""
    told = f"entry {entry.id}"
    kinds = {one.says for one in asked.judgements}
    if asked.says != "corrected" and (asked.missed or kinds - {asked.says}):
        raise UserError(f"{told}: says {asked.says}, and judges single defects otherwise; expected says: corrected")
    if asked.says == "undone":
        return
    if entry.lost:
        raise UserError(f"{told}: its picture or its mask is not there any more; there is nothing to review")
    if asked.says == "corrected" and not (asked.judgements or asked.missed):
        raise UserError(f"{told}: says corrected, and names neither a defect nor what was missed")
    if asked.says == "right" and entry.mask is None:
        raise UserError(
            f"{told}: was not segmented, so that nothing was found that may be right; "
            "say false_alarm (the sheet is clean), or mark what is there as missed"
        )
    _require_judgements(entry, asked.judgements, told)
    for one in asked.missed:
        _require_missed(entry, one, told)


def _require_judgements(entry: Entry, judgements: tuple[Judgement, ...], told: str) -> None:
    seen = set()
    for one in judgements:
        if one.defect >= len(entry.defects):
            raise UserError(f"{told}: has no defect {one.defect}; it has {len(entry.defects)}, counted from 0")
        if one.defect in seen:
            raise UserError(f"{told}: defect {one.defect} is judged twice")
        seen.add(one.defect)
        if (one.says == "other_class") != (one.class_name is not None):
            raise UserError(f"{told}: defect {one.defect}: expected class_name with other_class, and only with it")
        if one.class_name is not None:
            _require_class(entry, one.class_name, told)
            if one.class_name == entry.defects[one.defect].class_name:
                raise UserError(f"{told}: defect {one.defect} is of class {one.class_name} already; say right")


def _require_missed(entry: Entry, missed: Missed, told: str) -> None:
    _require_class(entry, missed.class_name, told)
    x, y, width, height = missed.box_px
    if x + width > entry.width_px or y + height > entry.height_px:
        raise UserError(
            f"{told}: the missed {missed.class_name} at {x}, {y} ({width} x {height} px) leaves the frame of "
            f"{entry.width_px} x {entry.height_px} px"
        )
    left, top, kept_width, kept_height = entry.box_px or (0, 0, entry.width_px, entry.height_px)
    if x >= left + kept_width or y >= top + kept_height or x + width <= left or y + height <= top:
        raise UserError(
            f"{told}: the missed {missed.class_name} at {x}, {y} is not on its picture, which shows {kept_width} x {kept_height} px "
            f"of the frame from {left}, {top}"
        )


def _require_class(entry: Entry, name: str, told: str) -> None:
    if name not in entry.bits:
        raise UserError(
            f"{told}: found class {name!r}; expected one of {', '.join(entry.bits) or 'none: no bundle inspected it'}"
        )
