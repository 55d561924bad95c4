"""When two regions are one defect, and how long something waits for what may belong to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Joining:
    """Limits of stitching."""

    across_mm: float = 0.5
    """Regions meet at a seam where their pixels touch, at a corner too. Those that touch nothing on the other side meet where they are at most so far apart
    across the strip, for masks are uncertain at the edge of a frame."""
    along_mm: float = 1.0
    """Two frames are neighbours where at most so much of the strip lies between them, half a pixel always may."""
    back_mm: float = 5000.0
    """A strip that runs back shows again what it passed; a stretch that was not seen may be seen then, so far back. What is further back is over."""
    waiting_crops: int = 256
    """So many frames of a camera, those with something in the overlap, wait for the camera beside it; the oldest is given up first."""
    frames_kept: int = 16
    """A defect names so many of its frames."""
