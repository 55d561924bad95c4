"""What a simulated frame shows, from the configuration and the frame number, to compare results of a run with the truth."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.capture.simulator.faults import is_corrupt, is_lost, sheet_of
from inspector.capture.simulator.scene import Sheet, SheetRenderer
from inspector.capture.simulator.strip import Overlay, StripTruth, StripView
from inspector.capture.simulator.strip.truth import strip_truth
from inspector.config.simulator import SimulatorConfig


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth about one frame."""

    mask: NDArray[np.uint8]
    """``uint8 [H, W]``, bit k = class k; with what is on the strip."""
    classes: tuple[int, ...]
    look_alikes: tuple[str, ...]
    lost: bool
    """Whether the camera did not deliver this frame."""
    corrupt: bool
    """Whether the frame arrived without usable pixels."""


class SimulatorTruth:
    """Tells the truth about frame ``number`` of a simulated run; renders each sheet once and keeps the last ``keep``."""

    def __init__(
        self, config: SimulatorConfig, height: int, width: int, keep: int = 64, view: StripView | None = None
    ) -> None:
        """``view`` says how the camera sees its strip (``strip.strip_view`` makes it); a configuration with a strip needs it."""
        self._config, self._keep = config, keep
        self._overlay = overlay_of(config, view)
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
        """The sheet frame ``number`` shows, with its pixels, before the station's wear."""
        sheet = self._below(sheet_of(self._config, number))
        if self._overlay is None:
            return sheet
        mask, kinds = self._overlay.mark(number, sheet.mask)
        classes = tuple(dict.fromkeys((*sheet.classes, *kinds)))
        return Sheet(self._overlay.draw(number, sheet.frame), mask, classes, sheet.look_alikes)

    def strip(self, frames: int | None = None) -> StripTruth:
        """What lies on the stretch of the strip that the first ``frames`` frames show; None: those of the configuration, which then says how
        many. Raises ValueError for a camera without a strip, and for a run without an end."""
        count = frames if frames is not None else self._config.frames
        if self._overlay is None or count is None or count < 1:
            raise ValueError(
                "the camera has no strip" if self._overlay is None else "say how many frames: the run has no end"
            )
        lost = tuple(number for number in range(count) if is_lost(self._config, number))
        corrupt = tuple(number for number in range(count) if is_corrupt(self._config, number))
        return strip_truth(self._overlay, count, lost, corrupt)

    def _below(self, index: int) -> Sheet:
        """Sheet ``index`` of the pool."""
        if index not in self._sheets:
            sheet = self._renderer.render(index)
            self._sheets[index] = sheet if self._overlay is None else on_strip(sheet, self._overlay)
            if len(self._sheets) > self._keep:
                self._sheets.popitem(last=False)
        self._sheets.move_to_end(index)
        return self._sheets[index]


def overlay_of(config: SimulatorConfig, view: StripView | None) -> Overlay | None:
    """What is drawn over the sheets of a camera; None where it has no strip. Raises ValueError for a strip without a view."""
    if config.strip is None:
        return None
    if view is None:
        raise ValueError("the configuration has a strip, and no view says how the camera sees it; see strip_view")
    return Overlay(config.strip, view)


def on_strip(sheet: Sheet, overlay: Overlay) -> Sheet:
    """A sheet of the pool, black beyond the edges of the strip. Changes its arrays."""
    overlay.without_beyond(sheet.frame)
    overlay.without_beyond(sheet.mask, grey=0)
    left = tuple(kind for kind in sheet.classes if np.any(sheet.mask & (1 << kind)))
    return Sheet(sheet.frame, sheet.mask, left, sheet.look_alikes)
