"""Kinds of values that messages are made of, and the version of the protocol."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from engines.files.names import LONGEST_LABEL
from inspector.protocol import limits

PROTOCOL = 1
LARGEST = 2**53 - 1
"""Largest value of a counter: up to it every JSON parser is exact."""

Count = Annotated[int, Meta(ge=0, le=LARGEST)]
Side = Annotated[int, Meta(ge=1, le=65536)]
"""Height or width of a frame, px."""
UnixNs = Annotated[int, Meta(description="Nanoseconds since the Unix epoch, UTC.", ge=-(2**63), le=2**63 - 1)]
CameraNs = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Number = Annotated[int, Meta(ge=-LARGEST, le=LARGEST)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0, le=1e15)]
Millimetres = Annotated[float, Meta(ge=-1e9, le=1e9)]
HeartbeatMs = Annotated[int, Meta(ge=limits.HEARTBEAT_MS[0], le=limits.HEARTBEAT_MS[1])]
Text = Annotated[str, Meta(max_length=limits.LONGEST_TEXT)]
"""For a person."""
Word = Annotated[str, Meta(max_length=limits.LONGEST_WORD)]
Identity = Annotated[str, Meta(max_length=limits.LONGEST_IDENTITY)]
FileName = Annotated[str, Meta(max_length=limits.LONGEST_FILE_NAME)]
ClassName = Annotated[str, Meta(min_length=1, max_length=LONGEST_LABEL)]
Code = Annotated[str, Meta(min_length=1, max_length=limits.LONGEST_WORD)]
Classes = Annotated[tuple[ClassName, ...], Meta(min_length=1, max_length=limits.MOST_CLASSES)]
PixelsOfClasses = Annotated[dict[ClassName, Count], Meta(max_length=limits.MOST_CLASSES)]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Common to header and bodies: immutable, every key always present, null where it does not apply."""
