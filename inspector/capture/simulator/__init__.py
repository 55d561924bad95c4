"""The simulated camera: delivers steel sheets rendered from a seed, with exact truth.

``scene`` puts a sheet together from ``texture``, ``illumination``, ``edges``, ``look_alikes`` and ``defects``; ``camera``
delivers a pool of sheets, lost and corrupted by ``faults`` and seen through ``wear``; ``strip`` draws over them what goes on from frame to frame;
``truth`` computes what a frame shows from the configuration and the frame number. The statistics of real frames that it follows are in
``statistics``.
"""

from inspector.capture.simulator.camera import SimulatorCamera
from inspector.capture.simulator.defects import CLASS_NAMES
from inspector.capture.simulator.scene import Sheet, SheetRenderer
from inspector.capture.simulator.strip import StripTruth, StripView, strip_view
from inspector.capture.simulator.truth import SimulatorTruth, Truth

__all__ = [
    "CLASS_NAMES",
    "Sheet",
    "SheetRenderer",
    "SimulatorCamera",
    "SimulatorTruth",
    "StripTruth",
    "StripView",
    "Truth",
    "strip_view",
]
