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
