"""Section ``ring``: the shared-memory frame ring."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from inspector.config.section import Section


class RingConfig(Section, frozen=True, kw_only=True):
    """The frame ring all cameras share."""

    slots: Annotated[
        int,
        Meta(description="Frames held at a time; each costs two planes of height x width bytes.", ge=2, le=65536),
    ] = 32
    observer_slots: Annotated[
        int,
        Meta(
            description="Further slots for those who look at frames beside the line, such as a shadow bundle. They never hold one of `slots`.",
            ge=0,
            le=65536,
        ),
    ] = 8
