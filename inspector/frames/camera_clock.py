"""How a camera's clock stands against this machine's."""

from __future__ import annotations

import msgspec


class ClockReport(msgspec.Struct, frozen=True, kw_only=True):
    """The offset of a camera's clock as measured over the last frames."""

    name: str
    """Of the clock: ``ticks`` or ``ptp``."""
    offset_ns: int | None
    """Camera's time minus this machine's UTC; None where the clock counts from no known moment, or before it is measured."""
    spread_ns: int | None
    """How far the measured offsets are apart; None before there are several."""
    in_specification: bool
    """False where the clock has stepped, or is off by what no clock in order is."""
    text: str
    """What was found, one line for a person."""
