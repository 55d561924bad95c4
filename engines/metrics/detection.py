"""Whether a class that is there was noticed at all, whatever the outline."""

from __future__ import annotations

from engines.metrics.overlap import Overlap


class Detection:
    """Per class: frames that show it, in how many it was found, taken for another class, or marked where it is not.

    A class counts as found in a frame where at least one of its true pixels is marked as this class, and as taken for another
    where none is but at least one is marked as something else.
    """

    def __init__(self, class_count: int) -> None:
        self.frames = [0] * class_count
        """Frames whose truth has the class."""
        self.found = [0] * class_count
        self.as_other = [0] * class_count
        self.false = [0] * class_count
        """Frames without the class in which something was marked as it."""

    def add(self, frame: Overlap) -> None:
        """Count one frame."""
        for k in range(len(self.frames)):
            if frame.true[k]:
                self.frames[k] += 1
                self.found[k] += bool(frame.both[k])
                self.as_other[k] += bool(frame.true_marked[k]) and not frame.both[k]
            else:
                self.false[k] += bool(frame.marked[k])
