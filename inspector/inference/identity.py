"""How results name the bundle they come from."""

from __future__ import annotations

from engines.bundle import Bundle
from inspector.frames.outcome import BundleIdentity
from inspector.frames.size import FrameSize


def identity_of(bundle: Bundle) -> BundleIdentity:
    """Identity of the bundle and its operating point, for outcomes and messages."""
    return BundleIdentity(
        bundle=bundle.id,
        operating_point=bundle.operating_point.id,
        classes=bundle.classes,
        size=FrameSize(bundle.height, bundle.width),
    )
