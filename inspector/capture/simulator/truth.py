"""What a simulated frame shows, from the configuration and the frame number, to compare results of a run with the truth."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.capture.simulator.faults import is_corrupt, is_lost
from inspector.capture.simulator.scene import Sheet, SheetRenderer
from inspector.config.simulator import SimulatorConfig


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth about one frame."""

    mask: NDArray[np.uint8]
    """``uint8 [H, W]``, bit k = class k."""
    classes: tuple[int, ...]
    look_alikes: tuple[str, ...]
    lost: bool
    """Whether the camera did not deliver this frame."""
    corrupt: bool
    """Whether the frame arrived without usable pixels."""


class SimulatorTruth:
    """Tells the truth about frame ``number`` of a simulated run; renders each sheet once and keeps the last ``keep``."""

    def __init__(self, config: SimulatorConfig, height: int, width: int, keep: int = 64) -> None:
        self._config, self._keep = config, keep
        self._renderer = SheetRenderer(config, height, width)
        self._sheets: OrderedDict[int, Sheet] = OrderedDict()

    def __call__(self, number: int) -> Truth:
        sheet = self.sheet(number)
        return Truth(
            sheet.mask,
            sheet.classes,
            sheet.look_alikes,
            is_lost(self._config, number),
            is_corrupt(self._config, number),
        )

    def sheet(self, number: int) -> Sheet:
        """The sheet frame ``number`` shows, with its pixels."""
        index = number % self._config.pool
        if index not in self._sheets:
            self._sheets[index] = self._renderer.render(index)
            if len(self._sheets) > self._keep:
                self._sheets.popitem(last=False)
        self._sheets.move_to_end(index)
        return self._sheets[index]
