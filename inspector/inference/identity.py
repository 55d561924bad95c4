"""What a bundle is called in its results."""

from __future__ import annotations

from engines.bundle import Bundle
from inspector.frames.outcome import BundleIdentity
from inspector.frames.size import FrameSize


def identity_of(bundle: Bundle) -> BundleIdentity:
    """The bundle at its operating point, as outcomes and messages name it."""
    return BundleIdentity(
        bundle=bundle.id,
        operating_point=bundle.operating_point.id,
        classes=bundle.classes,
        size=FrameSize(bundle.height, bundle.width),
    )
