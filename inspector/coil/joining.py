"""When two regions are one defect: section ``joining`` of ``coil.yaml``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from inspector.config.section import Section


class JoiningConfig(Section, frozen=True, kw_only=True):
    """When regions of neighbouring frames are one defect."""

    across_mm: Annotated[
        Annotated[float, Meta(ge=0, le=100)],
        Meta(
            description="Regions meet at a seam where their pixels touch, at a corner too. Those that touch nothing on the other side meet where they are at most "
            "so far apart across the strip, mm: masks are uncertain at the edge of a frame."
        ),
    ] = 0.5
    along_mm: Annotated[
        Annotated[float, Meta(ge=0, le=1000)],
        Meta(
            description="Two frames are neighbours where at most so much of the strip lies between them, mm; half a pixel always may."
        ),
    ] = 1.0
    back_mm: Annotated[
        Annotated[float, Meta(ge=0, le=1_000_000)],
        Meta(
            description="A strip that runs back shows again what it passed. A stretch that was not inspected may be seen then, so far behind the furthest point, mm; "
            "what is beside it is told when the strip is so much further."
        ),
    ] = 5000.0
