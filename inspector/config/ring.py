"""Section ``ring``: the shared-memory frame ring."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from inspector.config.section import Section

SlotCount = Annotated[int, Meta(ge=2, le=65536)]

FEWEST, MOST = 32, 64
USUAL_BYTES = 64 << 20
"""Of the planes of frames and masks together. With twice the fewest slots a fast line hands over more frames at once: at 256 x 1600 it is
1.1 to 1.2 times as fast, and no faster with still more. Where frames are large, the engines take most of the time."""


class RingConfig(Section, frozen=True, kw_only=True):
    """The frame ring all cameras share."""

    slots: Annotated[
        SlotCount | None,
        Meta(
            description="Frames held in memory at a time; each takes two planes of height x width bytes. "
            "Null: 64, or as many as take 64 MiB where these are fewer, but at least 32.",
        ),
    ] = None
    observer_slots: Annotated[
        int,
        Meta(
            description="Further slots for observers, such as a shadow bundle. Observers never use one of `slots`.",
            ge=0,
            le=65536,
        ),
    ] = 8

    def slots_for(self, pixels: int) -> int:
        """How many slots a ring for frames of ``pixels`` has."""
        return self.slots or max(FEWEST, min(MOST, USUAL_BYTES // (2 * pixels)))
