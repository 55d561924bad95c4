"""Section ``drift``: watching whether lamp, lens, camera and product are still as they were when the operating point was chosen."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.paths import FilePath
from inspector.config.section import Positive, Section

Change = Annotated[float, Meta(gt=0, lt=1)]


class DriftConfig(Section, frozen=True, kw_only=True):
    """Drift of frames and gate scores from the reference in the bundle's operating point, which `inspector calibrate thresholds` writes. It changes no
    verdict: it is reported as maintenance required. Without a reference nothing is watched. See `docs/drift.md`."""

    enabled: Annotated[bool, Meta(description="Whether it is watched, where the operating point has a reference.")] = (
        True
    )
    window_frames: Annotated[
        int,
        Meta(
            description="Frames of a camera that are compared with the reference, as often as a quarter of them is new. It should span "
            "several coils: a shorter window reports that a coil differs from the mean of all.",
            ge=100,
            le=1_000_000,
        ),
    ] = 2000
    looks_hz: Annotated[
        Positive | None,
        Meta(
            description="About so many frames of a camera are looked at in a second at most; each takes about 0.04 ms. Null: every frame."
        ),
    ] = 100.0
    max_psi: Annotated[
        float,
        Meta(
            description="Population stability index of gate score, brightness, contrast or sharpness from which on it is reported, or more "
            "where so few frames reach more by chance.",
            gt=0,
            le=10,
        ),
    ] = 0.25
    max_dimming: Annotated[
        Change,
        Meta(description="Share by which the mean brightness may fall below the reference's."),
    ] = 0.1
    max_shading: Annotated[
        Change,
        Meta(
            description="Share by which a part of the frame may become darker or brighter, compared with the parts beside it."
        ),
    ] = 0.1
    folder: Annotated[
        FilePath | None,
        Meta(
            description="Folder for pictures of what was found, relative to this file; made where it is missing. Null: no pictures."
        ),
    ] = None
    keep_pictures: Annotated[
        int, Meta(description="Most pictures in that folder; the oldest are deleted.", ge=1, le=10_000)
    ] = 50
