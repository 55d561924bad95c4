"""Section ``ring``: the shared-memory frame ring."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from inspector.config.section import Section


class RingConfig(Section, frozen=True, kw_only=True):
    """The frame ring all cameras share."""

    slots: Annotated[
        int,
        Meta(
            description="Frames held in memory at a time; each takes two planes of height x width bytes.",
            ge=2,
            le=65536,
        ),
    ] = 32
    observer_slots: Annotated[
        int,
        Meta(
            description="Further slots for observers, such as a shadow bundle. Observers never use one of `slots`.",
            ge=0,
            le=65536,
        ),
    ] = 8
