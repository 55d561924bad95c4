"""Section ``sheets``: the verdicts of several cameras, or several frames, put together to one for each sheet."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from engines.files.names import Name
from inspector.config.section import AtLeastOne, Section

Tolerance = Annotated[float, Meta(ge=0, le=1000)]


class SheetsConfig(Section, frozen=True, kw_only=True):
    """What a sheet is. Its verdict is published on a stream of its own, `v1/<line>/sheet/...`."""

    by: Annotated[
        Literal["frame", "part", "length"],
        Meta(
            description="`frame`: the frames with one number, of cameras that are triggered together. `part`: the frames with one id of the "
            "part. `length`: the frames of `length_mm` of strip, by their positions; needs a scale and positions."
        ),
    ]
    length_mm: Annotated[
        Annotated[float, Meta(ge=1, le=1e7)] | None, Meta(description="Length of a sheet along the strip, mm.")
    ] = None
    frames_per_part: Annotated[
        AtLeastOne | None,
        Meta(
            description="So many frames of each camera are a part; its verdict then comes with the last of them. Null: a part is over when its "
            "cameras show another one."
        ),
    ] = None
    deadline_ms: Annotated[
        Annotated[float, Meta(gt=0, le=3_600_000)] | None,
        Meta(
            description="Longest wait for a frame of the sheet: `frame`: since the first of them was captured; `part`, `length`: since a camera "
            "showed that the sheet is over. Then the sheet is UNINSPECTED. Null: no deadline (offline only)."
        ),
    ] = 500.0
    cameras: Annotated[
        Annotated[tuple[Name, ...], Meta(min_length=1)] | None,
        Meta(description="The cameras that see each sheet, by name. Null: all."),
    ] = None
    overlap_tolerance_mm: Annotated[
        Tolerance,
        Meta(description="Defects that two cameras see in their overlap this far apart are one, mm."),
    ] = 0.0
    unseen_mm: Annotated[
        Tolerance,
        Meta(
            description="By length: this much of the strip between two frames may be unseen, mm; less than half of `length_mm`."
        ),
    ] = 1.0
