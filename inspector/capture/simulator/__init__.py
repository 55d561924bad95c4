"""The simulated camera: steel sheets rendered from a seed, with exact truth, served as a camera would.

``scene`` puts a sheet together from ``texture``, ``illumination``, ``edges``, ``look_alikes`` and ``defects``; ``camera``
serves a pool of sheets; ``truth`` tells what a frame showed from the configuration and the frame number alone. The figures
behind the looks are in ``statistics``.
"""

from inspector.capture.simulator.camera import SimulatorCamera
from inspector.capture.simulator.defects import CLASS_NAMES
from inspector.capture.simulator.scene import Sheet, SheetRenderer
from inspector.capture.simulator.truth import SimulatorTruth, Truth

__all__ = ["CLASS_NAMES", "Sheet", "SheetRenderer", "SimulatorCamera", "SimulatorTruth", "Truth"]
