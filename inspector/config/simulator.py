"""The simulated camera: what its sheets show, how fast they come, and which faults it simulates."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from inspector.config.section import AtLeastOne, Positive, Section
from inspector.config.simulated_strip import StripConfig

Share = Annotated[float, Meta(ge=0, le=1)]
Weight = Annotated[float, Meta(ge=0)]

SEVERSTAL_CLASS_MIX = (0.127, 0.035, 0.725, 0.113)
"""Shares of pitting, inclusion, scratches and corrosion among 7,035 frame labels of the Severstal set."""


class SimulatorConfig(Section, frozen=True, kw_only=True, tag_field="kind", tag="simulator"):
    """A camera that renders steel sheets. What frame ``n`` shows, and whether it is lost or corrupt, depends on this section, the frame size
    and ``n`` only; with a ``strip`` on where the camera sees it, too."""

    seed: Annotated[int, Meta(description="Seed of all random choices.", ge=0, le=2**63 - 1)] = 1
    frames: Annotated[AtLeastOne | None, Meta(description="Frames in the run. Null: endless.")] = None
    rate_hz: Annotated[
        Positive | None, Meta(description="Frames per second. Null: as fast as the line takes them.")
    ] = None
    defect_rate: Annotated[Share, Meta(description="Share of the sheets with a defect.")] = 0.2
    class_mix: Annotated[
        tuple[Weight, Weight, Weight, Weight],
        Meta(
            description="Weights of pitting, inclusion, scratches and corrosion as a defective sheet's main defect; "
            "0 removes the class. The default is the mix of the Severstal set."
        ),
    ] = SEVERSTAL_CLASS_MIX
    look_alike_rate: Annotated[
        Share, Meta(description="Share of the sheets, clean or not, with a harmless mark that resembles a defect.")
    ] = 0.6
    pool: Annotated[
        int,
        Meta(
            description="Sheets rendered when the camera opens; frame n shows sheet n modulo pool. With a strip it shows one at random, so that "
            "what is on the sheets does not repeat at a period of its own.",
            ge=1,
            le=100_000,
        ),
    ] = 64
    lose_rate: Annotated[
        Share, Meta(description="Share of the frames the camera loses: their numbers are skipped.")
    ] = 0.0
    corrupt_rate: Annotated[Share, Meta(description="Share of the frames that arrive without usable pixels.")] = 0.0
    lens_dirt: Annotated[
        Share,
        Meta(
            description="Dirt on the lens, a blurred blob at the same place of every frame: the share of the light that it takes at its "
            "darkest place."
        ),
    ] = 0.0
    dead_columns: Annotated[
        tuple[Annotated[int, Meta(ge=0, le=2**20)], ...],
        Meta(
            description="Columns of the sensor that are always black, px from the left. Those beyond the frame are not there."
        ),
    ] = ()
    lamp_dimming: Annotated[Share, Meta(description="Share of the light that the lamp has lost in the end.")] = 0.0
    lamp_dimming_frames: Annotated[
        int, Meta(description="The lamp loses it over so many frames, evenly. 0: at once.", ge=0, le=2**53)
    ] = 0
    faults_from: Annotated[
        int,
        Meta(description="Number of the first frame with dirt, dead columns and a dimming lamp.", ge=0, le=2**53),
    ] = 0
    strip: Annotated[
        StripConfig | None,
        Meta(
            description="Long defects and roll marks that go on from frame to frame. Takes the camera's `scale` and how far the sheet moves from "
            "frame to frame. Null: each sheet is for itself."
        ),
    ] = None
