"""What the frames of a line are inspected with, from one change to the next: bundle, rules, scales, and the recipe they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.recipe import RecipeConfig
from inspector.inference.dispatcher import Dispatcher
from inspector.line.judges import Judges


@dataclass(frozen=True)
class Setup:
    """One of them. It is replaced as a whole, between two frames."""

    dispatcher: Dispatcher
    """Of the active bundle."""
    judges: Judges
    """The rules, and the scale of each camera."""
    recipe: str = ""
    """Name of the recipe in force; empty where there is none."""
    product: RecipeConfig | None = None
    """What the recipe holds."""

    @cached_property
    def calibrations(self) -> Mapping[str, str]:
        """Identity of the calibration by camera, where there is one: of the scale's file, or the recipe which gives the camera its scale."""
        of_recipe = {camera.name: self.recipe for camera in self.product.cameras} if self.product else {}
        scales = self.judges.scales.items()
        return of_recipe | {name: scale.id for name, scale in scales if isinstance(scale, CalibratedScale)}


class Entry(NamedTuple):
    """What a frame that is captured now belongs to, and what it is inspected with."""

    run: str
    """Empty while no run is on."""
    part: str
    """Id of the sheet; empty where it was not told."""
    paused: bool
    """The frame is not inspected."""
    setup: Setup
    phase: int = 0
    """Rises whenever the run, the setup or the pause changes, so that a recording can tell them apart."""
