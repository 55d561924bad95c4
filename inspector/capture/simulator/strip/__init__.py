"""The strip below a simulated camera: long defects and roll marks, drawn over its sheets at their places on the strip.

``view`` says which part of the strip a frame shows; ``long_defects`` and ``roll_marks`` say what lies where, as ``shapes``; ``looks`` says how each
class looks inside its outline. All of it is a function of the place on the strip in mm, so a defect goes on over the seam of two frames without a
jump, and two cameras see the same one. ``overlay`` draws it; ``truth`` lists it.
"""

from inspector.capture.simulator.strip.overlay import Overlay
from inspector.capture.simulator.strip.truth import Part, StripDefect, StripMark, StripRollMark, StripTruth
from inspector.capture.simulator.strip.view import StripView, strip_view

__all__ = ["Overlay", "Part", "StripDefect", "StripMark", "StripRollMark", "StripTruth", "StripView", "strip_view"]
