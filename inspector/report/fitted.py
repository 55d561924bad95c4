"""How frames of another size than the bundle's were fitted, in words."""

from __future__ import annotations

from inspector.protocol.settings import Fit

_WORDS = {
    "crop": "a window of each frame was inspected, and nothing outside it.",
    "pad": "each frame was filled up to the size that is inspected; what was found in the padding does not count.",
    "resize": "each frame was stretched to the size that is inspected.",
    "tile": "each frame was inspected in overlapping tiles and judged as one.",
}


def in_words(fit: Fit) -> str:
    """One sentence; empty where frames are inspected as they are."""
    words = _WORDS.get(fit.mode, "")
    if words and fit.camera is not None:
        size = f"{fit.camera.height_px}x{fit.camera.width_px}"
        offset = "" if fit.offset_px in (None, (0, 0)) else f", the corner at {fit.offset_px[0]}, {fit.offset_px[1]}"
        return f"frames of {size}{offset}: {words}"
    return words
