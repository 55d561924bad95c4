"""What the line says of itself: who it is, what a run begins with, what it came to."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone

from engines.bundle import Bundle
from inspector.capture.make import SOFTWARE, source_kind
from inspector.config.camera import CameraConfig
from inspector.config.tree import LineConfig
from inspector.results.identity import Identity, StartInfo, Totals
from inspector.verdicts.ledger import CameraCounts
from inspector.verdicts.wording import rule_in_words


def identity_of(config: LineConfig, bundle: Bundle) -> Identity:
    """A new epoch of the line."""
    software = any(isinstance(camera.source, SOFTWARE) for camera in config.cameras)
    return Identity(
        line=config.line,
        cameras=tuple(camera.name for camera in config.cameras),
        epoch=str(uuid.uuid4()),
        run=config.run or datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ"),
        bundle=bundle.id,
        operating_point=bundle.operating_point.id,
        simulated=config.simulated or software,
    )


def start_info(config: LineConfig, camera: CameraConfig, bundle: Bundle) -> StartInfo:
    """What a subscriber needs to read the results of a camera."""
    scale = camera.scale
    return StartInfo(
        classes=bundle.classes,
        height_px=bundle.height,
        width_px=bundle.width,
        scale_mm_per_px=(scale.mm_per_px_x, scale.mm_per_px_y) if scale else None,
        rules=tuple(rule_in_words(rule) for rule in config.verdicts.rules),
        deadline_ms=config.deadline_ms,
        source=source_kind(camera.source),
    )


def totals_of(counts: CameraCounts | None, late: int) -> Totals:
    """The ledger's own count of a run: what was published must agree with it."""
    if counts is None:
        return Totals()
    return Totals(frames=counts.frames, verdicts=dict(counts.verdicts), reasons=dict(counts.reasons), late=late)
