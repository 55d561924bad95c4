"""Bodies of the messages about a coil, which ``inspector coil follow`` publishes in a stream of its own: ``coil`` stands in the place of the camera."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from msgspec import Meta

from inspector.frames.coil import CoilDefect, Label, RollMark, SizeMm
from inspector.protocol.limits import MOST_RULES
from inspector.protocol.values import Count, Message, Text

COIL = "coil"
"""In the place of a camera's name, in topics and headers. No camera may have this name."""
MOST_COIL_CLASSES = 64


class CoilState(str, Enum):
    """How far the coil is."""

    BEGUN = "begun"
    FOLLOWING = "following"
    OVER = "over"


class MarkState(str, Enum):
    """How far a roll mark is."""

    FOUND = "found"
    """It was found, or it goes on."""
    OVER = "over"
    """It has not been seen for so long that it has ended."""


class CoilBody(Message, frozen=True, kw_only=True):
    """What is known of the coil at this moment. The last one of a coil, with ``state`` over, is what its report says."""

    state: CoilState
    length_mm: Annotated[
        SizeMm | None, Meta(description="From its head to the last frame that was seen; null: no frame has a place.")
    ]
    uninspected_mm: Annotated[SizeMm, Meta(description="Of its length, where any camera did not see it.")]
    defects: Annotated[
        dict[Label, Count], Meta(description="Defects that are over, per class.", max_length=MOST_COIL_CLASSES)
    ]
    roll_marks: Annotated[int, Meta(description="That were found so far.", ge=0, le=10**6)]
    grade: Annotated[Text | None, Meta(description="Null: the coil is not over, or there are no rules for it.")]
    why: Annotated[
        tuple[Text, ...],
        Meta(description="Why it has no better grade, one line for each rule.", max_length=MOST_RULES),
    ]
    complete: Annotated[
        bool | None,
        Meta(description="Whether every frame of every camera has its one verdict. Null: the coil is not over."),
    ]
    report: Annotated[Text | None, Meta(description="Folder of the report, on the follower's machine; null: none.")]


class CoilDefectBody(Message, frozen=True, kw_only=True):
    """A defect of the coil is over: this is all of it."""

    defect: CoilDefect


class RollMarkBody(Message, frozen=True, kw_only=True):
    """A roll marks the strip."""

    state: MarkState
    number: Annotated[
        int,
        Meta(
            description="Of the mark on this coil, from 1: what is said of it later has the same one.", ge=1, le=10**6
        ),
    ]
    mark: RollMark
