"""Where a frame that is judged lies in the frame that the camera delivers."""

from __future__ import annotations

from typing import NamedTuple

from inspector.frames.size import FrameSize


class Fitted(NamedTuple):
    """Coordinates count from the upper left corner of the first pixel, so that the middle of that pixel is (0.5, 0.5): a corner of a
    defect's box is such a coordinate, a centroid is one after 0.5 is added to it."""

    mode: str = "refuse"
    """What is done with frames of another size than the bundle's."""
    camera: FrameSize | None = None
    """Size of the camera's frames; None where each has its own."""
    offset: tuple[int, int] | None = (0, 0)
    """x, y of the judged frame's corner in the camera's, px of the camera; negative where it is padded. None: of each frame its own."""
    factor: tuple[float, float] | None = (1.0, 1.0)
    """Pixels of the camera to one of the judged frame, along x and y. None: of each frame its own."""

    def to_camera(self, x: float, y: float) -> tuple[float, float]:
        """The point of the camera's frame at a point of the judged one, px. Raises ValueError where each frame has its own."""
        if self.offset is None or self.factor is None:
            raise ValueError("where frames lie depends on the size of each; give fit.size")
        return self.offset[0] + x * self.factor[0], self.offset[1] + y * self.factor[1]


UNCHANGED = Fitted()
"""The judged frame is the camera's."""
