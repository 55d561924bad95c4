"""Kinds of values that messages are made of, and the version of the protocol."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

PROTOCOL = 1
LARGEST = 2**53 - 1
"""Largest value of a counter: up to it every JSON parser is exact."""

Count = Annotated[int, Meta(ge=0, le=LARGEST)]
Pixels = Annotated[int, Meta(ge=1, le=65536)]
"""Height or width of a frame, px."""
UnixNs = Annotated[int, Meta(description="Nanoseconds since the Unix epoch, UTC.", ge=-(2**63), le=2**63 - 1)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Number = Annotated[int, Meta(ge=-LARGEST, le=LARGEST)]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Common to header and bodies: immutable, every key always present, null where it does not apply."""
